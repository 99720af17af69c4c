"""What a rule sees in a series of sessions: pure functions, no rows written.

A *crossing* is a longest stretch of sessions in a row over the rule's threshold; it begins with the first one over it
after one under it. Sessions with too little evidence are passed over: they neither begin, prolong nor end a crossing.
A crossing raises an alert at the session that proves it: the first one (share, EWMA), or the n-th in a row (sustained).
"""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from analysis.trends.series import Baseline, TrendSettings, series
from analysis.trends.shares import SessionIndex


@dataclass(frozen=True)
class ShareSettings:
    """When a share rule is crossed: more than ``threshold`` (0-1) of one session's judged time was negative."""

    threshold: float
    min_evidence_s: float
    min_coverage: float


@dataclass(frozen=True)
class SustainedSettings:
    """When a sustained rule is crossed: more than ``threshold`` (0-1) in so many ``sessions`` in a row."""

    threshold: float
    sessions: int
    min_evidence_s: float
    min_coverage: float


RuleSettings = ShareSettings | SustainedSettings | TrendSettings
"""The numbers of a rule at one moment, a type per kind; an EWMA rule's are those of the trend."""


@dataclass(frozen=True)
class Crossing:
    """A stretch of sessions over the threshold, and what proves it.

    Attributes:
        sessions: every session of the stretch so far, oldest first.
        after: order key of the last session under the threshold before it; None if there is none.
        proof: the sessions that raise the alert; empty while a sustained rule still waits for more.
        value: what was compared: the share (share), the lowest share in the row (sustained), the average (EWMA).
        limit: what it was compared with.
        baseline, baseline_sessions: what an EWMA crossing was measured against.
    """

    sessions: tuple[SessionIndex, ...]
    after: tuple[datetime, uuid.UUID] | None
    proof: tuple[SessionIndex, ...]
    value: float
    limit: float
    baseline: Baseline | None = None
    baseline_sessions: tuple[SessionIndex, ...] = ()

    def holds(self, key: tuple[datetime, uuid.UUID]) -> bool:
        """Whether a recording with this order key lies in the stretch, also if it has no result at the moment."""
        return (self.after is None or key > self.after) and key <= order(self.sessions[-1])


def order(session: SessionIndex) -> tuple[datetime, uuid.UUID]:
    """The key by which a student's sessions are ordered."""
    return session.recorded_at, session.recording_id


def crossings(settings: RuleSettings, sessions: Sequence[SessionIndex]) -> list[Crossing]:
    """Every crossing in a student's sessions (oldest first) that is proven."""
    enough = [session for session in sessions if session.enough(settings.min_evidence_s, settings.min_coverage)]
    match settings:
        case ShareSettings():
            candidates = _share(settings, enough)
        case SustainedSettings():
            candidates = _sustained(settings, enough)
        case TrendSettings():
            candidates = _ewma(settings, enough)
    return [crossing for crossing in candidates if crossing.proof]


def _stretches(
    sessions: Sequence[SessionIndex], over: Callable[[SessionIndex], bool]
) -> list[tuple[tuple[SessionIndex, ...], tuple[datetime, uuid.UUID] | None]]:
    """Stretches of sessions in a row for which ``over`` holds, each with the key of the session before it."""
    stretches = []
    key_before: tuple[datetime, uuid.UUID] | None = None
    for is_over, group in groupby(sessions, key=over):
        stretch = tuple(group)
        if is_over:
            stretches.append((stretch, key_before))
        key_before = order(stretch[-1])
    return stretches


def _negative(session: SessionIndex) -> float:
    return session.negative_share or 0.0


def _share(settings: ShareSettings, sessions: Sequence[SessionIndex]) -> list[Crossing]:
    return [
        Crossing(stretch, after, stretch[:1], _negative(stretch[0]), settings.threshold)
        for stretch, after in _stretches(sessions, lambda session: _negative(session) > settings.threshold)
    ]


def _sustained(settings: SustainedSettings, sessions: Sequence[SessionIndex]) -> list[Crossing]:
    candidates = []
    for stretch, after in _stretches(sessions, lambda session: _negative(session) > settings.threshold):
        proof = stretch[: settings.sessions] if len(stretch) >= settings.sessions else ()
        candidates.append(Crossing(stretch, after, proof, min(map(_negative, proof or stretch)), settings.threshold))
    return candidates


def _ewma(settings: TrendSettings, sessions: Sequence[SessionIndex]) -> list[Crossing]:
    baseline, points = series(sessions, settings)
    by_recording = {point.session.recording_id: point for point in points}
    baseline_sessions = tuple(point.session for point in points if point.in_baseline)
    candidates = []
    for stretch, after in _stretches(sessions, lambda session: by_recording[session.recording_id].over):
        first = by_recording[stretch[0].recording_id]
        candidates.append(
            Crossing(stretch, after, stretch[:1], first.ewma or 0.0, first.upper or 0.0, baseline, baseline_sessions)
        )
    return candidates
