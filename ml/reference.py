"""What a person is compared with: the sums that a student's own sessions leave behind, a few numbers per modality.

Every segment of a recording gets seven *scores* per modality, by networks that know nothing of the person. A recording
leaves behind how much of it was judged, how its time is divided among the classes, and the sums of the scores. These
add up over recordings in any order, so one recording can be taken out again. They hold no sound and no picture, but
they tell people apart well enough to be biometric data (``docs/threat-model.md``): keep them accordingly.

How much of a reference is believed, and how it changes an answer, is each modality's own rule: ``ml.voice.person`` and
``ml.face.person``.
"""

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ml.emotions import EMOTIONS
from ml.errors import RecognitionError

FORMAT = 1
"""Version of the JSON form."""
CLASSES = len(EMOTIONS)
MODALITIES = ("voice", "face")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one modality of one or more recordings of one person adds up to.

    Attributes:
        model: what made the scores (``ml.models.Models.score_versions``); sums of different origin do not add up.
        sessions: recordings behind the sums.
        seconds: judged time behind them, each instant counted once.
        counts: seconds per class as general statistics say, shape (7,); they sum to ``seconds``.
        total: sum over time of the scores, shape (7,).
    """

    model: str
    sessions: int = 0
    seconds: float = 0.0
    counts: np.ndarray = field(default_factory=lambda: np.zeros(CLASSES))
    total: np.ndarray = field(default_factory=lambda: np.zeros(CLASSES))

    @classmethod
    def of_recording(
        cls, model: str, seconds: np.ndarray, probabilities: np.ndarray, scores: np.ndarray
    ) -> "Evidence | None":
        """What one recording contributes; None where nothing of it was judged.

        Args:
            seconds: time that each judged segment stands for, shape (n,).
            probabilities: of the classes by general statistics, shape (n, 7), rows sum to 1.
            scores: shape (n, 7).
        """
        if not len(seconds) or seconds.sum() <= 0:
            return None
        weight = np.asarray(seconds, dtype=np.float64)
        return cls(model, 1, float(weight.sum()), weight @ probabilities, weight @ scores)

    def __add__(self, other: "Evidence") -> "Evidence":
        if other.model != self.model:
            raise ValueError(f"scores of {self.model} and {other.model} do not add up")
        return Evidence(
            self.model,
            self.sessions + other.sessions,
            self.seconds + other.seconds,
            self.counts + other.counts,
            self.total + other.total,
        )

    @property
    def mean(self) -> np.ndarray:
        """Mean of the scores, shape (7,)."""
        mean: np.ndarray = self.total / self.seconds
        return mean

    @property
    def shares(self) -> np.ndarray:
        """Share of the time per class, shape (7,), sums to 1."""
        shares: np.ndarray = self.counts / self.seconds
        return shares

    @property
    def variety(self) -> float:
        """How evenly the time is divided among the classes: their entropy over that of equal shares, 0-1."""
        present = self.shares[self.shares > 0]
        return float(-(present * np.log(present)).sum() / math.log(CLASSES))

    def as_dict(self) -> dict[str, Any]:
        """Plain numbers, ready for JSON; rounded far below what matters."""
        return {
            "model": self.model,
            "sessions": self.sessions,
            "seconds": round(self.seconds, 3),
            **{name: [round(float(v), 4) for v in getattr(self, name)] for name in _SUMS},
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Evidence":
        """The counterpart of ``as_dict``.

        Raises:
            KeyError, TypeError, ValueError: the values are not of that form or not finite.
        """
        sums = {name: np.array([float(v) for v in values[name]]) for name in _SUMS}
        sessions, seconds = int(values["sessions"]), float(values["seconds"])
        if any(each.shape != (CLASSES,) or not np.isfinite(each).all() for each in sums.values()):
            raise ValueError("sums of seven finite numbers each are needed")
        if not (sessions > 0 and 0 < seconds < math.inf):
            raise ValueError("sessions and seconds must be positive")
        if (sums["counts"] < 0).any():
            raise ValueError("seconds are not negative")
        return cls(str(values["model"]), sessions, seconds, **sums)


_SUMS = ("counts", "total")


@dataclass(frozen=True, slots=True)
class Reference:
    """A person's own evidence per modality; None where there is none."""

    voice: Evidence | None = None
    face: Evidence | None = None

    @classmethod
    def gathered(cls, contributions: Iterable["Reference"]) -> "Reference":
        """The sum of several recordings' contributions; the order does not matter."""
        sums: dict[str, Evidence | None] = dict.fromkeys(MODALITIES)
        for contribution in contributions:
            for name in MODALITIES:
                so_far, new = sums[name], getattr(contribution, name)
                sums[name] = new if so_far is None else so_far if new is None else so_far + new
        return cls(**sums)

    def of_versions(self, versions: Mapping[str, str]) -> "Reference":
        """Without what other weights, or faces framed or pooled otherwise, left behind: it says nothing here."""
        parts = {name: getattr(self, name) for name in MODALITIES}
        return Reference(**{n: each for n, each in parts.items() if each is not None and each.model == versions.get(n)})

    def described(self) -> dict[str, dict[str, Any]]:
        """What a person is compared with, per modality: {"kind": "general" or "own", "sessions", "seconds"}."""
        parts = {name: getattr(self, name) for name in MODALITIES}
        return {
            name: {"kind": "general", "sessions": 0, "seconds": 0.0}
            if each is None
            else {"kind": "own", "sessions": each.sessions, "seconds": round(each.seconds, 1)}
            for name, each in parts.items()
        }

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        parts = {name: getattr(self, name) for name in MODALITIES}
        return {"format": FORMAT} | {n: None if each is None else each.as_dict() for n, each in parts.items()}

    @classmethod
    def from_dict(cls, values: Any) -> "Reference":
        """The counterpart of ``as_dict``.

        Raises:
            RecognitionError: reference_damaged.
        """
        try:
            if values["format"] != FORMAT:
                raise ValueError("another format")
            parts = {name: values[name] for name in MODALITIES}
            return cls(**{n: None if part is None else Evidence.from_dict(part) for n, part in parts.items()})
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise RecognitionError("reference_damaged", "the reference is not of format 1") from error

    @classmethod
    def read(cls, path: Path) -> "Reference":
        """From a JSON file.

        Raises:
            RecognitionError: reference_damaged.
            OSError: it cannot be read.
        """
        try:
            return cls.from_dict(json.loads(path.read_text(encoding="utf-8")))
        except (UnicodeDecodeError, json.JSONDecodeError) as error:
            raise RecognitionError("reference_damaged", "the reference is not JSON") from error
