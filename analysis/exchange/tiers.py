"""Annotations as ELAN and Praat know them: tiers of intervals. Times are seconds from the recording's start."""

from collections.abc import Iterable
from dataclasses import dataclass

LABELS_TIER = "labels"
CORRECTIONS_TIER = "corrections"
STRETCHES_TIER = "stretches"


@dataclass(frozen=True, slots=True)
class Interval:
    """A stretch with what is written on it."""

    start_s: float
    end_s: float
    value: str


@dataclass(frozen=True, slots=True)
class Tier:
    """Intervals that do not overlap, in order of time.

    Attributes:
        participant: whose tier it is, for ELAN; empty where it is nobody's.
        values: what may be written on it; empty where anything may.
    """

    name: str
    intervals: tuple[Interval, ...]
    participant: str = ""
    values: tuple[str, ...] = ()

    @classmethod
    def of(cls, name: str, intervals: Iterable[Interval], **more: object) -> "Tier":
        """A tier of intervals that may come unsorted or overlap a little; what overlaps begins later."""
        tidy: list[Interval] = []
        reached = 0
        for interval in sorted(intervals, key=lambda each: (each.start_s, each.end_s)):
            start, end = max(_milliseconds(interval.start_s), reached), _milliseconds(interval.end_s)
            if end > start:
                tidy.append(Interval(start / 1000, end / 1000, interval.value))
                reached = end
        return cls(name, tuple(tidy), **more)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Annotations:
    """All tiers of one recording.

    Attributes:
        recording: its id, by which an import knows whether a file is another recording's; empty where not known.
        length_s: its length.
    """

    recording: str
    length_s: float
    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True)
class ReadInterval:
    """An annotation as it stood in a file.

    Attributes:
        number: its place among all annotations of the file, from 1.
        start_s, end_s: null where the file gives it no times of its own.
    """

    number: int
    tier: str
    start_s: float | None
    end_s: float | None
    value: str


@dataclass(frozen=True, slots=True)
class ReadFile:
    """What a file held.

    Attributes:
        format: ``eaf`` or ``textgrid``.
        recording: the id that its export named; empty where none did.
        tiers: names in the file's order, with those that are empty.
    """

    format: str
    recording: str
    tiers: tuple[str, ...]
    intervals: tuple[ReadInterval, ...]


MOST_ANNOTATIONS = 50_000
"""In one file; two hours give about 20,000."""
LONGEST_VALUE = 2000
"""Characters of one annotation."""


def _milliseconds(seconds: float) -> int:
    """ELAN's own unit; finer is of no use to anybody who annotates."""
    return round(seconds * 1000)
