"""A person's face read against their own range: one person's resting face is another's sadness (design, Face 4).

A person who has shown many expressions has, over all of them, about the same mean score in every class; what differs
between the classes' means is then how the person looks, and is taken off. It is taken off only as far as the history
is long and varied, for in a history of one mood the means differ by the mood, which must not disappear.
"""

from dataclasses import dataclass

import numpy as np

from ml.face.pooling import softmax
from ml.reference import Evidence


@dataclass(frozen=True, slots=True)
class OwnRange:
    """How far a history is believed.

    Chosen on simulated people with varied and with one-mood histories and on the posed faces of CK+
    (``docs/experiments-face.md``): the most that is gained by a varied history while one in which a mood fills 80 % of
    the time or all of it costs at most three points of the time in that mood.

    Attributes:
        weight_s: judged seconds at which a varied history is half believed; eight segments.
        least_variety, full_variety: ``Evidence.variety`` from which a history is believed at all, and fully.
        correction_s: a short history looks less varied than the person is (Miller 1955), by about this over its
            seconds and ``weight_s``.
    """

    weight_s: float = 32.0
    least_variety: float = 0.76
    full_variety: float = 0.91
    correction_s: float = 5.0


OWN_RANGE = OwnRange()


def belief(evidence: Evidence, rule: OwnRange = OWN_RANGE) -> float:
    """How far a person's own mean is believed, 0-1."""
    variety = evidence.variety + rule.correction_s / (evidence.seconds + rule.weight_s)
    varied = (variety - rule.least_variety) / (rule.full_variety - rule.least_variety)
    return float(np.clip(varied, 0.0, 1.0) * evidence.seconds / (evidence.seconds + rule.weight_s))


def face_probabilities(scores: np.ndarray, evidence: Evidence | None, rule: OwnRange = OWN_RANGE) -> np.ndarray:
    """Calibrated probabilities of segments by what is known of the person.

    Args:
        scores: as ``pooling.pooled_scores`` gives them, shape (7,) or (n, 7).
        evidence: what the person's own recordings add up to, by the same weights; None judges against people in
            general.

    Returns:
        The shape of ``scores``, rows sum to 1.
    """
    if evidence is None:
        return softmax(scores)
    own = evidence.mean
    return softmax(scores - belief(evidence, rule) * (own - own.mean()))
