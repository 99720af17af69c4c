"""The rule by which a face is read against its own history (``ml.face.person``), on simulated people.

Nobody here has both a varied and a one-mood history, so people are made of FER2013's test faces: half of a person's
segments in a class show one of three faces that are theirs, the others any face of the class. Their range about the
mean face is narrower or wider than others', each class has an offset of its own, and "normal" a further one. Then every
kind of history is tried with the same new segments.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ml.data.fer2013 import fer2013_folder, load_faces
from ml.emotions import EMOTIONS, Emotion
from ml.evaluation.face import predict_faces
from ml.face.person import OWN_RANGE, OwnRange, face_probabilities
from ml.face.pooling import FLOOR, softmax
from ml.face.recogniser import FaceRecogniser
from ml.reference import Evidence
from ml.results import Progress

CLASSES = len(EMOTIONS)
SEGMENT_S = 4.0
TESTED = 10
"""New segments of each class."""
OWN_FACES, OWN_SHARE, NOISE = 3, 0.5, 0.3
"""Faces per class that are the person's own, how often one of them is shown, and deviation of a segment's scores."""
ALWAYS = OwnRange(least_variety=-2.0, full_variety=-1.0)
"""A history believed whatever it holds, as far as it is long."""
ALIKE, NEUTRAL = "all classes alike", "80 % neutral, all classes tested"


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of simulated people; scores are natural logarithms.

    Attributes:
        people: how many are made.
        range_mean, range_deviation: of the logarithm of their range.
        offset: deviation of the offset of a class.
        normal: added to the offset of "normal".
        narrow_mean, narrow_deviation: where given, the range is drawn anew by them.
    """

    people: int
    range_mean: float = -0.35
    range_deviation: float = 0.3
    offset: float = 0.7
    normal: float = 0.5
    narrow_mean: float | None = None
    narrow_deviation: float = 0.15


KINDS = {"ordinary": Kind(150), "hard": Kind(80, normal=1.5, narrow_mean=-0.7)}
HISTORIES: tuple[tuple[str, float | None], ...] = (
    (ALIKE, None),
    ("80 % one mood", 0.8),
    ("one mood throughout", 1.0),
    ("half one mood", 0.5),
)
"""Name and share of the time in the tested class; the rest is drawn from all classes."""
LENGTHS = (20, 200)
"""Segments of a history; the neutral one has the last number only."""


def evaluate_face_histories(
    weights: Path | None, seed: int, tell: Progress, kinds: Mapping[str, Kind] = KINDS
) -> dict[str, Any]:
    """Share of new segments that are recognised, by kind of person, of history and of rule.

    Args:
        weights: folder; see ``ml.weights.folder``.
        seed: of everything drawn; every kind of person begins with it.
        kinds: people to make, by name.

    Returns:
        Per kind and history {"segments": {"20" and "200": {"none", "always", "rule": fractions of 1}}}; "people",
        "seed", "faces" (n of PublicTest) and "model".

    Raises:
        FileNotFoundError: the research data are not there.
        RecognitionError: weights_missing, weights_damaged.
    """
    recogniser = FaceRecogniser.load(weights)
    test = load_faces(fer2013_folder(), "PublicTest")
    probabilities = np.asarray(predict_faces(recogniser, test, tell), dtype=np.float64)
    return {
        **{name: simulated(probabilities, test.labels, kind, seed, tell) for name, kind in kinds.items()},
        "people": {name: kind.people for name, kind in kinds.items()},
        "seed": seed,
        "faces": len(probabilities),
        "model": recogniser.version,
    }


def simulated(
    probabilities: np.ndarray, labels: np.ndarray, kind: Kind, seed: int, tell: Progress
) -> dict[str, dict[str, dict[str, float]]]:
    """Fractions recognised by history, its number of segments and rule.

    Args:
        probabilities: of single faces, shape (n, 7), rows sum to 1.
        labels: their classes, shape (n,), every class among them.
    """
    draws = np.random.default_rng(seed)
    faces = _Faces(np.log(np.maximum(probabilities, FLOOR)), labels)
    right: dict[tuple[str, int], list[tuple[float, float, float]]] = {}
    for number in range(kind.people):
        person = _Person(faces, kind, draws)
        for mood in range(CLASSES):
            tested = person.shows(np.full(TESTED, mood))
            for name, share in HISTORIES:
                for length in LENGTHS:
                    history = person.shows(_moods(draws, mood, share, length))
                    right.setdefault((name, length), []).append(_recognised(tested, mood, history))
            history = person.shows(_moods(draws, Emotion.NORMAL, 0.8, LENGTHS[-1]))
            right.setdefault((NEUTRAL, LENGTHS[-1]), []).append(_recognised(tested, mood, history))
        tell("people", number + 1, kind.people)
    table: dict[str, dict[str, dict[str, float]]] = {}
    for (name, length), shares in right.items():
        means = np.mean(shares, axis=0).tolist()
        table.setdefault(name, {})[str(length)] = dict(zip(("none", "always", "rule"), means, strict=True))
    return table


class _Faces:
    """Scores of single faces and the mean face, in which every class weighs the same."""

    def __init__(self, scores: np.ndarray, labels: np.ndarray) -> None:
        self.scores = scores
        self.of_class = [np.flatnonzero(labels == each) for each in range(CLASSES)]
        weights = 1 / np.bincount(labels, minlength=CLASSES)[labels]
        self.mean = (weights / weights.sum()) @ scores


class _Person:
    """Somebody with their own faces, range and offsets."""

    def __init__(self, faces: _Faces, kind: Kind, draws: np.random.Generator) -> None:
        self._faces, self._draws = faces, draws
        self._range = np.exp(draws.normal(kind.range_mean, kind.range_deviation))
        self._offset = draws.normal(0, kind.offset, CLASSES)
        self._offset[Emotion.NORMAL] += kind.normal
        self._own = [draws.choice(each, OWN_FACES) for each in faces.of_class]
        if kind.narrow_mean is not None:
            self._range = np.exp(draws.normal(kind.narrow_mean, kind.narrow_deviation))

    def shows(self, moods: np.ndarray) -> np.ndarray:
        """Scores of segments in these classes, shape (n, 7)."""
        draws, faces = self._draws, self._faces
        numbers = [
            draws.choice(self._own[mood]) if draws.random() < OWN_SHARE else draws.choice(faces.of_class[mood])
            for mood in moods
        ]
        raw = faces.mean + self._range * (faces.scores[numbers] - faces.mean) + self._offset
        raw += draws.normal(0, NOISE, raw.shape)
        scores: np.ndarray = np.log(softmax(raw))
        return scores


def _moods(draws: np.random.Generator, mood: int, share: float | None, length: int) -> np.ndarray:
    if share is None:
        return draws.integers(0, CLASSES, length)
    return np.where(draws.random(length) < share, mood, draws.integers(0, CLASSES, length))


def _recognised(tested: np.ndarray, mood: int, history: np.ndarray) -> tuple[float, float, float]:
    """Share of segments recognised without the history, always believing it, and by the rule."""
    evidence = Evidence.of_recording("simulated", np.full(len(history), SEGMENT_S), softmax(history), history)
    answers = (
        face_probabilities(tested, None),
        face_probabilities(tested, evidence, ALWAYS),
        face_probabilities(tested, evidence, OWN_RANGE),
    )
    none, always, rule = (float((answer.argmax(axis=1) == mood).mean()) for answer in answers)
    return none, always, rule
