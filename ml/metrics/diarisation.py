"""Diarisation error rate: how much speech is given to the wrong voice, missed, or found where there is none.

As NIST's evaluations count it, without a collar and with overlapping speech: the voices of an answer are named as fits
the truth best, one to one; every moment weighs as many times as voices truly speak in it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import linear_sum_assignment


@dataclass(frozen=True, slots=True)
class Speech:
    """A stretch in which somebody speaks: seconds from the start, and a name that means nothing elsewhere."""

    start_s: float
    end_s: float
    speaker: str


@dataclass(frozen=True, slots=True)
class DiarisationErrors:
    """Seconds, of one recording or of several added up.

    Attributes:
        speech: time that is truly spoken, each voice counted.
        missed: of it, time for which the answer names too few voices.
        false_alarm: time for which the answer names too many.
        confusion: time given to another voice than the one that speaks.
    """

    speech: float = 0.0
    missed: float = 0.0
    false_alarm: float = 0.0
    confusion: float = 0.0

    def __add__(self, other: "DiarisationErrors") -> "DiarisationErrors":
        return DiarisationErrors(
            self.speech + other.speech,
            self.missed + other.missed,
            self.false_alarm + other.false_alarm,
            self.confusion + other.confusion,
        )

    def as_dict(self) -> dict[str, float]:
        """{"der", "confusion", "missed", "false_alarm"} as fractions of the spoken time; all 0 without any."""
        whole = self.speech or 1.0
        parts = {"confusion": self.confusion, "missed": self.missed, "false_alarm": self.false_alarm}
        return {"der": sum(parts.values()) / whole} | {name: seconds / whole for name, seconds in parts.items()}


def diarisation_errors(truth: Sequence[Speech], answer: Sequence[Speech]) -> DiarisationErrors:
    """The errors of one recording; stretches of one voice that overlap count once."""
    edges = np.unique([edge for each in (*truth, *answer) for edge in (each.start_s, each.end_s)])
    lengths = np.diff(edges)
    truly, named = _present(truth, edges), _present(answer, edges)
    together = (truly * lengths) @ named.T
    rows, columns = linear_sum_assignment(-together)
    right = np.minimum(truly[rows], named[columns]).sum(axis=0)
    count_true, count_named = truly.sum(axis=0), named.sum(axis=0)
    return DiarisationErrors(
        speech=float(lengths @ count_true),
        missed=float(lengths @ np.maximum(count_true - count_named, 0)),
        false_alarm=float(lengths @ np.maximum(count_named - count_true, 0)),
        confusion=float(lengths @ (np.minimum(count_true, count_named) - right)),
    )


def read_rttm(path: Path) -> list[Speech]:
    """The SPEAKER lines of an RTTM file.

    Raises:
        ValueError: a line that is none, or whose times make no sense.
        OSError: it cannot be read.
    """
    stretches = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        fields = line.split()
        if not fields or fields[0] != "SPEAKER":
            continue
        try:
            start, length, speaker = float(fields[3]), float(fields[4]), fields[7]
        except (IndexError, ValueError):
            raise ValueError(f"{path.name}, line {number}: not an RTTM SPEAKER line") from None
        if not (0 <= start < np.inf and 0 < length < np.inf):
            raise ValueError(f"{path.name}, line {number}: a start of 0 or more and a positive duration are needed")
        stretches.append(Speech(start, start + length, speaker))
    return stretches


def _present(stretches: Iterable[Speech], edges: np.ndarray) -> np.ndarray:
    """Which voice speaks between which two edges: 0 or 1, shape (voices, len(edges) - 1)."""
    stretches = list(stretches)
    speakers = sorted({each.speaker for each in stretches})
    present = np.zeros((len(speakers), max(0, len(edges) - 1)))
    for each in stretches:
        first, last = np.searchsorted(edges, (each.start_s, each.end_s))
        present[speakers.index(each.speaker), first:last] = 1
    return present
