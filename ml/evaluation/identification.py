"""How well the sums that a recording leaves behind tell people apart: the equal error rate of matching two sessions.

Sessions are made of a person's items in random order, so that each holds many moods; sessions in one mood are harder
to match. Two sessions are compared by the distance between shares of the classes and mean scores, whitened by the
variation within other people. At the equal error rate as many matching pairs are taken for different people as
different people for one. Below 0.3 we treat such sums as biometric data (docs/adr/0016).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ml.data.folds import dealt
from ml.reference import Evidence

ITEMS = 10
"""Utterances or pictures in a session; a person with fewer than twice as many is cut in two."""
LEAST_ITEMS = 3
FOLDS = 5


def told_apart(
    items: Sequence[Evidence | None], people: Sequence[str], folds: Mapping[str, int] | None = None, *, seed: int = 2022
) -> dict[str, Any] | None:
    """The equal error rate on sessions made of these items.

    Args:
        items: what each item leaves behind, n; None where nothing was judged.
        people: who each item is of, n; "" leaves it out.
        folds: of people whom different networks judge: only sessions of one fold are compared. Dealt by the seed for
            everybody else.
        seed: of the order of items and the folds.

    Returns:
        "equal_error_rate" (0-1; 0.5 is guessing), "people", "sessions", "matching_pairs", "seed"; None with too few
        people for it.
    """
    draws = np.random.default_rng(seed)
    vectors, owners = [], []
    for person in sorted(set(people) - {""}):
        own = [each for each, of in zip(items, people, strict=True) if of == person and each is not None]
        order = draws.permutation(len(own))
        count = max(2, len(own) // ITEMS)
        for part in np.array_split(order, count):
            if len(part) >= LEAST_ITEMS:
                vectors.append(_vector([own[number] for number in part]))
                owners.append(person)
    owner_names = sorted(set(owners))
    fold_of = dealt(draws.permutation(owner_names).tolist(), FOLDS) | dict(folds or {})
    fold = np.array([fold_of[person] for person in owners])
    distances, matching = _pairs(np.array(vectors), np.array(owners), fold)
    if not matching.any() or matching.all():
        return None
    return {
        "equal_error_rate": equal_error_rate(distances, matching),
        "people": len(owner_names),
        "sessions": len(owners),
        "matching_pairs": int(matching.sum()),
        "seed": seed,
    }


def equal_error_rate(distances: np.ndarray, matching: np.ndarray) -> float:
    """Where the share of matching pairs above a distance and that of others below it meet, 0-1.

    Args:
        distances: of pairs, shape (n,).
        matching: whether a pair is of one person, bool, shape (n,), at least one of either kind.
    """
    order = np.argsort(distances, kind="stable")
    accepted = matching[order]
    missed = 1 - np.cumsum(accepted) / accepted.sum()
    false = np.cumsum(~accepted) / (~accepted).sum()
    nearest = int(np.argmin(np.abs(missed - false)))
    return float((missed[nearest] + false[nearest]) / 2)


def _vector(parts: Sequence[Evidence]) -> np.ndarray:
    """Shares and mean scores of a session, shape (14,)."""
    total = parts[0]
    for each in parts[1:]:
        total = total + each
    return np.concatenate([total.shares, total.mean])


def _pairs(vectors: np.ndarray, owners: np.ndarray, fold: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distances of all pairs within a fold, and whether each is of one person."""
    distances, matching = [np.zeros(0)], [np.zeros(0, dtype=bool)]
    for number in sorted(set(fold.tolist())):
        test, rest = np.flatnonzero(fold == number), np.flatnonzero(fold != number)
        if len(test) < 2 or len(rest) < 2:
            continue
        white = (vectors[test] - vectors[rest].mean(axis=0)) @ _whitening(vectors[rest], owners[rest])
        first, second = np.triu_indices(len(test), 1)
        distances.append(np.linalg.norm(white[first] - white[second], axis=1))
        matching.append(owners[test][first] == owners[test][second])
    return np.concatenate(distances), np.concatenate(matching)


def _whitening(vectors: np.ndarray, owners: np.ndarray) -> np.ndarray:
    """The matrix by which what varies within people has the identity as covariance, slightly shrunk to the sphere."""
    centred = np.concatenate(
        [vectors[owners == each] - vectors[owners == each].mean(axis=0) for each in sorted(set(owners))]
    )
    within = centred.T @ centred / len(centred)
    within += 1e-3 * np.trace(within) / len(within) * np.eye(len(within))
    matrix: np.ndarray = np.linalg.cholesky(np.linalg.inv(within))
    return matrix
