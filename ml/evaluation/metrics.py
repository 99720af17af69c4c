"""Figures of a classifier over the seven classes, as fractions of 1."""

from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

from ml.emotions import EMOTIONS

CLASSES = list(range(len(EMOTIONS)))


def report(probabilities: np.ndarray, labels: np.ndarray, corpora: Sequence[str] | None = None) -> dict[str, Any]:
    """All figures of one evaluation.

    Args:
        probabilities: shape (n, 7), rows sum to 1.
        labels: true classes, shape (n,), n >= 1.
        corpora: where each example comes from, if they differ.

    Returns:
        n; accuracy, its 95 % interval, uar (mean recall over the classes that occur), macro_f1 (over the classes that
        occur or are predicted); per_class (n, precision, recall, f1 by name); confusion (counts, rows are the true
        classes, columns the predicted ones, in the order of ``ml.emotions``); ece; per_corpus (the first five by name).
    """
    if len(labels) == 0:
        raise ValueError("there is nothing to evaluate: no labelled row")
    guesses = probabilities.argmax(axis=1)
    precision, recall, f1, count = precision_recall_fscore_support(labels, guesses, labels=CLASSES, zero_division=0)
    per_class = {
        name: {"n": int(n), "precision": float(p), "recall": float(r), "f1": float(f)}
        for name, n, p, r, f in zip(EMOTIONS, count, precision, recall, f1, strict=True)
    }
    names = np.array(corpora if corpora is not None else [])
    return {
        **headline(guesses, labels),
        "per_class": per_class,
        "confusion": confusion_matrix(labels, guesses, labels=CLASSES).tolist(),
        "ece": expected_calibration_error(probabilities, labels),
        "per_corpus": {
            str(name): headline(guesses[names == name], labels[names == name]) for name in np.unique(names) if name
        },
    }


def headline(guesses: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """n, accuracy with its interval, uar and macro_f1 of predicted against true classes, both of shape (n,)."""
    right = int((guesses == labels).sum())
    present = sorted(set(labels.tolist()))
    recalls = [float((guesses[labels == c] == c).mean()) for c in present]
    return {
        "n": len(labels),
        "accuracy": right / len(labels),
        "accuracy_ci95": list(wilson_interval(right, len(labels))),
        "uar": float(np.mean(recalls)),
        "macro_f1": float(f1_score(labels, guesses, average="macro", zero_division=0)),
    }


def expected_calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 15) -> float:
    """Mean distance of confidence and accuracy over equal bins of confidence, weighted by their size (Guo et al. 2017).

    Args:
        probabilities: shape (n, 7).
        labels: shape (n,).
    """
    confidence, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bin_of = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    sizes = np.bincount(bin_of, minlength=bins)
    gaps = np.abs(np.bincount(bin_of, weights=confidence - right, minlength=bins))
    return float(gaps.sum() / sizes.sum())


def wilson_interval(right: int, total: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's 95 % score interval of a proportion."""
    if total <= 0 or not 0 <= right <= total:
        raise ValueError("a proportion needs 0 <= right <= total and total > 0")
    share, spread = right / total, z * z / total
    centre = (share + spread / 2) / (1 + spread)
    half = z * sqrt(share * (1 - share) / total + spread / (4 * total)) / (1 + spread)
    return max(0.0, min(share, centre - half)), min(1.0, max(share, centre + half))
