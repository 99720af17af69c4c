"""Annotations taken out for ELAN, Praat and spreadsheets, and corrections brought back in.

The uploaded bytes wait in the person's session (server side) between preview and confirmation; the browser sends back
only the digest of the preview it showed.
"""

from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis.errors import Refused
from analysis.exchange.checking import annotations_preview
from analysis.exchange.exporting import annotations_export
from analysis.exchange.importing import annotations_import
from analysis.exchange.reading import MAX_BYTES
from analysis.models import Recording
from analysis.views.common import carry_out, no_store, page_of, results_viewed
from students import waiting_file
from students.access import Action, door, fetch, signed_in

SESSION_KEY = "annotations"
ROWS_PER_PAGE = 100


@door(Action.RESULTS_VIEW)
@require_safe
def export(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The file in the format that ``?format=`` names."""
    user = signed_in(request)
    recording = fetch(user, Action.RESULTS_VIEW, _recordings(), pk)
    try:
        exported = annotations_export(recording, request.GET.get("format", ""), by=user)
    except Refused as refused:
        return _turned_down(request, recording, refused)
    response = HttpResponse(exported.content, content_type=exported.content_type)
    response["Content-Disposition"] = f'attachment; filename="{exported.name}"'
    return no_store(response)


@door(Action.LABELS_CORRECT)
@require_POST
def bring_in(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Takes a file and leads to its preview."""
    user = signed_in(request)
    recording = fetch(user, Action.LABELS_CORRECT, _recordings(), pk)
    try:
        data = _uploaded(request)
        annotations_preview(recording, data)
    except Refused as refused:
        return _turned_down(request, recording, refused)
    waiting_file.keep(request, SESSION_KEY, data, of=recording.pk)
    return redirect("annotations-preview", recording.pk)


def _uploaded(request: HttpRequest) -> bytes:
    """The bytes of the file that was sent.

    Raises:
        Refused: ``annotations_missing``, ``annotations_too_large``.
    """
    upload = request.FILES.get("file")
    if upload is None:
        raise Refused("annotations_missing")
    if (upload.size or 0) > MAX_BYTES:
        raise Refused("annotations_too_large")
    data: bytes = upload.read()
    return data


@door(Action.LABELS_CORRECT)
@require_http_methods(["GET", "HEAD", "POST"])
def preview(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Shows what the waiting file would do; a POST with the digest of that preview does it, or discards the file."""
    user = signed_in(request)
    recording = fetch(user, Action.LABELS_CORRECT, _recordings(), pk)
    data = waiting_file.kept(request, SESSION_KEY, of=recording.pk)
    if data is None:
        return _turned_down(request, recording, Refused("no_file_waiting"))
    if request.method == "POST":
        return _confirm(request, recording, data)
    try:
        shown = annotations_preview(recording, data)
    except Refused as refused:
        waiting_file.forget(request, SESSION_KEY)
        return _turned_down(request, recording, refused)
    results_viewed(request, recording.student, "recording", recording.pk)
    context = {
        "recording": recording,
        "student": recording.student,
        "preview": shown,
        "page": page_of(request, shown.rows, ROWS_PER_PAGE),
    }
    return no_store(render(request, "analysis/recordings/annotations_preview.html", context))


def _confirm(request: HttpRequest, recording: Recording, data: bytes) -> HttpResponse:
    if "discard" in request.POST:
        waiting_file.forget(request, SESSION_KEY)
        messages.info(request, _("Nothing was written."))
        return redirect("recording", recording.pk)
    user, digest = signed_in(request), request.POST.get("digest", "")
    done = carry_out(
        request,
        lambda: annotations_import(recording, data, by=user, digest=digest),
        _("The rows of the file were written. The session’s numbers have been added up anew."),
    )
    if not done:
        return redirect("annotations-preview", recording.pk)
    waiting_file.forget(request, SESSION_KEY)
    return redirect("recording", recording.pk)


def _turned_down(request: HttpRequest, recording: Recording, refused: Refused) -> HttpResponseRedirect:
    """Back to the recording, which says why and what to do next."""
    messages.warning(request, f"{refused.problem.sentence} {refused.problem.next_step}")
    return redirect("recording", recording.pk)


def _recordings() -> QuerySet[Recording]:
    return Recording.objects.select_related("student", "result_run")
