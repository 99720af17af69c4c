"""What people type into the pages about alerts, reviews, rules and labels."""

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from analysis.alerts.rules import BOUNDS, rule_name
from analysis.emotions import LABELS
from analysis.models import AlertRule
from analysis.models.alert import REASON_LENGTH, RULE_NAME_LENGTH, RuleKind
from analysis.models.review import NOTE_LENGTH, Decision
from analysis.models.segment import COMMENT_LENGTH


class CorrectionForm(forms.Form):
    """What a moment really showed."""

    label = forms.ChoiceField(label=_("What this moment really showed"), choices=list(LABELS.items()))
    comment = forms.CharField(
        label=_("Comment"),
        required=False,
        max_length=COMMENT_LENGTH,
        help_text=_("Why, if it helps. No names, please."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class DismissForm(forms.Form):
    """Why an alert is of no concern."""

    reason = forms.CharField(
        label=_("Why this is no cause for concern"), max_length=REASON_LENGTH, widget=forms.Textarea(attrs={"rows": 3})
    )


class EscalateForm(forms.Form):
    """What the reviewing administrator should know."""

    reason = forms.CharField(
        label=_("What the administrator should know"),
        required=False,
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class DecisionForm(forms.Form):
    """What a review came to."""

    decision = forms.ChoiceField(label=_("Decision"), choices=Decision.choices, widget=forms.RadioSelect)
    note = forms.CharField(
        label=_("Note"),
        max_length=NOTE_LENGTH,
        help_text=_("What you looked at, what you decided and why. It stays with the student's record."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class RuleForm(forms.Form):
    """The settings of one alert rule; only those that its kind uses. Shares are typed in per cent."""

    name = forms.CharField(label=pgettext_lazy("of a rule", "Name"), max_length=RULE_NAME_LENGTH)
    enabled = forms.BooleanField(label=_("This rule is in use"), required=False)

    def __init__(self, data: QueryDict | None, *, rule: AlertRule) -> None:
        settings = {name: self._shown(rule.kind, name, getattr(rule, name)) for name in BOUNDS[rule.kind]}
        super().__init__(data, initial={"name": rule_name(rule), "enabled": rule.enabled, **settings})
        self.rule = rule
        for name, (least, greatest) in BOUNDS[rule.kind].items():
            self.fields[name] = self._field(rule.kind, name, least, greatest)

    @classmethod
    def _field(cls, kind: str, setting: str, least: float, greatest: float) -> forms.Field:
        """The field of one setting with its bounds, which are those of ``analysis.alerts.rules``."""
        label, help_text = _SETTINGS[(kind, setting)] if (kind, setting) in _SETTINGS else _SETTINGS[setting]
        if setting == "sessions":
            return forms.IntegerField(label=label, help_text=help_text, min_value=int(least), max_value=int(greatest))
        return forms.FloatField(
            label=label,
            help_text=help_text,
            min_value=cls._shown(kind, setting, least),
            max_value=cls._shown(kind, setting, greatest),
            widget=forms.NumberInput(attrs={"step": "any"}),
        )

    @staticmethod
    def _is_share(kind: str, setting: str) -> bool:
        return setting == "min_coverage" or (setting == "threshold" and kind != RuleKind.EWMA)

    @classmethod
    def _shown(cls, kind: str, setting: str, value: float) -> float:
        shown = round(100 * value, 2) if cls._is_share(kind, setting) else value
        return int(shown) if float(shown).is_integer() else shown

    def changes(self) -> dict[str, Any]:
        """What ``rule_update`` takes: shares as fractions of 1. A name left as it is shown stays untranslated."""
        values = {
            name: value / 100 if self._is_share(self.rule.kind, name) else value
            for name, value in self.cleaned_data.items()
        }
        if values["name"] == rule_name(self.rule):
            del values["name"]
        return values


_SETTINGS: dict[str | tuple[str, str], tuple[Any, Any]] = {
    "threshold": (
        _("Share of negative time (per cent)"),
        _("Attention is asked for when more than this part of the judged time is negative."),
    ),
    (RuleKind.EWMA, "threshold"): (
        _("Width of the limits (standard deviations)"),
        _("The larger, the fewer alerts. Usual values lie between 2.5 and 3."),
    ),
    "sessions": (_("Sessions in a row"), _("So many sessions one after the other have to be over the share above.")),
    (RuleKind.EWMA, "sessions"): (
        _("Sessions that make the baseline"),
        _("The student’s first sessions with enough evidence; later ones are compared with them."),
    ),
    "smoothing": (
        _("Weight of the newest session"),
        _("The larger, the faster the running average follows the newest sessions."),
    ),
    "min_evidence_s": (
        _("Least judged time (seconds)"),
        _("A session in which fewer seconds could be judged never raises an alert."),
    ),
    "min_coverage": (
        _("Least judged part of the recording (per cent)"),
        _("Nor does one in which a smaller part of the recording could be judged."),
    ),
}
