"""The settings by which every student's trend is computed, their bounds, and how an administrator changes them."""

from dataclasses import asdict, fields
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from analysis.models import StoredTrendSettings
from analysis.trends.series import TrendSettings
from students import audit
from students.models import User

Bounds = dict[str, tuple[float, float]]

EVIDENCE_BOUNDS: Bounds = {"min_evidence_s": (10, 3600), "min_coverage": (0.05, 1)}
"""Of what makes enough evidence, for rules and trend alike."""

BOUNDS: Bounds = {
    "baseline_sessions": (3, 20),
    "smoothing": (0.05, 1),
    "width": (1, 6),
    **EVIDENCE_BOUNDS,
}
"""What may be edited, each with the least and greatest value."""


def stored_trend_settings() -> StoredTrendSettings:
    """The row as it stands; with the defaults where nobody has written it."""
    stored = StoredTrendSettings.objects.select_related("updated_by").first()
    return stored or StoredTrendSettings(**asdict(TrendSettings()))


def trend_settings() -> TrendSettings:
    """The settings that every trend is computed by."""
    stored = stored_trend_settings()
    return TrendSettings(**{f.name: getattr(stored, f.name) for f in fields(TrendSettings)})


def out_of_bounds(bounds: Bounds, values: dict[str, Any]) -> dict[str, Any]:
    """Per setting that lies outside its bounds, a sentence; settings without bounds are not looked at."""
    return {
        name: _("Choose a value between %(least)s and %(greatest)s.") % {"least": least, "greatest": greatest}
        for name, (least, greatest) in bounds.items()
        if name in values and not (values[name] is not None and least <= values[name] <= greatest)
    }


@transaction.atomic
def trend_settings_update(*, by: User, **changes: Any) -> StoredTrendSettings:
    """Changes settings. Every curve is drawn by them at once; alerts that were raised keep the settings they had.

    Args:
        changes: any of the names in ``BOUNDS``; others are passed over.

    Raises:
        ValidationError: by field; a value lies outside ``BOUNDS``.
    """
    StoredTrendSettings.objects.get_or_create(pk=StoredTrendSettings.THE_ONE, defaults=asdict(TrendSettings()))
    stored = StoredTrendSettings.objects.select_for_update().get()
    new_values = {name: value for name, value in changes.items() if name in BOUNDS}
    if problems := out_of_bounds(BOUNDS, new_values):
        raise ValidationError(problems)
    changed = {name: value for name, value in new_values.items() if getattr(stored, name) != value}
    if changed:
        for name, value in changed.items():
            setattr(stored, name, value)
        stored.updated_by = by
        stored.save()
        audit.record("trend_settings.update", actor=by, object_type="trend_settings", **changed)
    return stored
