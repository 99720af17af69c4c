"""The students a person cares for, in the order in which they need attention, and why."""

import uuid
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db.models import IntegerChoices
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from analysis.flow import UNSETTLED_ALERT, AlertStatus
from analysis.models import Alert, Recording
from analysis.models.alert import RuleKind
from analysis.trends.series import Baseline, Point, TrendSettings, series
from analysis.trends.sessions import session_indexes
from analysis.trends.settings import trend_settings
from analysis.trends.shares import SessionIndex
from students.access import Action, scoped
from students.models import Student, User

SPARKLINE = 12
"""So many newest sessions go into a sparkline."""


class Urgency(IntegerChoices):
    """How much a student needs attention; the greater the sooner."""

    NO_DATA = 0, _("no results yet")
    STEADY = 1, _("as usual")
    WATCH = 2, _("keep an eye on")
    OPEN = 3, _("look today")
    ESCALATED = 4, _("under review")


@dataclass(frozen=True)
class CaseloadEntry:
    """One student on the counsellor's home.

    Attributes:
        why: the reasons for the urgency, as sentences in the reader's language.
        last_at: when the newest analysed session was recorded.
        last_share: its negative share; None where it has too little evidence to say.
        sparkline: negative shares of the newest sessions, oldest first; None likewise.
        unsettled: alerts nobody has settled yet, oldest first.
    """

    student: Student
    urgency: Urgency
    why: list[str]
    last_at: datetime | None
    last_share: float | None
    sparkline: list[float | None]
    unsettled: list[Alert]

    @property
    def urgency_label(self) -> str:
        """The urgency in the reader's language."""
        return str(self.urgency.label)


def caseload(user: User) -> list[CaseloadEntry]:
    """The students whose results the user may see, who needs attention first. Seven queries, however many students."""
    students = list(scoped(user, Action.RESULTS_VIEW, Student.objects.all(), student=""))
    alerts: dict[uuid.UUID, list[Alert]] = defaultdict(list)
    for alert in Alert.objects.filter(student__in=students, status__in=UNSETTLED_ALERT).order_by("raised_at"):
        alerts[alert.student_id].append(alert)
    sessions: dict[uuid.UUID, list[SessionIndex]] = defaultdict(list)
    recordings = Recording.objects.filter(student__in=students)
    owner = dict(recordings.values_list("pk", "student_id"))
    for session in session_indexes(recordings):
        sessions[owner[session.recording_id]].append(session)
    settings = trend_settings()
    entries = [_entry(student, alerts[student.pk], sessions[student.pk], settings) for student in students]
    return sorted(entries, key=_order)


def _order(entry: CaseloadEntry) -> tuple[int, float, float, str]:
    """The most urgent first; among equals whose alert has waited longest, then whose last session was worst."""
    waiting = entry.unsettled[0].raised_at.timestamp() if entry.unsettled else 0.0
    return -entry.urgency, waiting, -(entry.last_share or 0.0), entry.student.name


def _entry(
    student: Student, alerts: list[Alert], sessions: list[SessionIndex], settings: TrendSettings
) -> CaseloadEntry:
    baseline, points = series(sessions, settings)
    urgency, why = _reasons(alerts, points, baseline, settings)
    shares = [point.session.negative_share if point.enough else None for point in points]
    return CaseloadEntry(
        student=student,
        urgency=urgency,
        why=why,
        last_at=sessions[-1].recorded_at if sessions else None,
        last_share=shares[-1] if shares else None,
        sparkline=shares[-SPARKLINE:],
        unsettled=alerts,
    )


def _reasons(
    alerts: list[Alert], points: list[Point], baseline: Baseline | None, settings: TrendSettings
) -> tuple[Urgency, list[str]]:
    """How urgent it is, and the reasons in words, the weightiest first."""
    why = []
    urgency = Urgency.STEADY if points else Urgency.NO_DATA
    by_status = {status: [alert for alert in alerts if alert.status == status] for status in UNSETTLED_ALERT}
    over = bool(points) and points[-1].over
    if over:
        urgency = Urgency.WATCH
        why.append(gettext("The running average stands above the student's own limit."))
    if acknowledged := by_status[AlertStatus.ACKNOWLEDGED]:
        urgency = Urgency.WATCH
        text = ngettext(
            "%d alert acknowledged and not settled yet", "%d alerts acknowledged and not settled yet", len(acknowledged)
        )
        why.insert(0, _with_kinds(text, acknowledged))
    if new := by_status[AlertStatus.OPEN]:
        urgency = Urgency.OPEN
        why.insert(0, _with_kinds(ngettext("%d new alert", "%d new alerts", len(new)), new))
    if escalated := by_status[AlertStatus.ESCALATED]:
        urgency = max(urgency, Urgency.ESCALATED)
        text = ngettext("%d alert waits for the review", "%d alerts wait for the review", len(escalated))
        why.insert(0, _with_kinds(text, escalated))
    return urgency, why or [_nothing_to_report(points, baseline, settings)]


def _with_kinds(text: str, alerts: list[Alert]) -> str:
    kinds = dict.fromkeys(str(RuleKind(alert.kind).label) for alert in alerts)
    return gettext("%(what)s: %(kinds)s.") % {"what": text % len(alerts), "kinds": "; ".join(kinds)}


def _nothing_to_report(points: list[Point], baseline: Baseline | None, settings: TrendSettings) -> str:
    if not points:
        return gettext("No recording has been analysed yet.")
    if not points[-1].enough:
        return gettext("The last session shows too little of voice and face to say anything.")
    if baseline is None:
        have = sum(point.enough for point in points)
        return gettext("The student's own baseline is being built: %(have)d of %(need)d sessions.") % {
            "have": have,
            "need": settings.baseline_sessions,
        }
    return gettext("Within the student's usual range.")
