"""95 % intervals: Wilson's for a share of right answers, the bootstrap for the mean recall.

Recordings of one speaker err together, so voices are resampled by speaker (the cluster bootstrap), within each corpus.
Where examples have no speaker (FER2013 does not name its people) they are resampled one by one.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import binomtest

from ml.emotions import EMOTIONS

SEED = 2022
RESAMPLES = 2000
_CLASSES = len(EMOTIONS)


def wilson_interval(right: int, total: int) -> tuple[float, float]:
    """Wilson's 95 % score interval of a proportion."""
    if total <= 0 or not 0 <= right <= total:
        raise ValueError("a proportion needs 0 <= right <= total and total > 0")
    low, high = binomtest(right, total).proportion_ci(method="wilson")
    return float(low), float(high)


def mean_recall(confusion: np.ndarray) -> np.ndarray:
    """Mean over the classes that occur of the share recognised.

    Args:
        confusion: counts, true classes by predicted ones, shape (..., 7, 7).

    Returns:
        Fractions of 1, shape (...).
    """
    counts = confusion.sum(axis=-1)
    occurs = counts > 0
    recalls = np.where(occurs, np.diagonal(confusion, axis1=-2, axis2=-1), 0) / np.maximum(counts, 1)
    return np.asarray(recalls.sum(axis=-1) / np.maximum(occurs.sum(axis=-1), 1))


def uar_interval(
    guesses: np.ndarray,
    labels: np.ndarray,
    clusters: Sequence[str] | None = None,
    strata: Sequence[str] | None = None,
) -> tuple[float, float] | None:
    """Percentile bootstrap interval of the mean recall.

    Args:
        guesses, labels: classes, shape (n,).
        clusters: who each example is from; whole clusters are resampled. None resamples single examples.
        strata: where each example is from; clusters are resampled within their stratum (that of their first example).

    Returns:
        (2.5 %, 97.5 %) of ``RESAMPLES`` draws; None where no stratum has two clusters to choose from.
    """
    draws = np.random.default_rng(SEED)
    if clusters is None:
        counts = confusion_by_cluster(guesses, labels, np.zeros(len(labels), dtype=np.int64))[0]
        drawn = draws.multinomial(len(labels), counts.ravel() / counts.sum(), size=RESAMPLES)
        return _percentiles(mean_recall(drawn.reshape(-1, _CLASSES, _CLASSES)))
    weights, member = _cluster_draws(clusters, strata, draws)
    if weights is None:
        return None
    per_cluster = confusion_by_cluster(guesses, labels, member)
    return _percentiles(mean_recall(np.tensordot(weights, per_cluster, axes=1)))


def uar_gain_interval(
    before: np.ndarray,
    after: np.ndarray,
    labels: np.ndarray,
    clusters: Sequence[str],
    strata: Sequence[str] | None = None,
) -> tuple[float, float] | None:
    """Bootstrap interval of what the mean recall gains from ``before`` to ``after``, judged on the same examples.

    Both are resampled with the same clusters, so that what they have in common cancels. Arguments and result as for
    ``uar_interval``.
    """
    weights, member = _cluster_draws(clusters, strata, np.random.default_rng(SEED))
    if weights is None:
        return None
    recalls = [
        mean_recall(np.tensordot(weights, confusion_by_cluster(guesses, labels, member), axes=1))
        for guesses in (before, after)
    ]
    return _percentiles(recalls[1] - recalls[0])


def confusion_by_cluster(guesses: np.ndarray, labels: np.ndarray, member: np.ndarray) -> np.ndarray:
    """Confusion counts of every cluster, shape (clusters, 7, 7); ``member`` numbers the cluster of every example."""
    cells = _CLASSES**2
    index = (member * _CLASSES + labels) * _CLASSES + guesses
    counts = np.bincount(index, minlength=cells * (int(member.max()) + 1))
    return counts.reshape(-1, _CLASSES, _CLASSES)


def _cluster_draws(
    clusters: Sequence[str], strata: Sequence[str] | None, draws: np.random.Generator
) -> tuple[np.ndarray | None, np.ndarray]:
    """How often every cluster is in every resample, (RESAMPLES, clusters), and the cluster number of every example."""
    names, first, member = np.unique(np.asarray(clusters, dtype=str), return_index=True, return_inverse=True)
    stratum = np.asarray(strata, dtype=str)[first] if strata is not None else np.zeros(len(names), dtype=str)
    weights = np.zeros((RESAMPLES, len(names)), dtype=np.int64)
    sizes = []
    for name in np.unique(stratum):
        inside = np.flatnonzero(stratum == name)
        weights[:, inside] = draws.multinomial(len(inside), np.full(len(inside), 1 / len(inside)), size=RESAMPLES)
        sizes.append(len(inside))
    return (weights if max(sizes) > 1 else None), member.reshape(-1)


def _percentiles(values: np.ndarray) -> tuple[float, float]:
    low, high = np.quantile(values, [0.025, 0.975])
    return float(low), float(high)
