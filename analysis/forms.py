"""What people type into the pages about alerts, reviews, rules and labels."""

import re
from typing import Any

from django import forms
from django.db.models import Model
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from analysis import wording
from analysis.alerts.rules import BOUNDS, rule_name
from analysis.emotions import LABELS
from analysis.models import AlertRule, StoredTrendSettings, Who
from analysis.models.alert import REASON_LENGTH, RULE_NAME_LENGTH
from analysis.models.review import NOTE_LENGTH, Decision
from analysis.models.segment import COMMENT_LENGTH
from analysis.trends.settings import BOUNDS as TREND_BOUNDS
from analysis.trends.settings import Bounds


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


class ClockField(forms.CharField):
    """An instant of a recording as a player shows it (4:05, 1:04:05.5) or in seconds; cleaned to seconds."""

    FORM = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,3}):)?(\d{1,6}(?:[.,]\d{1,6})?)", re.ASCII)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=20, **kwargs)

    def clean(self, value: Any) -> Any:
        """Seconds from the start."""
        text = super().clean(value)
        match = self.FORM.fullmatch(text)
        if match is None:
            raise forms.ValidationError(_("Write minutes and seconds, such as 4:05, or seconds alone."), code="clock")
        hours, minutes, seconds = match.groups()
        return int(hours or 0) * 3600 + int(minutes or 0) * 60 + float(seconds.replace(",", "."))

    def prepare_value(self, value: Any) -> Any:
        """Seconds as they are typed."""
        return wording.clock_exact(value) if isinstance(value, int | float) else value


class StretchForm(forms.Form):
    """Whose a stretch of a recording is."""

    start_s = ClockField(label=pgettext_lazy("beginning of a stretch", "From"))
    end_s = ClockField(label=pgettext_lazy("end of a stretch", "To"))
    who = forms.ChoiceField(
        label=_("Who is it?"),
        choices=[(who.value, who.label) for who in (Who.COUNSELLOR, Who.OTHER, Who.NOT_STUDENT, Who.STUDENT)],
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


class SettingsForm(forms.Form):
    """Numbers within bounds. Those in ``SHARES`` are fractions of 1 and typed in per cent."""

    SHARES = frozenset({"threshold", "min_coverage"})
    COUNTS = frozenset({"sessions", "baseline_sessions"})

    def __init__(self, data: QueryDict | None, *, stored: Model, bounds: Bounds, **initial: Any) -> None:
        values = {name: self._displayed(name, getattr(stored, name)) for name in bounds}
        super().__init__(data, initial={**initial, **values})
        for name, (least, greatest) in bounds.items():
            self.fields[name] = self._field(name, least, greatest)

    @classmethod
    def _field(cls, setting: str, least: float, greatest: float) -> forms.Field:
        label, help_text = _SETTINGS[setting]
        if setting in cls.COUNTS:
            return forms.IntegerField(label=label, help_text=help_text, min_value=int(least), max_value=int(greatest))
        return forms.FloatField(
            label=label,
            help_text=help_text,
            min_value=cls._displayed(setting, least),
            max_value=cls._displayed(setting, greatest),
            widget=forms.NumberInput(attrs={"step": "any"}),
        )

    @classmethod
    def _displayed(cls, setting: str, value: float) -> float:
        number = round(100 * value, 2) if setting in cls.SHARES else value
        return int(number) if float(number).is_integer() else number

    def changes(self) -> dict[str, Any]:
        """What is to be stored: shares as fractions of 1."""
        return {name: value / 100 if name in self.SHARES else value for name, value in self.cleaned_data.items()}


class RuleForm(SettingsForm):
    """The settings of one alert rule; only those that its kind uses."""

    name = forms.CharField(label=pgettext_lazy("of a rule", "Name"), max_length=RULE_NAME_LENGTH)
    enabled = forms.BooleanField(label=_("This rule is in use"), required=False)

    def __init__(self, data: QueryDict | None, *, rule: AlertRule) -> None:
        super().__init__(data, stored=rule, bounds=BOUNDS[rule.kind], name=rule_name(rule), enabled=rule.enabled)
        self.rule = rule

    def changes(self) -> dict[str, Any]:
        """What ``rule_update`` takes. A name that was not edited is stored untranslated."""
        values = super().changes()
        if values["name"] == rule_name(self.rule):
            del values["name"]
        return values


class TrendSettingsForm(SettingsForm):
    """The settings by which every curve is drawn."""

    def __init__(self, data: QueryDict | None, *, stored: StoredTrendSettings) -> None:
        super().__init__(data, stored=stored, bounds=TREND_BOUNDS)


_SETTINGS: dict[str, tuple[Any, Any]] = {
    "threshold": (
        _("Share of negative time (per cent)"),
        _("Attention is asked for when more than this part of the judged time is negative."),
    ),
    "sessions": (_("Sessions in a row"), _("So many sessions one after the other have to be over the share above.")),
    "width": (
        _("Width of the limits (standard deviations)"),
        _("The larger, the fewer alerts. Usual values lie between 2.5 and 3."),
    ),
    "baseline_sessions": (
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
