"""Figures of a classifier over the seven classes, as fractions of 1."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix, f1_score, precision_recall_fscore_support

from ml.emotions import EMOTIONS
from ml.metrics.calibration import expected_calibration_error, reliability
from ml.metrics.intervals import uar_interval, wilson_interval

CLASSES = list(range(len(EMOTIONS)))

MARGINS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0)
"""Bounds of the margins that ``near_ties`` tells apart."""


def report(
    probabilities: np.ndarray,
    labels: np.ndarray,
    corpora: Sequence[str] | None = None,
    speakers: Sequence[str] | None = None,
) -> dict[str, Any]:
    """All figures of one evaluation.

    Args:
        probabilities: shape (n, 7), rows sum to 1.
        labels: true classes, shape (n,), n >= 1.
        corpora: where each example comes from, if they differ.
        speakers: who each example is from, if known; intervals of the mean recall then resample whole speakers.

    Returns:
        n; accuracy, uar (mean recall over the classes that occur), each with its 95 % interval; macro_f1 (over the
        classes that occur or are predicted); per_class (n, precision, recall, its interval, f1 by name); confusion
        (counts, rows are the true classes, columns the predicted ones, in the order of ``ml.emotions``); ece;
        reliability and near_ties (see the functions of these names); per_corpus (the headline figures by name).
    """
    if len(labels) == 0:
        raise ValueError("there is nothing to evaluate: no labelled row")
    guesses = probabilities.argmax(axis=1)
    return {
        **headline(guesses, labels, speakers, corpora),
        "per_class": per_class(guesses, labels),
        "confusion": confusion_matrix(labels, guesses, labels=CLASSES).tolist(),
        "ece": expected_calibration_error(probabilities, labels),
        "reliability": reliability(probabilities, labels),
        "near_ties": near_ties(probabilities, labels),
        "per_corpus": by_group(guesses, labels, corpora if corpora is not None else [], speakers),
    }


def per_class(guesses: np.ndarray, labels: np.ndarray) -> dict[str, dict[str, Any]]:
    """n, precision, recall with Wilson's interval (null where the class does not occur) and f1 of every class."""
    precision, recall, f1, count = precision_recall_fscore_support(labels, guesses, labels=CLASSES, zero_division=0)
    return {
        name: {
            "n": int(n),
            "precision": float(p),
            "recall": float(r),
            "recall_ci95": list(wilson_interval(round(r * n), int(n))) if n else None,
            "f1": float(f),
        }
        for name, n, p, r, f in zip(EMOTIONS, count, precision, recall, f1, strict=True)
    }


def by_group(
    guesses: np.ndarray, labels: np.ndarray, groups: Sequence[str], speakers: Sequence[str] | None = None
) -> dict[str, dict[str, Any]]:
    """The headline figures of every group of examples by its name; examples without a group ("") are left out."""
    names = np.array(groups, dtype=str)
    figures = {}
    for name in np.unique(names):
        inside = names == name
        if name:
            own = None if speakers is None else np.asarray(speakers, dtype=str)[inside].tolist()
            figures[str(name)] = headline(guesses[inside], labels[inside], own)
    return figures


def headline(
    guesses: np.ndarray,
    labels: np.ndarray,
    speakers: Sequence[str] | None = None,
    corpora: Sequence[str] | None = None,
) -> dict[str, Any]:
    """n, accuracy, uar (both with 95 % intervals) and macro_f1 of predicted against true classes, both of shape (n,).

    Args:
        speakers: see ``report``; their number is then given as well.
        corpora: speakers are resampled within their corpus.
    """
    right = int((guesses == labels).sum())
    present = sorted(set(labels.tolist()))
    recalls = [float((guesses[labels == c] == c).mean()) for c in present]
    interval = uar_interval(guesses, labels, speakers, corpora if speakers is not None else None)
    return {
        "n": len(labels),
        "accuracy": right / len(labels),
        "accuracy_ci95": list(wilson_interval(right, len(labels))),
        "uar": float(np.mean(recalls)),
        "uar_ci95": None if interval is None else list(interval),
        "macro_f1": float(f1_score(labels, guesses, average="macro", zero_division=0)),
        **({} if speakers is None else {"speakers": len(set(speakers))}),
    }


def near_ties(probabilities: np.ndarray, labels: np.ndarray) -> list[dict[str, float]]:
    """How often an answer is right by its margin, the likeliest class's lead over the second: n and accuracy.

    Margins without an example are left out.
    """
    ranked = np.sort(probabilities, axis=1)
    place = np.digitize(ranked[:, -1] - ranked[:, -2], MARGINS[1:-1])
    right = probabilities.argmax(axis=1) == labels
    return [
        {
            "from": MARGINS[number],
            "to": MARGINS[number + 1],
            "n": int((place == number).sum()),
            "accuracy": float(right[place == number].mean()),
        }
        for number in np.unique(place).tolist()
    ]
