"""What was said in a recording, its captions, and the search through a student's sessions."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis.errors import Refused, problem
from analysis.flow import UNFINISHED_RUN, RunStatus
from analysis.models import Recording, Transcript, Turn
from analysis.presentation import captions
from analysis.transcripts import lifecycle
from analysis.transcripts.content import Sentence, sentences_of
from analysis.transcripts.search import MOST_HITS, QUERY_LENGTH, normalised, transcripts_search
from analysis.transcripts.speakers import sentence_speakers
from analysis.views.common import back, carry_out, no_store, permits, results_viewed
from students import audit
from students.access import Action, door, fetch, fetch_student, signed_in


def _recording(request: HttpRequest, action: Action, pk: UUID) -> Recording:
    return fetch(signed_in(request), action, Recording.objects.select_related("student", "result_run"), pk)


@door(Action.RESULTS_VIEW)
@require_safe
def transcript(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The panel on the recording's page: the text, or how far it is; asks for itself again until it has ended."""
    recording = _recording(request, Action.RESULTS_VIEW, pk)
    row = Transcript.objects.filter(recording=recording).first()
    context: dict[str, Any] = {
        "recording": recording,
        "transcript": row,
        "unfinished": row is not None and row.status in UNFINISHED_RUN,
        "manages": permits(signed_in(request), Action.TRANSCRIPT_MANAGE, recording.student),
        **_text_or_problem(recording, row),
    }
    if context["sentences"]:
        results_viewed(request, recording.student, "transcript", recording.pk)
    return no_store(render(request, "analysis/recordings/_transcript.html", context))


def _text_or_problem(recording: Recording, row: Transcript | None) -> dict[str, Any]:
    """The sentences of a finished transcript, or why there is none, and whether one can be asked for."""
    if row is not None and row.status == RunStatus.SUCCEEDED:
        sentences = sentences_of(row)
        return {
            "sentences": sentences or [],
            "spoken": _spoken(recording, sentences or []),
            "language": captions.language_name(row.language),
            "problem": problem("transcript_sealed") if sentences is None else None,
            "possible": row.method != lifecycle.METHOD,
        }
    ended_badly = row is not None and row.status in {RunStatus.FAILED, RunStatus.CANCELLED} and row.error_code
    context: dict[str, Any] = {"sentences": [], "problem": problem(row.error_code) if row and ended_badly else None}
    try:
        lifecycle.may_be_written(recording)
    except Refused as refusal:
        return {**context, "possible": False, "refusal": refusal.problem}
    return {**context, "possible": row is None or row.status not in UNFINISHED_RUN}


def _spoken(recording: Recording, sentences: Sequence[Sentence]) -> list[tuple[Sentence, int | None]]:
    """Each sentence with the number of its voice, where it is sure that several people speak; else with None."""
    run = recording.result_run
    turns: list[tuple[float, float, int]] = []
    if sentences and run is not None and run.summary.get("several"):
        turns = list(Turn.objects.filter(run=run).values_list("start_s", "end_s", "speaker__number"))
    return list(zip(sentences, sentence_speakers(sentences, turns), strict=True))


@door(Action.TRANSCRIPT_MANAGE)
@require_POST
def write(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Asks for the transcript of a recording."""
    recording = _recording(request, Action.TRANSCRIPT_MANAGE, pk)
    carry_out(
        request,
        lambda: lifecycle.transcript_request(recording, by=signed_in(request)),
        _("What is said will be written down. This page shows how far it is."),
    )
    return back(request, "recording", recording.pk)


@door(Action.TRANSCRIPT_MANAGE)
@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Stops the writing that waits or is under way."""
    recording = _recording(request, Action.TRANSCRIPT_MANAGE, pk)
    carry_out(
        request,
        lambda: lifecycle.transcript_cancel(recording, by=signed_in(request)),
        _("The writing is being stopped. Recording and results stay."),
    )
    return back(request, "recording", recording.pk)


@door(Action.RESULTS_VIEW)
@require_safe
def recording_captions(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The transcript as WebVTT, for the player; 404 where there is none to read."""
    recording = _recording(request, Action.RESULTS_VIEW, pk)
    row = Transcript.objects.filter(recording=recording, status=RunStatus.SUCCEEDED).first()
    sentences = sentences_of(row) if row else None
    if sentences is None:
        raise Http404
    results_viewed(request, recording.student, "transcript", recording.pk)
    response = HttpResponse(captions.webvtt(sentences), content_type=captions.MEDIA_TYPE)
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


@door(Action.RESULTS_VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Searches what was said in a student's sessions. The words come by POST and stand in no address, log or trail."""
    student = fetch_student(request.user, Action.RESULTS_VIEW, pk)
    query = request.POST.get("q", "").strip()[:QUERY_LENGTH]
    context: dict[str, Any] = {
        "student": student,
        "search": query,
        "query_length": QUERY_LENGTH,
        "most_hits": MOST_HITS,
        "written": Transcript.objects.filter(recording__student=student, status=RunStatus.SUCCEEDED).count(),
    }
    if normalised(query):
        found = transcripts_search(student, query)
        context["found"] = found
        audit.record(
            "transcript.search", actor=signed_in(request), student=student, sessions=found.searched, hits=found.hits
        )
    return no_store(render(request, "analysis/students/transcripts.html", context))
