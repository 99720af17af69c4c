"""The upload page. The bytes go to the tus endpoint of the API; this page chooses the student and shows the limits."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, Q, Value
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from analysis import wording
from analysis.flow import UploadStatus
from analysis.intake.admission import limits
from analysis.models import Upload
from students.access import Action, door, scoped, signed_in
from students.consent import enough_to_analyse, in_force, may_be_analysed
from students.models import Consent, Purpose, Student, User

LISTED = 20
"""So many students are listed at most; a search finds the others."""


@dataclass(frozen=True)
class Choice:
    """A student in the list: whether an upload is possible, what would be analysed, and why not."""

    student: Student
    possible: bool
    voice: bool
    face: bool
    reason: str | Promise


def _choice(student: Student) -> Choice:
    purposes = {consent.purpose for consent in student.consents_in_force}  # type: ignore[attr-defined]
    possible = enough_to_analyse(purposes)
    reason: str | Promise = ""
    if not possible and Purpose.RECORDING not in purposes:
        reason = _("no valid consent to recording")
    elif not possible:
        reason = _("no valid consent to analysing voice or face")
    return Choice(student, possible, Purpose.VOICE in purposes, Purpose.FACE in purposes, reason)


def choices(user: User, search: str = "", chosen_id: UUID | None = None) -> tuple[list[Choice], int]:
    """The first ``LISTED`` students whose name or number contains ``search``, and how many there are in all.

    The chosen student comes first whatever is looked for, then those for whom an upload is possible.
    """
    rows = scoped(user, Action.RECORDING_UPLOAD, Student.objects.all(), student="").annotate(
        chosen=Q(pk=chosen_id) if chosen_id else Value(value=False),
        possible=may_be_analysed(),
    )
    if search:
        rows = rows.filter(Q(chosen=True) | Q(name__icontains=search) | Q(number__icontains=search))
    listed = rows.order_by("-chosen", "-possible", "name", "number").prefetch_related(
        Prefetch("consents", Consent.objects.filter(in_force()), to_attr="consents_in_force")
    )
    return [_choice(student) for student in listed[:LISTED]], rows.count()


def _key(text: str) -> UUID | None:
    """The id that a form or an address names, if it is one."""
    try:
        return UUID(text)
    except ValueError:
        return None


@door(Action.RECORDING_UPLOAD)
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Choose the student, say when it was recorded, then send a file or record on the spot.

    A search for a student comes by POST, so that no name ever stands in an address or a log.
    """
    user = signed_in(request)
    search = request.POST.get("q", "").strip()[:80]
    chosen_id = _key(request.POST.get("student") or request.GET.get("student", ""))
    listed, total = choices(user, search, chosen_id)
    students = {"choices": listed, "found": total, "search": search, "chosen": chosen_id}
    if request.headers.get("HX-Request") == "true":
        return render(request, "analysis/upload/_students.html", students)
    allowed_here = limits()
    context = {
        **students,
        "recorded_at": request.POST.get("recorded_at", ""),
        "limits": allowed_here,
        "unfinished": Upload.objects.filter(user=user, status=UploadStatus.RECEIVING).select_related("student"),
        "settings": _settings(request),
    }
    return render(request, "analysis/upload/upload.html", context)


def _settings(request: HttpRequest) -> dict[str, Any]:
    """What the page's script needs, in the reader's language."""
    allowed_here = limits()
    placeholder = "00000000-0000-0000-0000-000000000000"
    return {
        "endpoint": reverse("api-uploads"),
        "csrf": get_token(request),
        "maxBytes": allowed_here.max_bytes,
        "extensions": list(allowed_here.extensions),
        "language": get_language() or "en",
        "note": gettext("Up to %(size)s and %(length)s")
        % {
            "size": filesizeformat(allowed_here.max_bytes),
            "length": wording.duration(allowed_here.max_duration_s),
        },
        "placeholder": placeholder,
        "statusUrl": reverse("recording-status", args=[placeholder]),
        "recordingUrl": reverse("recording", args=[placeholder]),
        "words": {
            "chooseStudent": gettext("Choose the student first."),
            "chooseTime": gettext("Say when the interview was recorded."),
            "connection": gettext("The connection was lost before all data had arrived."),
            "connectionNext": gettext(
                "Nothing is lost: press Retry, or come back to this page later and the upload goes on where it stopped."
            ),
            "received": gettext("The recording has arrived and is stored."),
            "receivedNext": gettext("You can leave this page; the analysis goes on by itself."),
            "open": gettext("Open the recording"),
            "duplicate": gettext("This recording of the student was uploaded before."),
            "duplicateNext": gettext("It need not be analysed twice; nothing was stored again."),
            "openExisting": gettext("Open the recording that is already there"),
            "quote": gettext("If you ask for help, quote: %s"),
        },
    }
