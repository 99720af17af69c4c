"""Why an alert was raised: the numbers kept with it, and the same in plain words."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext, ngettext

from analysis import wording
from analysis.alerts.crossings import Crossing, RuleSettings
from analysis.emotions import LABELS, NEGATIVE, is_undecided
from analysis.models import Alert, AlertRule, Segment
from analysis.models.alert import RuleKind
from analysis.trends.labels import with_label_shown
from analysis.trends.shares import SessionIndex

MOMENTS = 5
"""At most so many strongest moments are kept with an alert."""


def evidence_of(rule: AlertRule, settings: RuleSettings, crossing: Crossing) -> dict[str, Any]:
    """The numbers that raise an alert, ready for JSON. Seconds, and shares as fractions of 1."""
    proof = crossing.proof
    judged_s = sum(session.judged_s for session in proof)
    evidence: dict[str, Any] = {
        "value": round(crossing.value, 4),
        "threshold": round(crossing.limit, 4),
        "rule": {"name": rule.name, **settings.as_dict()},
        "recordings": [str(session.recording_id) for session in proof],
        "sessions": [
            {
                "recording": str(session.recording_id),
                "recorded_at": session.recorded_at.isoformat(),
                "negative_share": round(session.negative_share or 0.0, 4),
                "judged_s": round(session.judged_s, 1),
                "coverage": round(session.coverage, 4),
            }
            for session in proof
        ],
        "judged_s": round(judged_s, 1),
        "coverage": round(min(session.coverage for session in proof), 4),
        "negative_shares": {
            name: round(sum(session.shares[name] * session.judged_s for session in proof) / judged_s, 4)
            for name in sorted(NEGATIVE)
        },
        "model_versions": sorted({session.model_version for session in proof}),
        "moments": strongest_moments(proof),
    }
    if crossing.baseline:
        evidence["baseline"] = {
            "centre": round(crossing.baseline.centre, 4),
            "sigma": round(crossing.baseline.sigma, 4),
            "recordings": [str(session.recording_id) for session in crossing.baseline_sessions],
        }
    return evidence


def strongest_moments(sessions: Sequence[SessionIndex], limit: int = MOMENTS) -> list[dict[str, Any]]:
    """The judged segments with the most negative probability, strongest first, none overlapping another.

    A label a person gave counts over the model's, and a moment a person called negative counts as certain.
    Undecided moments are left out, as they are from the shares.
    """
    recording_of = {session.run_id: str(session.recording_id) for session in sessions}
    segments = Segment.objects.filter(run__in=list(recording_of), label__isnull=False)
    rows = with_label_shown(segments).values_list(
        "run_id", "start_s", "end_s", "label_shown", "label_given", "probabilities"
    )
    candidates = []
    for run_id, start_s, end_s, shown, given, probabilities in rows:
        if shown in NEGATIVE and (given or not is_undecided(probabilities)):
            mass = 1.0 if given else sum((probabilities or {}).get(name, 0.0) for name in NEGATIVE)
            candidates.append((mass, run_id, start_s, end_s, shown))
    candidates.sort(key=lambda moment: (-moment[0], str(moment[1]), moment[2]))
    chosen: list[tuple[float, uuid.UUID, float, float, str]] = []
    for moment in candidates:
        _, run_id, start_s, end_s, _ = moment
        if all(run_id != other[1] or end_s <= other[2] or start_s >= other[3] for other in chosen):
            chosen.append(moment)
        if len(chosen) == limit:
            break
    return [
        {
            "recording": recording_of[run_id],
            "start_s": start_s,
            "end_s": end_s,
            "label": label,
            "probability": round(mass, 4),
        }
        for mass, run_id, start_s, end_s, label in chosen
    ]


# --- in words ---------------------------------------------------------------------------------------------------------


def explain(alert: Alert) -> list[str]:
    """Why the alert was raised, as sentences in the reader's language; says so where evidence is missing."""
    evidence = alert.evidence
    if "value" not in evidence or "threshold" not in evidence:
        return [gettext("The evidence of this alert is no longer there.")]
    sentences = [
        {RuleKind.SHARE: _share_words, RuleKind.SUSTAINED: _sustained_words, RuleKind.EWMA: _ewma_words}[
            RuleKind(alert.kind)
        ](evidence)
    ]
    shares: dict[str, float] = evidence.get("negative_shares", {})
    present = sorted((name for name in shares if shares[name] >= 0.005), key=lambda name: -shares[name])
    if present:
        listed = ", ".join(f"{LABELS[name]} {wording.percent(shares[name])}" for name in present)
        sentences.append(gettext("Of the judged time: %(emotions)s.") % {"emotions": listed})
    if "judged_s" in evidence:
        sentences.append(
            gettext("This rests on %(judged)s that could be judged, at least %(coverage)s of each recording.")
            % {"judged": wording.duration(evidence["judged_s"]), "coverage": wording.percent(evidence["coverage"])}
        )
    if evidence.get("moments"):
        listed = ", ".join(
            f"{wording.span(moment['start_s'], moment['end_s'])} ({LABELS[moment['label']]})"
            for moment in evidence["moments"]
        )
        sentences.append(gettext("Strongest moments: %(moments)s.") % {"moments": listed})
    sentences.append(
        gettext(
            "These are estimates of a model, not a diagnosis; please look at the moments yourself before you decide."
        )
    )
    return sentences


def _days(evidence: dict[str, Any]) -> list[str]:
    return [wording.day(datetime.fromisoformat(session["recorded_at"])) for session in evidence.get("sessions", [])]


def _share_words(evidence: dict[str, Any]) -> str:
    values = {"value": wording.percent(evidence["value"]), "threshold": wording.percent(evidence["threshold"])}
    days = _days(evidence)
    if days:
        return gettext(
            "In the session of %(day)s a negative emotion was recognised in %(value)s of the judged time; "
            "the rule asks for attention above %(threshold)s."
        ) % {**values, "day": days[0]}
    return (
        gettext(
            "A negative emotion was recognised in %(value)s of the judged time; "
            "the rule asks for attention above %(threshold)s."
        )
        % values
    )


def _sustained_words(evidence: dict[str, Any]) -> str:
    count = len(evidence.get("recordings", []))
    shares = ", ".join(
        f"{day}: {wording.percent(session['negative_share'])}"
        for day, session in zip(_days(evidence), evidence.get("sessions", []), strict=True)
    )
    return ngettext(
        "In %(count)d session a negative emotion took more than %(threshold)s of the judged time (%(shares)s).",
        "In %(count)d sessions in a row a negative emotion took more than %(threshold)s of the judged time "
        "(%(shares)s).",
        count,
    ) % {
        "count": count,
        "threshold": wording.percent(evidence["threshold"]),
        "shares": shares or wording.percent(evidence["value"]),
    }


def _ewma_words(evidence: dict[str, Any]) -> str:
    values = {"value": wording.percent(evidence["value"]), "threshold": wording.percent(evidence["threshold"])}
    baseline = evidence.get("baseline")
    if baseline:
        count = len(baseline["recordings"])
        return ngettext(
            "The running average of negative time rose to %(value)s. In the student's first %(count)d session it was "
            "usually %(usual)s, and up to %(threshold)s is within the usual variation.",
            "The running average of negative time rose to %(value)s. In the student's first %(count)d sessions it was "
            "usually %(usual)s, and up to %(threshold)s is within the usual variation.",
            count,
        ) % {**values, "count": count, "usual": wording.percent(baseline["centre"])}
    return (
        gettext(
            "The running average of negative time rose to %(value)s, above the student's own limit of %(threshold)s."
        )
        % values
    )
