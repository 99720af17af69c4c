"""How sure answers are against how often they are right, and what chance alone would show at their number.

The calibration error of few examples is far from zero however well calibrated the answers are: 24 of them have about
0.24. So it is given with the error that the same answers would have if each were right as often as it says.
"""

import numpy as np

from ml.evaluation.metrics import bin_of, expected_calibration_error

BINS = 15
DRAWS = 2_000
SEED = 2022
_LEAST = 1e-6
"""Probabilities below count as this much in the log loss."""


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
    given, true = probabilities[judged], labels[judged]
    by_chance = perfect_errors(given)
    return {
        "n": len(true),
        "accuracy": float((given.argmax(axis=1) == true).mean()),
        "confidence": float(given.max(axis=1).mean()),
        "ece": expected_calibration_error(given, true, BINS),
        "ece_if_perfect": float(by_chance.mean()),
        "ece_if_perfect_95": float(np.quantile(by_chance, 0.95)),
        "log_loss": float(-np.log(np.maximum(given[np.arange(len(true)), true], _LEAST)).mean()),
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
