"""A student's sessions from the rows: their segments added up, the sums kept per run, and the whole trend."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.expressions import ExpressionWrapper
from django.db.models.fields import BooleanField

from analysis.models import Alert, Recording, Run, Segment, SessionSummary
from analysis.references.reading import general_probabilities
from analysis.stretches.rows import marks_by_run
from analysis.talk.figures import descriptions_read
from analysis.trends.labels import with_label_shown
from analysis.trends.series import Trend, TrendAlert, series
from analysis.trends.settings import trend_settings
from analysis.trends.shares import Judged, SessionIndex, Shares, shares_of
from students.models import Student


def session_index(recording: Recording) -> SessionIndex | None:
    """The session index of a recording, from its newest succeeded run; None while it has none."""
    indexes = session_indexes(Recording.objects.filter(pk=recording.pk))
    return indexes[0] if indexes else None


def session_indexes(recordings: QuerySet[Recording]) -> list[SessionIndex]:
    """Session indexes of those recordings that have a succeeded run, oldest first; at most four queries."""
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
    general = {run.pk: _general_shares(judged[run.pk], _general(run)) for run in compared}
    SessionSummary.objects.bulk_create(
        [
            SessionSummary(
                run_id=run_id, numbers=asdict(shares_of(list(segments.values()))), general=general.get(run_id)
            )
            for run_id, segments in judged.items()
        ],
        update_conflicts=True,
        unique_fields=["run"],
        update_fields=["numbers", "general"],
    )


def _general(run: Run) -> dict[int, dict[str, float] | None]:
    return general_probabilities(list(run.segments.only("index", "probabilities", "general")))


def _general_shares(
    segments: Mapping[int, Judged], general: Mapping[int, dict[str, float] | None]
) -> dict[str, Any] | None:
    """The sums by people in general, ready for JSON; a person's correction counts there too."""
    if not general:
        return None
    judged_segments = []
    for index, segment in segments.items():
        probabilities = general.get(index)
        if probabilities is not None and segment.probabilities is not None:
            label = segment.label if segment.by_person else max(probabilities, key=lambda name: probabilities[name])
            judged_segments.append(segment._replace(label=label, probabilities=probabilities))
        else:
            judged_segments.append(segment)
    return asdict(shares_of(judged_segments))


def _judged(run_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[int, Judged]]:
    """The segments of these runs by number, those that are not the student's as gaps.

    Two queries; none where nothing is asked for.
    """
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
        marks = marks_by_run(run_ids)
        for run_id, index, start_s, end_s, label, label_given, probabilities, voice, face in rows.iterator(5000):
            if marks[run_id].taken(start_s, end_s):
                by_run[run_id][index] = Judged(start_s, end_s, None, None, False, False)
                continue
            by_run[run_id][index] = Judged(start_s, end_s, label, probabilities, voice, face, label_given is not None)
    return by_run


def _session(recording: Recording, run: Run, numbers: Shares) -> SessionIndex:
    general = run.session_summary.general if hasattr(run, "session_summary") else None
    length = max(recording.duration_s or 0.0, numbers.covered_s)
    held_s = max(length - run.quality.get("file", {}).get("left_out_s", 0.0), numbers.covered_s)
    return SessionIndex(
        **asdict(numbers),
        recording_id=recording.pk,
        run_id=run.pk,
        recorded_at=recording.recorded_at,
        analysed_at=run.finished_at,
        duration_s=length,
        model_version=str(run.model.get("version", "")),
        synthetic=recording.synthetic,
        coverage=numbers.judged_s / held_s if held_s else 0.0,
        voice_coverage=numbers.voice_s / held_s if held_s else 0.0,
        face_coverage=numbers.face_s / held_s if held_s else 0.0,
        compared_sessions=max((int(each.get("sessions", 0)) for each in run.reference.values()), default=0),
        general_negative_share=general and general["negative_share"],
        reread=run.reread_at is not None,
        conversation=descriptions_read(run.conversation),
    )


def student_trend(student: Student) -> Trend:
    """The student's whole series; seven queries at most, however many sessions."""
    settings = trend_settings()
    sessions = session_indexes(Recording.objects.filter(student=student))
    baseline, points = series(sessions, settings)
    alerts = [
        TrendAlert(alert.pk, alert.crossing_id, alert.kind, alert.status, alert.raised_at)
        for alert in Alert.objects.filter(student=student).order_by("raised_at")
    ]
    return Trend(student.pk, settings, baseline, points, alerts)
