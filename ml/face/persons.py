"""Which of the faces followed through a recording are one person: joined over cuts and absences by how they look."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.face.likeness import Look, likeness

# Chosen on clips of 45 people (docs/experiments-face.md): of 1,562 pairs of different people, 304 of them in the same
# studio, none reaches a face likeness of 0.53 or a sum of 1.48; 31 of 34 pairs of one person in other moods are joined.
FACE_ALONE = 0.6
"""Likeness of two faces from which they are one person whatever the colours say: the light may have changed."""
LEAST_FACE = 0.38
"""Likeness of two faces below which they are never one person."""
COLOURS_WEIGHT = 1.2
SUM = 1.56
"""Likeness of the faces plus weighted likeness of the colours from which two are one person."""
LEAST_LOOKS = 3
"""Frames that a face must have been looked at in to be compared."""
MOST_COMPARED = 300
"""Of more faces than this, those followed longest are compared; the others stay on their own."""

Passage = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A followed face.

    Attributes:
        look: how it looks.
        passages: stretches in sight, start and end in seconds, rising.
        seconds: time in sight.
    """

    look: Look
    passages: tuple[Passage, ...]
    seconds: float


def persons(candidates: Sequence[Candidate]) -> list[list[int]]:
    """Group followed faces into people.

    The two most alike are joined first, then the joined are compared as one. Faces seen at the same time are never
    joined.

    Returns:
        Positions in ``candidates`` of each person's faces, rising; people in order of their first.
    """
    able = [n for n, each in enumerate(candidates) if each.look.count >= LEAST_LOOKS]
    able = sorted(sorted(able, key=lambda n: -candidates[n].seconds)[:MOST_COMPARED])
    groups = [[n] for n in able]
    merged = [candidates[n] for n in able]
    scores = np.full((len(able), len(able)), -np.inf)
    for row in range(len(able)):
        for column in range(row):
            scores[row, column] = _score(merged[row], merged[column])
    while scores.size and (best := int(scores.argmax())) >= 0 and scores.flat[best] >= 0:
        gone, stays = divmod(best, len(able))
        groups[stays] += groups[gone]
        merged[stays] = _together(merged[stays], merged[gone])
        groups[gone] = []
        scores[gone, :] = scores[:, gone] = -np.inf
        for other in range(len(able)):
            if groups[other] and other != stays:
                scores[max(other, stays), min(other, stays)] = _score(merged[other], merged[stays])
    alone = [[n] for n in range(len(candidates)) if n not in set(able)]
    return sorted(sorted(group) for group in [*groups, *alone] if group)


def _score(one: Candidate, other: Candidate) -> float:
    """How far beyond what is needed two are alike; negative where they stay two."""
    if _overlap(one.passages, other.passages):
        return -np.inf
    faces, colours = likeness(one.look, other.look)
    if faces < LEAST_FACE:
        return -np.inf
    return max(faces - FACE_ALONE, faces + COLOURS_WEIGHT * colours - SUM)


def _together(one: Candidate, other: Candidate) -> Candidate:
    passages = tuple(sorted(one.passages + other.passages))
    return Candidate(one.look.plus(other.look), passages, one.seconds + other.seconds)


def _overlap(one: tuple[Passage, ...], other: tuple[Passage, ...]) -> bool:
    """Whether a moment lies in passages of both; passages of each are apart from one another and rise."""
    first = second = 0
    while first < len(one) and second < len(other):
        if one[first][0] <= other[second][1] and other[second][0] <= one[first][1]:
            return True
        if one[first][1] < other[second][1]:
            first += 1
        else:
            second += 1
    return False
