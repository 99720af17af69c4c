"""Whose a stretch of a recording is: a person says so, and takes it back."""

import math
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from analysis.forms import StretchForm
from analysis.models import Recording, Stretch
from analysis.trends.marking import stretch_mark, stretch_remove
from analysis.views.common import carry_out, no_store
from students.access import Action, door, fetch, signed_in


@door(Action.LABELS_CORRECT)
@require_http_methods(["GET", "HEAD", "POST"])
def stretches(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The marks of a recording and a form for another one; ``start_s`` and ``end_s`` may be given, in seconds."""
    user = signed_in(request)
    recording = fetch(user, Action.LABELS_CORRECT, Recording.objects.select_related("student"), pk)
    form = StretchForm(request.POST) if request.method == "POST" else StretchForm(initial=_asked_for(request))
    if request.method == "POST" and form.is_valid():
        carry_out(
            request,
            lambda: stretch_mark(recording, by=user, **form.cleaned_data),
            _("The mark was saved. The session’s numbers have been added up anew."),
        )
        return redirect(f"{reverse('recording', args=[recording.pk])}#stretches")
    context = {
        "recording": recording,
        "student": recording.student,
        "corrects": True,
        "stretch_form": form,
        "stretches": stretches_of(recording),
    }
    status = 422 if form.errors else 200
    return no_store(render(request, "analysis/recordings/stretches.html", context, status=status))


@door(Action.LABELS_CORRECT)
@require_POST
def remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Takes a mark back."""
    user = signed_in(request)
    rows = Stretch.objects.select_related("recording")
    stretch = fetch(user, Action.LABELS_CORRECT, rows, pk, student="recording__student")
    carry_out(request, lambda: stretch_remove(stretch, by=user), _("The mark was removed."))
    return redirect(f"{reverse('recording', args=[stretch.recording_id])}#stretches")


def stretches_of(recording: Recording) -> list[Stretch]:
    """The marks as a page lists them, in order of time, with who made them."""
    return list(Stretch.objects.filter(recording=recording).select_related("by"))


def _asked_for(request: HttpRequest) -> dict[str, Any]:
    """The times that the address names; what is no time is passed over."""
    asked = {}
    for name in ("start_s", "end_s"):
        try:
            seconds = float(request.GET.get(name, ""))
        except ValueError:
            continue
        if math.isfinite(seconds) and 0 <= seconds < 1e6:
            asked[name] = seconds
    return asked
