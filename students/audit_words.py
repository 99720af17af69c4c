"""The audit trail in words. The codes are what is stored and searched; only the page shows these.

The codes of ``analysis`` stand here too, as text: a trail outlives the code that wrote it, and has one page. A test
holds the list to every action that the sources write. A code that is not listed is shown as it is.
"""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from students.models import Purpose, Role

ACTIONS: dict[str, str | Promise] = {
    "session.start": _("Signed in"),
    "session.end": _("Signed out"),
    "results.view": _("Looked at results"),
    "report.export": _("Took out a report"),
    "recording.upload": _("Uploaded a recording"),
    "recording.play": _("Played a recording"),
    "recording.delete": _("Recording deleted"),
    "upload.reject": _("Upload refused"),
    "upload.duplicate": _("Upload was there already"),
    "run.request": _("Asked for an analysis"),
    "run.cancel": _("Asked to cancel an analysis"),
    "run.succeeded": _("Analysis succeeded"),
    "run.failed": _("Analysis failed"),
    "run.cancelled": _("Analysis cancelled"),
    "results.delete": _("Results deleted"),
    "results.reread": _("Results compared anew with the student's other sessions"),
    "label.correct": _("Corrected a moment"),
    "alert.raise": _("Alert raised"),
    "alert.acknowledged": _("Acknowledged an alert"),
    "alert.dismissed": _("Dismissed an alert"),
    "alert.escalated": _("Escalated an alert"),
    "alert.closed": _("Closed an alert by review"),
    "alert.revise": _("Alerts revised after results were removed"),
    "review.open": _("Review opened"),
    "review.claim": _("Took a review in hand"),
    "review.release": _("Put a review back"),
    "review.decide": _("Decided a review"),
    "review.lapse": _("Review no longer needed"),
    "rule.update": _("Changed an alert rule"),
    "trend_settings.update": _("Changed how the students’ curves are drawn"),
    "student.create": _("Added a student"),
    "student.update": _("Changed a student's record"),
    "student.erase": _("Erased a student"),
    "roster.import": _("Imported students"),
    "roster.export": _("Exported the students"),
    "care.assign": _("Assigned a counsellor"),
    "care.end": _("Ended a counsellor's assignment"),
    "consent.grant": _("Recorded a consent"),
    "consent.withdraw": _("Withdrew a consent"),
    "consent.expire": _("Consent expired"),
    "consent.evidence": _("Opened a consent form"),
    "user.create": _("Added a person"),
    "user.update": _("Changed a person"),
    "user.role": _("Changed a person's role"),
    "user.activate": _("Activated a person"),
    "user.deactivate": _("Deactivated a person"),
    "user.password_link": _("Made a link to set a password"),
    "user.password_set": _("Set a password"),
    "token.create": _("Made an API token"),
    "token.revoke": _("Revoked an API token"),
}
"""Action to what was done."""

NAMES: dict[str, str | Promise] = {
    "after": _("now"),
    "alerts": _("alerts"),
    "attempt": _("attempt"),
    "before": _("before"),
    "care_ended": _("assignments ended"),
    "code": _("code"),
    "consents": _("consents"),
    "container": _("container format"),
    "count": _("number"),
    "decision": _("decision"),
    "deleted": _("deleted"),
    "enabled": _("in use"),
    "evidence": _("with a form"),
    "wording": _("wording"),
    "expires_on": _("expires on"),
    "fields": _("fields"),
    "format": _("format"),
    "index": _("moment"),
    "kind": _("kind"),
    "min_coverage": _("least judged part"),
    "min_evidence_s": _("least judged seconds"),
    "modality": _("of the"),
    "number": _("analysis number"),
    "purpose": _("purpose"),
    "reason": _("reason"),
    "replaces": _("replaces an earlier one"),
    "rewritten": _("written anew"),
    "role": _("role"),
    "rows": _("rows"),
    "runs": _("analyses"),
    "segments": _("moments"),
    "sessions": _("sessions"),
    "size_bytes": _("size in bytes"),
    "smoothing": _("weight of the newest session"),
    "students": _("students"),
    "threshold": _("threshold"),
    "track": _("face"),
    "via": _("by way of"),
}
"""Name of a detail to what it is called."""

_PURPOSES = {str(value): label for value, label in Purpose.choices}
_ROLES = {str(value): label for value, label in Role.choices}
VALUES: dict[str, Mapping[str, str | Promise]] = {
    "purpose": _PURPOSES,
    "role": _ROLES,
    "before": _ROLES,
    "after": _ROLES,
    "kind": {
        "share": _("Share of negative time in one session"),
        "sustained": _("Negative over several sessions in a row"),
        "ewma": _("Rise above the student's own baseline (EWMA)"),
    },
    "decision": {
        "contact": _("Contact the student"),
        "refer": _("Refer to a specialist service"),
        "monitor": _("Keep an eye on the next sessions"),
        "no_action": _("No action needed"),
        "false_alarm": _("False alarm of the system"),
    },
    "reason": {
        "requested": _("asked for"),
        "withdrawn": _("consent withdrawn"),
        "expired": _("consent expired"),
        "erased": _("student erased"),
    },
    "modality": {"voice": pgettext_lazy("results of the", "voice"), "face": pgettext_lazy("results of the", "face")},
    "rows": {"create": _("new"), "update": _("changed"), "unchanged": _("unchanged"), "error": _("with an error")},
    "fields": {
        "number": _("student number"),
        "name": _("name"),
        "programme": _("programme"),
        "year": _("year"),
        "username": _("user name"),
        "first_name": _("first name"),
        "last_name": _("last name"),
        "email": _("e-mail"),
        "language": _("language"),
    },
    "via": {"api": "API"},
}
"""Name of a detail to the words for its codes."""


def action_words(action: str) -> str:
    """What was done, in the reader's language."""
    return str(ACTIONS.get(action, action))


def detail_words(detail: Mapping[str, Any]) -> list[str]:
    """The details of an event, each as "name: value" in the reader's language; those that say nothing are left out."""
    return [f"{NAMES.get(name, name)}: {_value(name, value)}" for name, value in detail.items() if value is not None]


def _value(name: str, value: Any) -> str:
    words = VALUES.get(name, {})
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, dict):
        keys = [*(key for key in words if key in value), *(key for key in value if key not in words)]
        return ", ".join(f"{words.get(key, key)} {value[key]}" for key in keys)
    if isinstance(value, list):
        return ", ".join(str(words.get(str(item), item)) for item in value)
    return str(words.get(str(value), value))
