"""The first page after signing in: for each role the one thing that comes first."""

from datetime import timedelta

from django.db.models import Count, Exists, F, OuterRef, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from analysis.alerts.caseload import Urgency, caseload
from analysis.alerts.reviews import review_queue
from analysis.flow import UNFINISHED_RUN, RunStatus, UploadStatus
from analysis.models import Recording, Run, Upload
from analysis.speakers.verdict import undecided
from students import audit
from students.access import Action, allowed, door, scoped, signed_in
from students.consent import EXPIRES_SOON, has_consent, in_force
from students.models import CareAssignment, Consent, Purpose, Student, User

RECENT = timedelta(days=7)


@door(Action.ACCOUNT)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Who reviews sees the queue, who uploads sees uploads, who cares for students sees them."""
    user = signed_in(request)
    if allowed(user, Action.REVIEW_DECIDE):
        return _reviewer(request, user)
    if allowed(user, Action.RECORDING_UPLOAD):
        return _uploader(request, user)
    return _counselor(request, user)


def _counselor(request: HttpRequest, user: User) -> HttpResponse:
    """The caseload, those who need attention first and why."""
    entries = caseload(user)
    audit.results_viewed(user, "caseload", students=len(entries))
    first = [entry for entry in entries if entry.urgency >= Urgency.WATCH]
    open_questions = scoped(user, Action.LABELS_CORRECT, Recording.objects.filter(undecided()))
    return render(
        request,
        "analysis/home/counselor.html",
        {
            "first": first,
            "others": entries[len(first) :],
            "total": len(entries),
            "whose_voice": open_questions.select_related("student").order_by("-recorded_at")[:10],
        },
    )


def _uploader(request: HttpRequest, user: User) -> HttpResponse:
    """Uploads and their progress."""
    recordings = scoped(user, Action.RECORDING_VIEW, Recording.objects.filter(synthetic=False))
    recent = recordings.select_related("student", "current_run").order_by("-uploaded_at")
    troubled = recent.filter(current_run__status=RunStatus.FAILED, uploaded_at__gte=timezone.now() - 4 * RECENT)
    return render(
        request,
        "analysis/home/staff.html",
        {
            "unfinished": Upload.objects.filter(user=user, status=UploadStatus.RECEIVING).select_related("student"),
            "active": recent.filter(current_run__status__in=UNFINISHED_RUN)[:20],
            "troubled": troubled[:10],
            "recent": recent.exclude(current_run__status__in=[*UNFINISHED_RUN, RunStatus.FAILED])[:10],
        },
    )


def _reviewer(request: HttpRequest, user: User) -> HttpResponse:
    """The queue of flagged students, and how the system is doing."""
    return render(
        request,
        "analysis/home/admin.html",
        {"queue": review_queue(user)[:10], "state": _state(), "todo": _todo(user)},
    )


def _state() -> dict[str, object]:
    """How the analyses are doing: counts over all recordings, nothing about a single one."""
    now = timezone.now()
    counts = Run.objects.aggregate(
        waiting=Count("pk", filter=Q(status=RunStatus.QUEUED)),
        running=Count("pk", filter=Q(status=RunStatus.RUNNING)),
        succeeded=Count("pk", filter=Q(status=RunStatus.SUCCEEDED, finished_at__gte=now - RECENT)),
        failed=Count("pk", filter=Q(status=RunStatus.FAILED, finished_at__gte=now - RECENT)),
    )
    oldest = Run.objects.filter(status=RunStatus.QUEUED).order_by("created_at").values_list("created_at", flat=True)
    return {**counts, "oldest": oldest.first(), "stuck": _stuck()}


def _stuck() -> bool:
    """Whether analyses are due for five minutes while none is going: then the worker is probably down."""
    now = timezone.now()
    overdue = Run.objects.filter(
        status=RunStatus.QUEUED, not_before__lte=now - timedelta(minutes=5), created_at__lte=now - timedelta(minutes=5)
    )
    alive = Run.objects.filter(status=RunStatus.RUNNING, heartbeat_at__gte=now - timedelta(minutes=5))
    return overdue.exists() and not alive.exists()


def _todo(user: User) -> dict[str, int]:
    """What an administrator looks after besides reviews."""
    students = scoped(user, Action.STUDENT_MANAGE, Student.objects.all(), student="")
    cared_for = CareAssignment.objects.filter(student=OuterRef("pk"), until__isnull=True)
    soon = Consent.objects.filter(in_force(), expires_on__lte=timezone.localdate() + EXPIRES_SOON)
    counts = students.aggregate(
        students=Count("pk"),
        unconsented=Count("pk", filter=~Q(has_consent(Purpose.RECORDING))),
        unassigned=Count("pk", filter=~Exists(cared_for)),
    )
    return {**counts, "expiring": soon.filter(student__erased_at=None).values(pk_=F("student")).distinct().count()}
