"""The upload page. The bytes go to the tus endpoint of the API; this page chooses the student and shows the limits."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from analysis import wording
from analysis.intake import limits
from analysis.models import Upload
from analysis.models.recording import UploadStatus
from students.access import Action, door, scoped, signed_in
from students.consent import in_force
from students.models import Consent, Purpose, Student, User


@dataclass(frozen=True)
class Choice:
    """A student in the list: whether an upload is possible, what would be analysed, and why not."""

    student: Student
    voice: bool
    face: bool
    reason: str | Promise

    @property
    def possible(self) -> bool:
        """Whether the student can be chosen."""
        return not self.reason


def _choice(student: Student) -> Choice:
    purposes = {consent.purpose for consent in student.consents_in_force}  # type: ignore[attr-defined]
    voice, face = Purpose.VOICE in purposes, Purpose.FACE in purposes
    reason: str | Promise = ""
    if Purpose.RECORDING not in purposes:
        reason = _("no valid consent to recording")
    elif not (voice or face):
        reason = _("no valid consent to analysing voice or face")
    return Choice(student, voice, face, reason)


def choices(user: User) -> list[Choice]:
    """Every student the user may upload for in principle; those who can be chosen first."""
    rows = (
        scoped(user, Action.RECORDING_UPLOAD, Student.objects.all(), student="")
        .prefetch_related(Prefetch("consents", Consent.objects.filter(in_force()), to_attr="consents_in_force"))
        .order_by("name", "number")
    )
    return sorted((_choice(student) for student in rows), key=lambda choice: not choice.possible)


@door(Action.RECORDING_UPLOAD)
@require_safe
def upload(request: HttpRequest) -> HttpResponse:
    """Choose the student, say when it was recorded, then send a file or record on the spot."""
    user = signed_in(request)
    allowed_here = limits()
    context = {
        "choices": choices(user),
        "chosen": request.GET.get("student", ""),
        "limits": allowed_here,
        "unfinished": Upload.objects.filter(user=user, status=UploadStatus.RECEIVING).select_related("student"),
        "settings": _settings(request),
    }
    return render(request, "analysis/upload.html", context)


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
