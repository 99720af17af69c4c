"""Segments -> session index -> student series with its own baseline and control limits.

**Time.** Segments overlap (4 s every 2 s), so they are not counted but weighed: every instant that k segments cover is
divided equally among them. A segment's weight is the time it owns this way; the weights add up to the covered time,
each instant counts once, and splitting a segment in two changes nothing. A gap owns its time like any other segment,
so one judged segment between gaps does not claim the whole of its four seconds as evidence.

**Near-ties.** ``analysis.emotions`` names the contenders of a segment. Its time is divided equally among them; where
some are negative and some are not, it is undecided and like a gap no evidence, neither of negative emotion nor of its
absence. That time is kept apart as ``undecided_s``. A segment a person has named has one contender.

**Share of an emotion.** The time owned by segments with that label over the time owned by all judged segments. Labels
and not probability mass, for three reasons: the number equals what the page shows segment by segment; a person's
correction has an exact meaning; and mass would flag ignorance: four of the seven classes are negative, so a model that
knows nothing spreads 4/7 = 57 % of its mass over them, while its labels follow only what it saw. The mean
probabilities, over judged and undecided time, stand beside the shares for whoever wants the mass. A person's correction
counts over the model's label.

**Baseline.** The student's own first sessions with enough evidence: their median, and their standard deviation with a
floor, since a handful of sessions can lie together by chance. Later sessions are monitored against it by an
exponentially weighted moving average z_i = lambda x_i + (1 - lambda) z_(i-1), z_0 = baseline, with the exact control
limits of Lucas and Saccucci (1990): baseline +- L sigma sqrt(lambda / (2 - lambda) (1 - (1 - lambda)^(2 i))).
Sessions with too little evidence are shown, but neither make the baseline nor move the average.
"""

import math
import statistics
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.db.models.expressions import ExpressionWrapper
from django.db.models.fields import BooleanField

from analysis.emotions import EMOTIONS, NEGATIVE, contenders, is_undecided
from analysis.models import Alert, AlertRule, Recording, Run, Segment, SessionSummary
from analysis.models.alert import RuleKind
from analysis.references.reading import general_probabilities
from analysis.trends.labels import with_label_shown
from students.models import Student

SIGMA_FLOOR = 0.05
"""Least standard deviation of a baseline: five percentage points of negative time."""


# --- one session ------------------------------------------------------------------------------------------------------


class Judged(NamedTuple):
    """One segment as far as a session index needs it; ``label`` is the person's where ``by_person``."""

    start_s: float
    end_s: float
    label: str | None
    probabilities: dict[str, float] | None
    voice: bool
    face: bool
    by_person: bool = False

    @property
    def undecided(self) -> bool:
        """Whether it is open if the segment is negative, and nobody has said which emotion it shows."""
        return not self.by_person and is_undecided(self.probabilities)

    @property
    def shown(self) -> tuple[str, ...]:
        """The emotions among which the segment's time is divided; none for a gap or an undecided one."""
        if self.label is None or self.undecided:
            return ()
        return (self.label,) if self.by_person or not self.probabilities else contenders(self.probabilities)


@dataclass(frozen=True)
class Shares:
    """What the segments of one run add up to.

    Attributes:
        covered_s: seconds covered by segments, judged or not.
        judged_s: seconds owned by segments with a judgement that counts.
        undecided_s: seconds owned by segments of which it is open whether they are negative.
        voice_s, face_s: seconds owned by segments with a judgement of the voice, of the face, decided or not.
        shares: share of the judged time per emotion, summing to 1; all 0 when nothing was judged.
        negative_share: share of the judged time that is negative; None when nothing was judged.
        mean_probabilities: mean over the judged and the undecided time, summing to 1; all 0 when there is neither.
        corrected: segments whose label a person corrected.
    """

    covered_s: float
    judged_s: float
    undecided_s: float
    voice_s: float
    face_s: float
    shares: dict[str, float]
    negative_share: float | None
    mean_probabilities: dict[str, float]
    corrected: int


def owned_time(spans: Sequence[tuple[float, float]]) -> list[float]:
    """Seconds each span owns when every instant is divided equally among the spans that cover it.

    Args:
        spans: pairs (start, end) in seconds with end > start, in any order.
    """
    owned = [0.0] * len(spans)
    edges = sorted({edge for span in spans for edge in span})
    starts = sorted(range(len(spans)), key=lambda i: spans[i][0])
    active: list[int] = []
    following = 0
    for left, right in pairwise(edges):
        active = [i for i in active if spans[i][1] > left]
        while following < len(starts) and spans[starts[following]][0] <= left:
            active.append(starts[following])
            following += 1
        for i in active:
            owned[i] += (right - left) / len(active)
    return owned


def shares_of(segments: Sequence[Judged]) -> Shares:
    """Adds segments up to the shares of a session (see the module's first lines for the rules)."""
    owned = owned_time([(segment.start_s, segment.end_s) for segment in segments])
    by_label = dict.fromkeys(EMOTIONS, 0.0)
    mass = dict.fromkeys(EMOTIONS, 0.0)
    judged_s = undecided_s = voice_s = face_s = 0.0
    for segment, seconds in zip(segments, owned, strict=True):
        voice_s += seconds * segment.voice
        face_s += seconds * segment.face
        for name, probability in (segment.probabilities or {}).items():
            mass[name] += seconds * probability
        undecided_s += seconds * segment.undecided
        judged_s += seconds * bool(segment.shown)
        for name in segment.shown:
            by_label[name] += seconds / len(segment.shown)
    total = sum(mass.values())
    shares = {name: seconds / judged_s if judged_s else 0.0 for name, seconds in by_label.items()}
    return Shares(
        covered_s=math.fsum(owned),
        judged_s=judged_s,
        undecided_s=undecided_s,
        voice_s=voice_s,
        face_s=face_s,
        shares=shares,
        negative_share=min(1.0, sum(shares[name] for name in NEGATIVE)) if judged_s else None,
        mean_probabilities={name: weight / total if total else 0.0 for name, weight in mass.items()},
        corrected=sum(segment.by_person for segment in segments),
    )


@dataclass(frozen=True)
class SessionIndex(Shares):
    """The numbers of one session: the shares of its run, and which recording they belong to.

    Attributes:
        duration_s: length of the recording in seconds.
        coverage: judged time over the recording's length, 0-1; undecided time does not count.
        voice_coverage, face_coverage: the same of time with a judgement of the voice, of the face, decided or not.
        compared_sessions: other sessions of the student that the segments were read by.
        general_negative_share: by people in general, where that is another reading; else None.
        reread: whether the student's other sessions have changed the reading since the analysis.
    """

    recording_id: uuid.UUID
    run_id: uuid.UUID
    recorded_at: datetime
    analysed_at: datetime | None
    duration_s: float
    model_version: str
    synthetic: bool
    coverage: float
    voice_coverage: float
    face_coverage: float
    compared_sessions: int = 0
    general_negative_share: float | None = None
    reread: bool = False

    def enough(self, min_evidence_s: float, min_coverage: float) -> bool:
        """Whether there is enough evidence to make a baseline or raise an alert."""
        return self.negative_share is not None and self.judged_s >= min_evidence_s and self.coverage >= min_coverage

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON: ids and times as text, shares as fractions of 1."""
        return _plain(asdict(self))


def session_index(recording: Recording) -> SessionIndex | None:
    """The session index of a recording, from its newest succeeded run; None while it has none."""
    found = session_indexes(Recording.objects.filter(pk=recording.pk))
    return found[0] if found else None


def session_indexes(recordings: QuerySet[Recording]) -> list[SessionIndex]:
    """Session indexes of those recordings that have a succeeded run, oldest first; at most three queries."""
    analysed = list(
        recordings.filter(result_run__isnull=False)
        .select_related("result_run", "result_run__session_summary")
        .order_by("recorded_at", "pk")
    )
    runs = [recording.result_run for recording in analysed if recording.result_run is not None]
    numbers = {run.pk: Shares(**run.session_summary.numbers) for run in runs if hasattr(run, "session_summary")}
    missing = _judged([run.pk for run in runs if run.pk not in numbers])
    numbers |= {run_id: shares_of(list(segments.values())) for run_id, segments in missing.items()}
    return [
        _session(recording, recording.result_run, numbers[recording.result_run.pk])
        for recording in analysed
        if recording.result_run is not None
    ]


def summaries_refresh(student: Student) -> None:
    """Writes the session summaries of a student's runs anew, after segments or labels have changed."""
    analysed = Recording.objects.filter(student=student, result_run__isnull=False)
    current = [run_id for run_id in analysed.values_list("result_run", flat=True) if run_id is not None]
    SessionSummary.objects.filter(run__recording__student=student).exclude(run__in=current).delete()
    _summaries_write(current)


def summary_refresh(run: Run) -> None:
    """Writes the session summary of one run anew, after a label was corrected."""
    _summaries_write([run.pk])


def _summaries_write(run_ids: Sequence[uuid.UUID]) -> None:
    """Adds up these runs, and those with scores also by people in general."""
    judged = _judged(run_ids)
    compared = Run.objects.filter(pk__in=run_ids, scores__isnull=False)
    general = {run.pk: _general_shares(judged[run.pk], general_probabilities(run)) for run in compared}
    SessionSummary.objects.bulk_create(
        [
            SessionSummary(
                run_id=run_id, numbers=asdict(shares_of(list(segments.values()))), general=general.get(run_id)
            )
            for run_id, segments in judged.items()
        ],
        update_conflicts=True,
        unique_fields=["run"],
        update_fields=["numbers", "general", "computed_at"],
    )


def _general_shares(
    segments: Mapping[int, Judged], general: Mapping[int, dict[str, float] | None]
) -> dict[str, Any] | None:
    """The sums by people in general, ready for JSON; a person's correction counts there too."""
    if not general:
        return None
    read = []
    for index, segment in segments.items():
        probabilities = general.get(index)
        if probabilities is not None:
            label = segment.label if segment.by_person else max(probabilities, key=lambda name: probabilities[name])
            read.append(segment._replace(label=label, probabilities=probabilities))
        else:
            read.append(segment)
    return asdict(shares_of(read))


def _judged(run_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[int, Judged]]:
    """The segments of these runs by number, in one query; none where nothing is asked for."""
    by_run: dict[uuid.UUID, dict[int, Judged]] = {run_id: {} for run_id in run_ids}
    rows = (
        with_label_shown(Segment.objects.filter(run__in=run_ids))
        .annotate(
            has_voice=ExpressionWrapper(Q(voice__isnull=False), BooleanField()),
            has_face=ExpressionWrapper(Q(face__isnull=False), BooleanField()),
        )
        .values_list(
            "run_id",
            "index",
            "start_s",
            "end_s",
            "label_shown",
            "label_given",
            "probabilities",
            "has_voice",
            "has_face",
        )
    )
    if run_ids:
        for run_id, index, start_s, end_s, label, given, probabilities, voice, face in rows.iterator(5000):
            by_run[run_id][index] = Judged(start_s, end_s, label, probabilities, voice, face, given is not None)
    return by_run


def _session(recording: Recording, run: Run, numbers: Shares) -> SessionIndex:
    general = run.session_summary.general if hasattr(run, "session_summary") else None
    length = max(recording.duration_s or 0.0, numbers.covered_s)
    return SessionIndex(
        **asdict(numbers),
        recording_id=recording.pk,
        run_id=run.pk,
        recorded_at=recording.recorded_at,
        analysed_at=run.finished_at,
        duration_s=length,
        model_version=str(run.model.get("version", "")),
        synthetic=recording.synthetic,
        coverage=numbers.judged_s / length if length else 0.0,
        voice_coverage=numbers.voice_s / length if length else 0.0,
        face_coverage=numbers.face_s / length if length else 0.0,
        compared_sessions=max((int(each.get("sessions", 0)) for each in run.reference.values()), default=0),
        general_negative_share=general and general["negative_share"],
        reread=run.reread_at is not None,
    )


# --- a student's sessions ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class TrendSettings:
    """How a trend is computed: those of the enabled EWMA rule, so that chart and alerts agree.

    Attributes:
        baseline_sessions: sessions with enough evidence that make the baseline.
        smoothing: weight lambda of the newest session, in (0, 1].
        width: L, half width of the control limits in standard deviations.
        min_evidence_s, min_coverage: a session below either shows too little.
    """

    baseline_sessions: int = 4
    smoothing: float = 0.3
    width: float = 2.7
    min_evidence_s: float = 30.0
    min_coverage: float = 0.3

    @classmethod
    def of_rule(cls, rule: AlertRule) -> "TrendSettings":
        """The settings an EWMA rule asks for."""
        return cls(rule.sessions, rule.smoothing, rule.threshold, rule.min_evidence_s, rule.min_coverage)


def trend_settings() -> TrendSettings:
    """The settings of the enabled EWMA rule; the defaults when there is none."""
    rule = AlertRule.objects.filter(kind=RuleKind.EWMA, enabled=True).order_by("name").first()
    return TrendSettings.of_rule(rule) if rule else TrendSettings()


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
            "alerts": [_plain(asdict(alert)) for alert in self.alerts],
        }


def student_trend(student: Student) -> Trend:
    """The student's whole series; six queries at most, however many sessions."""
    settings = trend_settings()
    sessions = session_indexes(Recording.objects.filter(student=student))
    baseline, points = series(sessions, settings)
    alerts = [
        TrendAlert(alert.pk, alert.crossing_id, alert.kind, alert.status, alert.raised_at)
        for alert in Alert.objects.filter(student=student).order_by("raised_at")
    ]
    return Trend(student.pk, settings, baseline, points, alerts)


def series(sessions: Sequence[SessionIndex], settings: TrendSettings) -> tuple[Baseline | None, list[Point]]:
    """Baseline and points of sessions given oldest first; no baseline until enough of them have enough evidence."""
    enough = [session.enough(settings.min_evidence_s, settings.min_coverage) for session in sessions]
    values = [
        s.negative_share for s, good in zip(sessions, enough, strict=True) if good and s.negative_share is not None
    ]
    baseline = baseline_of(values[: settings.baseline_sessions]) if len(values) >= settings.baseline_sessions else None
    points, seen, ewma = [], 0, baseline.centre if baseline else 0.0
    for session, good in zip(sessions, enough, strict=True):
        seen += good
        monitored = seen - settings.baseline_sessions
        if not good or baseline is None or monitored < 1 or session.negative_share is None:
            in_baseline = good and baseline is not None and monitored < 1
            points.append(Point(session, good, in_baseline, None, None, None))
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


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Ids and times as text."""
    return {
        name: str(value)
        if isinstance(value, uuid.UUID)
        else value.isoformat()
        if isinstance(value, datetime)
        else value
        for name, value in values.items()
    }
