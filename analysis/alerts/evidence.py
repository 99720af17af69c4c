"""What an alert rests on: one frozen type per kind of rule, kept as JSON with the alert and read back from it.

The numbers are kept because the sessions go on changing: corrections, repeats and removals must not rewrite why a
person was once asked to look. Times are seconds, shares fractions of 1.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from analysis.alerts.crossings import Crossing, RuleSettings, ShareSettings, SustainedSettings
from analysis.emotions import NEGATIVE
from analysis.models import Alert, AlertRule
from analysis.models.alert import RuleKind
from analysis.trends.series import TrendSettings


@dataclass(frozen=True)
class ProofSession:
    """One of the sessions that raised the alert. ``recording`` is an id."""

    recording: str
    recorded_at: datetime
    negative_share: float
    judged_s: float
    coverage: float


@dataclass(frozen=True)
class Moment:
    """One of the strongest moments, to look at. ``recording`` is an id, ``probability`` that of negative emotion."""

    recording: str
    start_s: float
    end_s: float
    label: str
    probability: float


@dataclass(frozen=True)
class UsualSessions:
    """What an EWMA alert was measured against: the baseline and the recordings (ids) that made it."""

    centre: float
    sigma: float
    recordings: tuple[str, ...]


@dataclass(frozen=True)
class Evidence:
    """What all kinds of evidence have.

    Attributes:
        value: what was compared: the share, the lowest share in the row, or the running average.
        threshold: what it was compared with.
        rule_name: as it was when the alert was raised.
        judged_s: judged seconds of all the sessions.
        coverage: least share of a recording that was judged.
        negative_shares: share of the judged time per negative emotion.
        model_versions: of the runs.
    """

    value: float
    threshold: float
    rule_name: str
    sessions: tuple[ProofSession, ...]
    judged_s: float
    coverage: float
    negative_shares: dict[str, float]
    model_versions: tuple[str, ...]
    moments: tuple[Moment, ...]

    @property
    def recordings(self) -> list[str]:
        """Ids of the recordings that raised the alert, oldest first."""
        return [session.recording for session in self.sessions]

    @property
    def rests_on(self) -> frozenset[str]:
        """Ids of all recordings without whose results the alert would have another reason or none."""
        return frozenset(self.recordings)


@dataclass(frozen=True)
class ShareEvidence(Evidence):
    """One session over a share."""

    settings: ShareSettings


@dataclass(frozen=True)
class SustainedEvidence(Evidence):
    """Several sessions in a row over a share."""

    settings: SustainedSettings


@dataclass(frozen=True)
class EwmaEvidence(Evidence):
    """A running average over the student's own limit."""

    settings: TrendSettings
    usual: UsualSessions

    @property
    def rests_on(self) -> frozenset[str]:
        """The baseline's recordings too."""
        return frozenset({*self.recordings, *self.usual.recordings})


AnyEvidence = ShareEvidence | SustainedEvidence | EwmaEvidence


# --- from a crossing --------------------------------------------------------------------------------------------------


def evidence_of(rule: AlertRule, settings: RuleSettings, crossing: Crossing, moments: Sequence[Moment]) -> AnyEvidence:
    """What a proven crossing gives, rounded as it is stored."""
    proof = crossing.proof
    judged_s = sum(session.judged_s for session in proof)
    common: dict[str, Any] = {
        "value": round(crossing.value, 4),
        "threshold": round(crossing.limit, 4),
        "rule_name": rule.name,
        "sessions": tuple(
            ProofSession(
                str(session.recording_id),
                session.recorded_at,
                round(session.negative_share or 0.0, 4),
                round(session.judged_s, 1),
                round(session.coverage, 4),
            )
            for session in proof
        ),
        "judged_s": round(judged_s, 1),
        "coverage": round(min(session.coverage for session in proof), 4),
        "negative_shares": {
            name: round(sum(session.shares[name] * session.judged_s for session in proof) / judged_s, 4)
            for name in sorted(NEGATIVE)
        },
        "model_versions": tuple(sorted({session.model_version for session in proof})),
        "moments": tuple(moments),
    }
    match settings:
        case ShareSettings():
            return ShareEvidence(**common, settings=settings)
        case SustainedSettings():
            return SustainedEvidence(**common, settings=settings)
        case TrendSettings():
            if crossing.baseline is None:
                raise ValueError("an EWMA crossing has a baseline")
            makers = tuple(str(session.recording_id) for session in crossing.baseline_sessions)
            usual = UsualSessions(round(crossing.baseline.centre, 4), round(crossing.baseline.sigma, 4), makers)
            return EwmaEvidence(**common, settings=settings, usual=usual)


# --- as JSON ----------------------------------------------------------------------------------------------------------


def evidence_json(evidence: AnyEvidence) -> dict[str, Any]:
    """As ``Alert.evidence`` stores it and the API shows it."""
    values: dict[str, Any] = {
        "value": evidence.value,
        "threshold": evidence.threshold,
        "rule": {"name": evidence.rule_name, **_settings_json(evidence.settings)},
        "recordings": evidence.recordings,
        "sessions": [asdict(each) | {"recorded_at": each.recorded_at.isoformat()} for each in evidence.sessions],
        "judged_s": evidence.judged_s,
        "coverage": evidence.coverage,
        "negative_shares": evidence.negative_shares,
        "model_versions": list(evidence.model_versions),
        "moments": [asdict(moment) for moment in evidence.moments],
    }
    if isinstance(evidence, EwmaEvidence):
        values["baseline"] = asdict(evidence.usual) | {"recordings": list(evidence.usual.recordings)}
    return values


def evidence_read(alert: Alert) -> AnyEvidence | None:
    """What the alert rests on; None where the stored numbers are incomplete."""
    values = alert.evidence
    try:
        common: dict[str, Any] = {
            **{name: values[name] for name in ("value", "threshold", "judged_s", "coverage", "negative_shares")},
            "rule_name": values["rule"]["name"],
            "sessions": tuple(
                ProofSession(**each | {"recorded_at": datetime.fromisoformat(each["recorded_at"])})
                for each in values["sessions"]
            ),
            "model_versions": tuple(values["model_versions"]),
            "moments": tuple(Moment(**moment) for moment in values["moments"]),
        }
        rule = values["rule"]
        match alert.kind:
            case RuleKind.SHARE:
                return ShareEvidence(**common, settings=ShareSettings(**_named(rule, *_SHARE)))
            case RuleKind.SUSTAINED:
                return SustainedEvidence(**common, settings=SustainedSettings(**_named(rule, *_SHARE, "sessions")))
            case _:
                usual = UsualSessions(**values["baseline"] | {"recordings": tuple(values["baseline"]["recordings"])})
                settings = TrendSettings(**{field: rule[stored_name] for field, stored_name in _TREND.items()})
                return EwmaEvidence(**common, settings=settings, usual=usual)
    except (KeyError, TypeError, ValueError):
        return None


_SHARE = ("threshold", "min_evidence_s", "min_coverage")
_TREND = {
    "baseline_sessions": "sessions",
    "smoothing": "smoothing",
    "width": "threshold",
    "min_evidence_s": "min_evidence_s",
    "min_coverage": "min_coverage",
}
"""The trend's settings under the names by which evidence has always kept them."""


def _settings_json(settings: RuleSettings) -> dict[str, Any]:
    match settings:
        case ShareSettings():
            return {"kind": RuleKind.SHARE.value, **asdict(settings)}
        case SustainedSettings():
            return {"kind": RuleKind.SUSTAINED.value, **asdict(settings)}
        case TrendSettings():
            return {
                "kind": RuleKind.EWMA.value,
                **{stored_name: getattr(settings, field) for field, stored_name in _TREND.items()},
            }


def _named(values: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: values[name] for name in names}
