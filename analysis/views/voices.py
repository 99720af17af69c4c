"""Saying which of the voices of a recording is the student's."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from analysis.errors import Refused
from analysis.models import Recording
from analysis.runs.choices import voice_choose
from analysis.views.common import carry_out
from students.access import Action, door, fetch, signed_in


@door(Action.LABELS_CORRECT)
@require_POST
def voice(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Analyses the recording once more with this voice as the student's; an empty one lets the evidence decide."""
    user = signed_in(request)
    rows = Recording.objects.select_related("student", "result_run")
    recording = fetch(user, Action.LABELS_CORRECT, rows, pk)
    carry_out(
        request,
        lambda: voice_choose(recording, by=user, speaker=_number(request.POST.get("speaker"))),
        _("The analysis starts anew. This page shows how far it is."),
    )
    return redirect("recording", recording.pk)


def _number(text: str | None) -> int | None:
    """The voice that the form names; None for the empty one.

    Raises:
        Refused: ``unknown_voice``, it is no number.
    """
    if text == "":
        return None
    if text is None or not (text.isascii() and text.isdigit() and len(text) < 5):
        raise Refused("unknown_voice")
    return int(text)
