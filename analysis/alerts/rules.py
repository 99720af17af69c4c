"""The rules by which alerts are raised: their names, their bounds, and how a person edits them."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from analysis.models import AlertRule
from analysis.models.alert import RuleKind
from students import audit
from students.models import User

DEFAULT_RULE_NAMES = (
    gettext_noop("Much negative emotion in one session"),
    gettext_noop("Negative emotion over several sessions"),
    gettext_noop("More negative than the student's own usual"),
)
"""Names of the rules every installation starts with, marked for translation; ``rule_name`` translates them."""


def rule_name(rule: AlertRule) -> str:
    """A rule's name in the reader's language; a name an administrator gave stays as it is."""
    return gettext(rule.name) if rule.name else ""


_SHARE_BOUNDS = {"threshold": (0.05, 0.95), "min_evidence_s": (10, 3600), "min_coverage": (0.05, 1)}
BOUNDS: dict[str, dict[str, tuple[float, float]]] = {
    RuleKind.SHARE: _SHARE_BOUNDS,
    RuleKind.SUSTAINED: {**_SHARE_BOUNDS, "sessions": (2, 20)},
    RuleKind.EWMA: {**_SHARE_BOUNDS, "threshold": (1, 6), "sessions": (3, 20), "smoothing": (0.05, 1)},
}
"""What may be edited per kind of rule besides name and enabled, each with the least and greatest value."""


@transaction.atomic
def rule_update(rule: AlertRule, *, by: User, **changes: Any) -> AlertRule:
    """Edits a rule. Alerts already raised keep the settings they were raised with.

    Args:
        changes: any of ``name``, ``enabled``, ``threshold``, ``sessions``, ``smoothing``, ``min_evidence_s``,
            ``min_coverage``; settings the rule's kind does not use are ignored.

    Raises:
        ValidationError: by field; a value lies outside ``BOUNDS`` or the name is empty.
    """
    stored = AlertRule.objects.select_for_update().get(pk=rule.pk)
    bounds = BOUNDS[stored.kind]
    wanted = {name: value for name, value in changes.items() if name in {"name", "enabled"} | bounds.keys()}
    problems: dict[str, Any] = {
        name: _("Choose a value between %(least)s and %(greatest)s.") % {"least": least, "greatest": greatest}
        for name, (least, greatest) in bounds.items()
        if name in wanted and not (wanted[name] is not None and least <= wanted[name] <= greatest)
    }
    if "name" in wanted and not str(wanted["name"]).strip():
        problems["name"] = _("A rule needs a name.")
    if problems:
        raise ValidationError(problems)
    changed = {name: value for name, value in wanted.items() if getattr(stored, name) != value}
    if changed:
        for name, value in changed.items():
            setattr(stored, name, value)
        stored.updated_by = by
        stored.save()
        numbers = {name: value for name, value in changed.items() if name != "name"}
        audit.record("rule.update", actor=by, object_type="rule", object_ref=stored.pk, kind=stored.kind, **numbers)
    rule.refresh_from_db()
    return rule
