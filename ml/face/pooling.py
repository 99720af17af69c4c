"""From the frames of one segment to its seven scores (design, Face 4).

Talking bends the mouth all the time, so a face that talks is mostly "normal" with an expression in its peaks. A
segment's score of a class is therefore the mean of the frames' log-probabilities, moved part of the way to their peak
over time. Scores know nothing of the person; ``ml.face.person`` reads them against a person's own range.
"""

from dataclasses import dataclass

import numpy as np

from ml.emotions import Emotion

FLOOR = 1e-6
"""Probabilities below count as this much."""


@dataclass(frozen=True, slots=True)
class Pooling:
    """How frames become one answer.

    Found on 24 labelled clips of 15 people who talk (``docs/experiments-face.md``), everybody left out in turn. Two of
    three numbers move the answer only a little there: more of them, or a bias for every class, did worse on the person
    left out than none.

    Attributes:
        peak: quantile over time that counts as a class's peak, 0-1.
        peak_weight: how far a score moves from the mean to the peak, 0-1.
        normal_bias: added to the score of "normal", which a talking face is taken for too often; natural logarithm.
    """

    peak: float = 0.9
    peak_weight: float = 0.25
    normal_bias: float = -0.3


TALKING = Pooling()
VIEWS = Pooling(peak_weight=0.0, normal_bias=0.0)
"""For several crops of one picture: their mean, with no peak and no talking."""


def pooled_scores(probabilities: np.ndarray, confidence: np.ndarray, pooling: Pooling = TALKING) -> np.ndarray:
    """Scores of one segment; their softmax are its calibrated probabilities against people in general.

    One frame alone has exactly the network's probabilities: its peak is its mean, and the bias grows with the number
    of frames n as 1 - 1/n.

    Args:
        probabilities: calibrated, of the frames, shape (n, 7), n >= 1, rows sum to 1.
        confidence: of the detector in each frame, 0-1, shape (n,); frames count by it.

    Returns:
        Natural logarithms, float64, shape (7,).
    """
    logs = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), FLOOR))
    weights = np.asarray(confidence, dtype=np.float64)
    mean = np.average(logs, axis=0, weights=weights)
    peak = np.quantile(logs, pooling.peak, axis=0, weights=weights, method="inverted_cdf")
    scores: np.ndarray = mean + pooling.peak_weight * (peak - mean)
    scores[Emotion.NORMAL] += pooling.normal_bias * (1 - 1 / len(logs))
    return scores


def softmax(scores: np.ndarray) -> np.ndarray:
    """Probabilities of scores, both of shape (..., 7)."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    probabilities: np.ndarray = powers / powers.sum(axis=-1, keepdims=True)
    return probabilities
