"""Sessions -> a student's series with its own baseline and control limits. Pure functions: no rows are read or written.

**Baseline.** The student's own first sessions with enough evidence: their median, and their standard deviation with a
floor, since a handful of sessions can lie together by chance. Later sessions are monitored against it by an
exponentially weighted moving average z_i = lambda x_i + (1 - lambda) z_(i-1), z_0 = baseline, with the exact control
limits of Lucas and Saccucci (1990): baseline +- L sigma sqrt(lambda / (2 - lambda) (1 - (1 - lambda)^(2 i))).
Sessions with too little evidence are shown, but neither make the baseline nor move the average.
"""

import math
import statistics
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from analysis.trends.shares import SessionIndex, plain

SIGMA_FLOOR = 0.05
"""Least standard deviation of a baseline: five percentage points of negative time."""


@dataclass(frozen=True)
class TrendSettings:
    """How a trend is computed, for the charts and the EWMA rule alike; here stand the defaults of an installation.

    Attributes:
        baseline_sessions: sessions with enough evidence that make the baseline.
        smoothing: weight lambda of the newest session, in (0, 1].
        width: L, half width of the control limits in standard deviations.
        min_evidence_s, min_coverage: a session below either shows too little.
    """

    baseline_sessions: int = 4
    smoothing: float = 0.3
    width: float = 2.7
    min_evidence_s: float = 60.0
    min_coverage: float = 0.3


@dataclass(frozen=True)
class Baseline:
    """The student's own usual share of negative time: ``centre`` (median), ``sigma`` (with its floor), 0-1."""

    centre: float
    sigma: float
    sessions: int


@dataclass(frozen=True)
class Point:
    """One session in the series.

    Attributes:
        enough: whether the session has enough evidence.
        in_baseline: whether it is one of the sessions that make the baseline.
        ewma, lower, upper: average and control limits after this session; None unless it was monitored.
    """

    session: SessionIndex
    enough: bool
    in_baseline: bool
    ewma: float | None
    lower: float | None
    upper: float | None

    @property
    def over(self) -> bool:
        """Whether the average stands above the upper limit."""
        return self.ewma is not None and self.upper is not None and self.ewma > self.upper


@dataclass(frozen=True)
class TrendAlert:
    """An alert as the trend's chart and API show it."""

    id: uuid.UUID
    recording_id: uuid.UUID
    kind: str
    status: str
    raised_at: datetime


@dataclass(frozen=True)
class Trend:
    """A student's sessions in the order they were recorded, with baseline, average, limits and alerts."""

    student_id: uuid.UUID
    settings: TrendSettings
    baseline: Baseline | None
    points: list[Point]
    alerts: list[TrendAlert] = field(default_factory=list)

    @property
    def sessions(self) -> list[SessionIndex]:
        """The session indexes, oldest first."""
        return [point.session for point in self.points]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "student": str(self.student_id),
            "settings": asdict(self.settings),
            "baseline": asdict(self.baseline) if self.baseline else None,
            "sessions": [
                {
                    **point.session.as_dict(),
                    "enough_evidence": point.enough,
                    "in_baseline": point.in_baseline,
                    "ewma": point.ewma,
                    "lower_limit": point.lower,
                    "upper_limit": point.upper,
                    "over_limit": point.over,
                }
                for point in self.points
            ],
            "alerts": [plain(asdict(alert)) for alert in self.alerts],
        }


def series(sessions: Sequence[SessionIndex], settings: TrendSettings) -> tuple[Baseline | None, list[Point]]:
    """Baseline and points of sessions given oldest first; no baseline until enough of them have enough evidence."""
    enough = [session.enough(settings.min_evidence_s, settings.min_coverage) for session in sessions]
    values = [
        s.negative_share
        for s, is_enough in zip(sessions, enough, strict=True)
        if is_enough and s.negative_share is not None
    ]
    baseline = baseline_of(values[: settings.baseline_sessions]) if len(values) >= settings.baseline_sessions else None
    points, sessions_so_far, ewma = [], 0, baseline.centre if baseline else 0.0
    for session, is_enough in zip(sessions, enough, strict=True):
        sessions_so_far += is_enough
        monitored = sessions_so_far - settings.baseline_sessions
        if not is_enough or baseline is None or monitored < 1 or session.negative_share is None:
            in_baseline = is_enough and baseline is not None and monitored < 1
            points.append(Point(session, is_enough, in_baseline, None, None, None))
            continue
        ewma = settings.smoothing * session.negative_share + (1 - settings.smoothing) * ewma
        half = half_width(monitored, baseline.sigma, settings)
        points.append(Point(session, True, False, ewma, max(0.0, baseline.centre - half), baseline.centre + half))
    return baseline, points


def baseline_of(values: Sequence[float], floor: float = SIGMA_FLOOR) -> Baseline:
    """Median and standard deviation (n - 1) of the baseline sessions' negative shares, the latter not below ``floor``.

    The median keeps one unusual session from shifting the centre. The standard deviation is the plain one: of four or
    five sessions a robust one would throw most of the evidence away, and an unusual session widens the limits, which
    errs to the side of fewer alarms; the share rule does not depend on it.
    """
    spread = statistics.stdev(values) if len(values) > 1 else 0.0
    return Baseline(statistics.median(values), max(floor, spread), len(values))


def half_width(i: int, sigma: float, settings: TrendSettings) -> float:
    """Half width of the control limits at the i-th monitored session, i from 1 (Lucas and Saccucci 1990)."""
    weight = settings.smoothing
    return settings.width * sigma * math.sqrt(weight / (2 - weight) * (1 - (1 - weight) ** (2 * i)))
