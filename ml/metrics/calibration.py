"""How sure answers are against how often they are right, and what chance alone would show at their number.

The calibration error of few examples is far from zero however well calibrated the answers are: 24 of them have about
0.24. So it is given with the error that the same answers would have if each were right as often as it says.
"""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

TEMPERATURES = (0.2, 5.0)
"""The lowest and the highest that is fitted."""
BINS = 15
DRAWS = 2_000
SEED = 2022
_LEAST = 1e-6
"""Probabilities below count as this much in the log loss."""


def fit_temperature(logits: np.ndarray, labels: np.ndarray, groups: np.ndarray | None = None) -> float:
    """The temperature T with the least negative log likelihood of softmax(logits / T) (Guo et al. 2017, section 4.2).

    Args:
        logits: shape (n, 7), of examples that the network was not trained on.
        labels: class indices, shape (n,), or shares of the classes, shape (n, 7).
        groups: shape (n,), each weighing the same; None where every example does.
    """
    if groups is None:
        groups = np.zeros(len(logits))
    weight = np.zeros(len(logits))
    for group in np.unique(groups):
        weight[groups == group] = 1 / np.sum(groups == group)
    shares = labels if labels.ndim > 1 else np.eye(logits.shape[1])[labels]

    def loss(log_temperature: float) -> float:
        scores = log_softmax(logits.astype(np.float64) / np.exp(log_temperature), axis=1)
        return -float(np.average((scores * shares).sum(axis=1), weights=weight))

    optimum = minimize_scalar(loss, bounds=np.log(TEMPERATURES), method="bounded")
    return float(np.exp(optimum.x))


def calibration(probabilities: np.ndarray, labels: np.ndarray) -> dict[str, float] | None:
    """One row of a calibration table; None where there is nothing to judge.

    Args:
        probabilities: shape (n, 7), rows sum to 1; rows of NaN are left out.
        labels: true classes, shape (n,).

    Returns:
        n; accuracy and confidence (mean of the greatest probability), 0-1; ece, the expected calibration error in 15
        bins, 0-1; ece_if_perfect and ece_if_perfect_95, mean and 95 % quantile of what ``perfect_errors`` gives;
        log_loss, natural logarithm.
    """
    judged = ~np.isnan(probabilities[:, 0])
    if not judged.any():
        return None
    predicted, true = probabilities[judged], labels[judged]
    by_chance = perfect_errors(predicted)
    return {
        "n": len(true),
        "accuracy": float((predicted.argmax(axis=1) == true).mean()),
        "confidence": float(predicted.max(axis=1).mean()),
        "ece": expected_calibration_error(predicted, true, BINS),
        "ece_if_perfect": float(by_chance.mean()),
        "ece_if_perfect_95": float(np.quantile(by_chance, 0.95)),
        "log_loss": float(-np.log(np.maximum(predicted[np.arange(len(true)), true], _LEAST)).mean()),
    }


def perfect_errors(probabilities: np.ndarray) -> np.ndarray:
    """Calibration errors of answers as sure as these, each right with exactly the probability that it gives.

    Args:
        probabilities: shape (n, 7), n >= 1.

    Returns:
        One for each of ``DRAWS`` draws of which are right, by a fixed seed; 0-1.
    """
    confidence = probabilities.max(axis=1)
    right = np.random.default_rng(SEED).random((DRAWS, len(confidence))) < confidence
    gaps = (confidence - right) @ np.eye(BINS)[bin_of(confidence, BINS)]
    errors: np.ndarray = np.abs(gaps).sum(axis=1) / len(confidence)
    return errors


def reliability(probabilities: np.ndarray, labels: np.ndarray, bins: int = 5) -> list[dict[str, float]]:
    """How often confident answers are right: n, mean confidence and accuracy in equal bins of confidence.

    Bins without an example are left out.
    """
    confidence, right, place = _confidence_bins(probabilities, labels, bins)
    return [
        {
            "from": number / bins,
            "to": (number + 1) / bins,
            "n": int((place == number).sum()),
            "confidence": float(confidence[place == number].mean()),
            "accuracy": float(right[place == number].mean()),
        }
        for number in np.unique(place).tolist()
    ]


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Mean distance of confidence and accuracy over equal bins of confidence, weighted by their size (Guo et al. 2017).

    Args:
        probabilities: shape (n, 7).
        labels: shape (n,).
    """
    confidence, right, place = _confidence_bins(probabilities, labels, bins)
    gaps = np.abs(np.bincount(place, weights=confidence - right, minlength=bins))
    return float(gaps.sum() / len(labels))


def bin_of(confidence: np.ndarray, bins: int) -> np.ndarray:
    """Number of the bin (0 to bins - 1) that each confidence, 0-1, falls in; a bin holds its upper bound."""
    place: np.ndarray = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    return place


def _confidence_bins(
    probabilities: np.ndarray, labels: np.ndarray, bins: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Greatest probability, whether it is right, and its bin: three arrays of shape (n,)."""
    confidence = probabilities.max(axis=1)
    return confidence, probabilities.argmax(axis=1) == labels, bin_of(confidence, bins)
