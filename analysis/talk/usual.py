"""What is usual for one student: the range of a description over their other sessions. Pure.

Nobody is compared with anybody else, and nothing is called unusual: the reader sees where the day's number lies.
"""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from analysis.talk.figures import Number

LEAST_SESSIONS = 3
"""From fewer sessions nothing is called usual."""


@dataclass(frozen=True)
class Usual:
    """A description over a student's other sessions.

    Attributes:
        lower, upper: where the middle half of the sessions lies.
        least, greatest: the outermost sessions.
        sessions: how many there are.
    """

    median: float
    lower: float
    upper: float
    least: float
    greatest: float
    sessions: int

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


def usual_of(values: Sequence[float]) -> Usual | None:
    """The range of one description; None for fewer than ``LEAST_SESSIONS``."""
    if len(values) < LEAST_SESSIONS:
        return None
    lower, median, upper = statistics.quantiles(values, n=4, method="inclusive")
    return Usual(median, lower, upper, min(values), max(values), len(values))


def usuals_of(sessions: Sequence[Mapping[str, Number]]) -> dict[str, Usual]:
    """The range of every description that enough sessions have."""
    names = {name for session in sessions for name in session}
    found = {name: usual_of([each[name].value for each in sessions if name in each]) for name in names}
    return {name: each for name, each in found.items() if each is not None}
