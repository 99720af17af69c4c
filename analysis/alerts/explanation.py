"""Why an alert was raised: its strongest moments, and its evidence in plain words."""

import uuid
from collections.abc import Sequence

from django.utils.translation import gettext, ngettext

from analysis import wording
from analysis.alerts.evidence import (
    AnyEvidence,
    EwmaEvidence,
    Moment,
    ShareEvidence,
    SustainedEvidence,
    evidence_read,
)
from analysis.emotions import LABELS, NEGATIVE, is_undecided
from analysis.models import Alert, Segment
from analysis.stretches.rows import marks_by_run
from analysis.trends.labels import with_label_shown
from analysis.trends.shares import SessionIndex

MOMENTS = 5
"""At most so many strongest moments are kept with an alert."""


def strongest_moments(sessions: Sequence[SessionIndex], limit: int = MOMENTS) -> list[Moment]:
    """The judged segments with the most negative probability, strongest first, none overlapping another.

    A label a person gave counts over the model's, and a moment a person called negative counts as certain.
    Undecided moments are left out, as they are from the shares, and those that are not the student's.
    """
    recording_of = {session.run_id: str(session.recording_id) for session in sessions}
    segments = Segment.objects.filter(run__in=list(recording_of), label__isnull=False)
    rows = with_label_shown(segments).values_list(
        "run_id", "start_s", "end_s", "label_shown", "label_given", "probabilities"
    )
    marks = marks_by_run(recording_of)
    candidates = []
    for run_id, start_s, end_s, label, label_given, probabilities in rows:
        negative = label in NEGATIVE and (label_given or not is_undecided(probabilities))
        if negative and not marks[run_id].taken(start_s, end_s):
            mass = 1.0 if label_given else sum((probabilities or {}).get(name, 0.0) for name in NEGATIVE)
            candidates.append((mass, run_id, start_s, end_s, label))
    candidates.sort(key=lambda moment: (-moment[0], str(moment[1]), moment[2]))
    strongest: list[tuple[float, uuid.UUID, float, float, str]] = []
    for moment in candidates:
        _, run_id, start_s, end_s, _ = moment
        if all(run_id != stronger[1] or end_s <= stronger[2] or start_s >= stronger[3] for stronger in strongest):
            strongest.append(moment)
        if len(strongest) == limit:
            break
    return [
        Moment(recording_of[run_id], start_s, end_s, label, round(mass, 4))
        for mass, run_id, start_s, end_s, label in strongest
    ]


# --- in words ---------------------------------------------------------------------------------------------------------


def explain(alert: Alert) -> list[str]:
    """Why the alert was raised, as sentences in the reader's language; says so where evidence is missing."""
    evidence = evidence_read(alert)
    if evidence is None:
        return [gettext("The evidence of this alert is no longer there.")]
    sentences = [_reason(evidence)]
    shares = evidence.negative_shares
    present = sorted((name for name in shares if shares[name] >= 0.005), key=lambda name: -shares[name])
    if present:
        listed = ", ".join(f"{LABELS[name]} {wording.percent(shares[name])}" for name in present)
        sentences.append(gettext("Of the judged time: %(emotions)s.") % {"emotions": listed})
    sentences.append(
        gettext("This rests on %(judged)s that could be judged, at least %(coverage)s of each recording.")
        % {"judged": wording.duration(evidence.judged_s), "coverage": wording.percent(evidence.coverage)}
    )
    if evidence.moments:
        listed = ", ".join(
            f"{wording.span(moment.start_s, moment.end_s)} ({LABELS[moment.label]})" for moment in evidence.moments
        )
        sentences.append(gettext("Strongest moments: %(moments)s.") % {"moments": listed})
    sentences.append(
        gettext(
            "These are estimates of a model, not a diagnosis; please look at the moments yourself before you decide."
        )
    )
    return sentences


def _reason(evidence: AnyEvidence) -> str:
    """What was over which limit, in a sentence."""
    values = {"value": wording.percent(evidence.value), "threshold": wording.percent(evidence.threshold)}
    days = [wording.day(session.recorded_at) for session in evidence.sessions]
    match evidence:
        case ShareEvidence():
            return gettext(
                "In the session of %(day)s a negative emotion was recognised in %(value)s of the judged time; "
                "the rule asks for attention above %(threshold)s."
            ) % {**values, "day": days[0]}
        case SustainedEvidence():
            shares = ", ".join(
                f"{day}: {wording.percent(session.negative_share)}"
                for day, session in zip(days, evidence.sessions, strict=True)
            )
            return ngettext(
                "In %(count)d session a negative emotion took more than %(threshold)s of the judged time (%(shares)s).",
                "In %(count)d sessions in a row a negative emotion took more than %(threshold)s of the judged time "
                "(%(shares)s).",
                len(days),
            ) % {**values, "count": len(days), "shares": shares}
        case EwmaEvidence():
            count = len(evidence.usual.recordings)
            return ngettext(
                "The running average of negative time rose to %(value)s. In the student's first %(count)d session it "
                "was usually %(usual)s, and up to %(threshold)s is within the usual variation.",
                "The running average of negative time rose to %(value)s. In the student's first %(count)d sessions it "
                "was usually %(usual)s, and up to %(threshold)s is within the usual variation.",
                count,
            ) % {**values, "count": count, "usual": wording.percent(evidence.usual.centre)}
