"""The rules by which alerts are raised: their names, their bounds, and how a person edits them."""

from dataclasses import fields
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from analysis.alerts.crossings import RuleSettings, ShareSettings, SustainedSettings
from analysis.models import AlertRule
from analysis.models.alert import RuleKind
from analysis.trends.series import TrendSettings
from analysis.trends.settings import EVIDENCE_BOUNDS, Bounds, out_of_bounds
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


_SHARE_BOUNDS: Bounds = {"threshold": (0.05, 0.95), **EVIDENCE_BOUNDS}
BOUNDS: dict[str, Bounds] = {
    RuleKind.SHARE: _SHARE_BOUNDS,
    RuleKind.SUSTAINED: {**_SHARE_BOUNDS, "sessions": (2, 20)},
    RuleKind.EWMA: {},
}
"""What may be edited per kind of rule besides name and enabled, each with the least and greatest value.

An EWMA rule raises by the limits of the curve, whose settings stand in ``analysis.trends.settings``.
"""


def rule_settings(rule: AlertRule, trend: TrendSettings) -> RuleSettings:
    """What a rule looks for as it stands now.

    Args:
        trend: the settings of every trend, which are those of an EWMA rule.
    """
    if rule.kind == RuleKind.EWMA:
        return trend
    names = [f.name for f in fields(_TYPES[RuleKind(rule.kind)])]
    return _TYPES[RuleKind(rule.kind)](**{name: getattr(rule, name) for name in names})


_TYPES: dict[RuleKind, type[ShareSettings] | type[SustainedSettings]] = {
    RuleKind.SHARE: ShareSettings,
    RuleKind.SUSTAINED: SustainedSettings,
}


@transaction.atomic
def rule_update(rule: AlertRule, *, by: User, **changes: Any) -> AlertRule:
    """Edits a rule. Alerts already raised keep the settings they were raised with.

    Args:
        changes: any of ``name``, ``enabled``, ``threshold``, ``sessions``, ``min_evidence_s``, ``min_coverage``;
            settings the rule's kind does not use are ignored.

    Raises:
        ValidationError: by field; a value lies outside ``BOUNDS`` or the name is empty.
    """
    stored = AlertRule.objects.select_for_update().get(pk=rule.pk)
    bounds = BOUNDS[stored.kind]
    new_values = {name: value for name, value in changes.items() if name in {"name", "enabled"} | bounds.keys()}
    problems = out_of_bounds(bounds, new_values)
    if "name" in new_values and not str(new_values["name"]).strip():
        problems["name"] = _("A rule needs a name.")
    if problems:
        raise ValidationError(problems)
    changed = {name: value for name, value in new_values.items() if getattr(stored, name) != value}
    if changed:
        for name, value in changed.items():
            setattr(stored, name, value)
        stored.updated_by = by
        stored.save()
        numbers = {name: value for name, value in changed.items() if name != "name"}
        audit.record("rule.update", actor=by, object_type="rule", object_ref=stored.pk, kind=stored.kind, **numbers)
    rule.refresh_from_db()
    return rule
