"""The list of recordings, one recording with its analysis, and what one can do with it."""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from analysis import wording
from analysis.emotions import LABELS, NEGATIVE, is_unclear, is_undecided
from analysis.errors import problem
from analysis.exchange.exporting import Format
from analysis.flow import UNFINISHED_RUN, RecordingStatus, RunStatus
from analysis.forms import CorrectionForm, StretchForm
from analysis.intake import removal
from analysis.models import Recording, Run, Segment
from analysis.presentation import charts, run_facts
from analysis.presentation.playback import browsers_play
from analysis.presentation.stretch_words import taken_words
from analysis.presentation.talk_facts import talk_facts
from analysis.presentation.voices import run_voices
from analysis.references.reading import general_probabilities
from analysis.runs import lifecycle
from analysis.speakers.verdict import undecided
from analysis.trends.corrections import label_correct
from analysis.trends.labels import segments_read, with_corrections
from analysis.views.common import back, carry_out, no_store, page_of, permits, results_viewed
from analysis.views.stretches import stretches_of
from students.access import Action, allowed, door, fetch, scoped, signed_in
from students.models import User

MOMENTS_PER_PAGE = 15
WHOSE_VOICE = "voice"
"""Beside the states of a recording: somebody must say whose voice is the student's."""


@door(Action.RECORDING_VIEW)
@require_safe
def recordings(request: HttpRequest) -> HttpResponse:
    """The recordings one may see, newest first, by status or by what there is to do."""
    user = signed_in(request)
    rows = scoped(user, Action.RECORDING_VIEW, Recording.objects.all())
    chooses = allowed(user, Action.LABELS_CORRECT)
    if chooses:
        rows = rows.annotate(undecided=undecided())
    chosen_status = request.GET.get("status", "")
    if chosen_status == WHOSE_VOICE and chooses:
        rows = rows.filter(undecided())
    elif chosen_status == RecordingStatus.UPLOADED:
        rows = rows.filter(current_run__isnull=True)
    elif chosen_status in RecordingStatus.values:
        rows = rows.filter(current_run__status=chosen_status)
    else:
        chosen_status = ""
    rows = rows.select_related("student", "current_run").order_by("-uploaded_at", "pk")
    return render(
        request,
        "analysis/recordings/list.html",
        {
            "page": page_of(request, rows),
            "chosen": chosen_status,
            "query": urlencode({"status": chosen_status}) if chosen_status else "",
            "statuses": RecordingStatus.choices,
            "whose_voice": WHOSE_VOICE if chooses else "",
        },
    )


def _fetch_recording(user: User, action: Action, pk: UUID) -> Recording:
    """The recording, if the user may do ``action`` on it, with its student and run."""
    return fetch(
        user, action, Recording.objects.select_related("student", "current_run", "result_run", "uploaded_by"), pk
    )


def _shown_run(request: HttpRequest, recording: Recording) -> Run | None:
    """The run whose results are shown: the one that counts, or the earlier one that ``?run=`` names if it succeeded."""
    number = request.GET.get("run", "")
    if number.isascii() and number.isdigit() and len(number) < 6:
        earlier = Run.objects.filter(recording=recording, number=int(number), status=RunStatus.SUCCEEDED).first()
        if earlier:
            return earlier
    return recording.result_run or recording.current_run


@door(Action.RECORDING_VIEW)
@require_safe
def recording_page(request: HttpRequest, pk: UUID) -> HttpResponse:
    """One recording: its state for everyone who may see it, its results only for those who may see results."""
    user = signed_in(request)
    recording = _fetch_recording(user, Action.RECORDING_VIEW, pk)
    run = _shown_run(request, recording)
    sees_results = permits(user, Action.RESULTS_VIEW, recording.student)
    context: dict[str, Any] = {
        "recording": recording,
        "student": recording.student,
        "run": run,
        "newest": run in (recording.result_run, recording.current_run),
        "earlier": [] if not sees_results else _earlier(recording, run),
        "manages": permits(user, Action.RECORDING_MANAGE, recording.student),
        "sees_results": sees_results,
        "quality": run_facts.quality(run) if run and run.status == RunStatus.SUCCEEDED else [],
        **_status_context(recording, whole=True),
    }
    if sees_results and run and run.status == RunStatus.SUCCEEDED:
        context |= _results(request, run)
        context["corrects"] = permits(user, Action.LABELS_CORRECT, recording.student)
        context |= {"stretch_form": StretchForm(), "stretches": stretches_of(recording), "formats": list(Format)}
        context["chooses"] = (
            context["corrects"] and run == recording.result_run and not (context["unfinished"] or recording.synthetic)
        )
        results_viewed(request, recording.student, "recording", recording.pk)
    return no_store(render(request, "analysis/recordings/recording.html", context))


def _earlier(recording: Recording, shown_run: Run | None) -> QuerySet[Run]:
    """The other runs that have results, newest first."""
    rows = Run.objects.filter(recording=recording, status=RunStatus.SUCCEEDED)
    return rows.exclude(pk=shown_run.pk) if shown_run else rows


def _results(request: HttpRequest, run: Run) -> dict[str, Any]:
    """What was recognised in one run."""
    segments = segments_read(run)
    general = general_probabilities(segments)
    talk = talk_facts(run)
    return {
        "figures": {
            "timeline": charts.timeline_figure(run, general),
            "attention": charts.attention_figure(run),
            "quality": charts.quality_figure(run),
            "turns": talk.figure if talk else None,
        },
        "plays": browsers_play(run.recording),
        "talk": talk,
        "summary": run_facts.summary(run),
        "origin": run_facts.origin(run, general),
        "tracks": run_facts.tracks(run, pictured=True),
        "heard": run_voices(run),
        "segments_data": _segments_data(segments),
        "emotion_labels": {name: str(label) for name, label in LABELS.items()},
        **_moments(request, run, segments),
    }


def _segments_data(segments: Sequence[Any]) -> list[list[Any]]:
    """What the page's script shows under the playhead, per segment.

    ``[id, start, end, label, corrected, unclear, taken]``: ``corrected`` is a person's label, ``unclear`` the words for
    a moment with several likely emotions, ``taken`` those for one that is not the student's; or None.
    """
    return [
        [
            segment.pk,
            segment.start_s,
            segment.end_s,
            segment.label,
            segment.label_given,
            wording.judgement(segment.probabilities) if is_unclear(segment.probabilities) else None,
            taken_words(segment.taken) if segment.taken else None,
        ]
        for segment in segments
    ]


_MOMENTS: dict[str, Callable[[Any], bool]] = {
    "all": lambda _: True,
    "negative": lambda each: (
        each.label_shown in NEGATIVE and (each.label_given is not None or not is_undecided(each.probabilities))
    ),
    "unclear": lambda each: each.label_given is None and is_unclear(each.probabilities),
    "corrected": lambda each: each.label_given is not None,
    "gaps": lambda each: each.label is None,
}
"""Which moments the list may be narrowed to."""


def _moments(request: HttpRequest, run: Run, segments: Sequence[Any]) -> dict[str, Any]:
    """One page of the list of moments."""
    asked_for = request.GET.get("moments", "")
    kind = asked_for if asked_for in _MOMENTS else "all"
    listed = [segment for segment in segments if _MOMENTS[kind](segment)]
    return {
        "moments": page_of(request, listed, MOMENTS_PER_PAGE),
        "moments_chosen": kind,
        "query": urlencode({"run": run.number, "moments": kind}),
        "run": run,
    }


@door(Action.RESULTS_VIEW)
@require_safe
def moments(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A page of the list of moments, for htmx."""
    user = signed_in(request)
    recording = _fetch_recording(user, Action.RESULTS_VIEW, pk)
    run = _shown_run(request, recording)
    if run is None or run.status != RunStatus.SUCCEEDED:
        return redirect("recording", recording.pk)
    context = {
        "recording": recording,
        "corrects": permits(user, Action.LABELS_CORRECT, recording.student),
        **_moments(request, run, segments_read(run)),
    }
    results_viewed(request, recording.student, "recording", recording.pk)
    return no_store(render(request, "analysis/recordings/_moments.html", context))


# --- progress ---------------------------------------------------------------------------------------------------------


def _status_context(recording: Recording, *, whole: bool) -> dict[str, Any]:
    """What the progress panel shows: stage in words, per cent, and for a failure the problem with its next step.

    Args:
        whole: the panel stands on the recording's own page, which is loaded anew when the analysis ends.
    """
    run = recording.current_run
    failed = run is not None and run.status == RunStatus.FAILED
    stopped = run is not None and run.status == RunStatus.CANCELLED and run.error_code
    return {
        "recording": recording,
        "current": run,
        "unfinished": run is not None and run.status in UNFINISHED_RUN,
        "stage": run_facts.stage(run) if run else "",
        "problem": problem(run.error_code) if run and (failed or stopped) else None,
        "whole": whole,
    }


@door(Action.RECORDING_VIEW)
@require_safe
def status(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The progress panel, asked for every two seconds while the analysis waits or runs. Never results."""
    user = signed_in(request)
    recording = _fetch_recording(user, Action.RECORDING_VIEW, pk)
    whole = request.GET.get("whole") == "1"
    context = {
        **_status_context(recording, whole=whole),
        "manages": permits(user, Action.RECORDING_MANAGE, recording.student),
    }
    response = no_store(render(request, "analysis/recordings/_status.html", context))
    if whole and not context["unfinished"] and request.headers.get("HX-Request") == "true":
        response["HX-Refresh"] = "true"
    return response


# --- what one can do --------------------------------------------------------------------------------------------------


@door(Action.RECORDING_MANAGE)
@require_POST
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Stops the analysis that waits or runs."""
    user = signed_in(request)
    recording = _fetch_recording(user, Action.RECORDING_MANAGE, pk)
    carry_out(
        request,
        lambda: lifecycle.run_cancel(recording, by=user),
        _("The analysis is being stopped. The recording stays."),
    )
    return back(request, "recording", recording.pk)


@door(Action.RECORDING_MANAGE)
@require_POST
def repeat(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Analyses the recording once more."""
    user = signed_in(request)
    recording = _fetch_recording(user, Action.RECORDING_MANAGE, pk)
    _request_run(request, recording, user)
    return back(request, "recording", recording.pk)


@door(Action.LABELS_CORRECT)
@require_POST
def track(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Analyses the recording once more with another of the faces that were seen in it."""
    user = signed_in(request)
    recording = _fetch_recording(user, Action.LABELS_CORRECT, pk)
    run = recording.result_run
    track_number = request.POST.get("track", "")
    track_numbers = {str(face.number) for face in run_facts.tracks(run)} if run else set()
    if track_number in track_numbers:
        _request_run(request, recording, user, track=int(track_number))
    else:
        messages.warning(request, _("Choose one of the faces of the list."))
    return redirect("recording", recording.pk)


def _request_run(request: HttpRequest, recording: Recording, user: User, **chosen: int) -> None:
    carry_out(
        request,
        lambda: lifecycle.run_request(recording, by=user, **chosen),
        _("The analysis starts anew. This page shows how far it is."),
    )


@door(Action.RECORDING_MANAGE)
@require_POST
def delete(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Deletes the recording with all that came out of it; the audit trail keeps that it happened."""
    user = signed_in(request)
    recording = _fetch_recording(user, Action.RECORDING_MANAGE, pk)
    student = recording.student
    removal.recording_delete(recording, by=user)
    messages.success(request, _("The recording and its results were deleted."))
    return redirect("student", student.pk)


@door(Action.LABELS_CORRECT)
@require_http_methods(["GET", "HEAD", "POST"])
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """Says what a moment really showed; the model's own judgement stays beside it."""
    user = signed_in(request)
    rows = with_corrections(Segment.objects.select_related("run__recording__student"))
    segment = fetch(user, Action.LABELS_CORRECT, rows, str(pk), student="run__recording__student")
    recording = segment.run.recording
    newest = segment.corrected[0] if segment.corrected else None
    form = CorrectionForm(
        request.POST if request.method == "POST" else None, initial={"label": newest.label if newest else segment.label}
    )
    if request.method == "POST" and form.is_valid():
        carry_out(
            request,
            lambda: label_correct(segment, by=user, **form.cleaned_data),
            _("Your correction was saved. The system’s own judgement stays beside it."),
        )
        return redirect(f"{reverse('recording', args=[recording.pk])}#t={segment.start_s:g}")
    context = {"form": form, "segment": segment, "recording": recording, "student": recording.student}
    partial = request.headers.get("HX-Request") == "true"
    template = "analysis/recordings/_correct.html" if partial else "analysis/recordings/correct.html"
    return no_store(render(request, template, context))
