"""The trend's settings leave the EWMA rule: the enabled one's numbers draw the curves from now on."""

from django.db import migrations

DEFAULTS = {"baseline_sessions": 4, "smoothing": 0.3, "width": 2.7, "min_evidence_s": 60, "min_coverage": 0.3}
"""Of an installation without an EWMA rule."""


def take_over(apps, schema_editor):
    """Copies the numbers of the EWMA rule, an enabled one first, and empties what a rule's kind does not use."""
    rules = apps.get_model("analysis", "AlertRule").objects.all()
    rule = rules.filter(kind="ewma").order_by("-enabled", "name").first()
    numbers = DEFAULTS
    if rule is not None:
        numbers = {
            "baseline_sessions": rule.sessions,
            "smoothing": rule.smoothing,
            "width": rule.threshold,
            "min_evidence_s": rule.min_evidence_s,
            "min_coverage": rule.min_coverage,
            "updated_by_id": rule.updated_by_id,
        }
    stored = apps.get_model("analysis", "StoredTrendSettings").objects
    stored.update_or_create(pk=1, defaults=numbers)
    if rule is not None:
        stored.update(updated_at=rule.updated_at)  # the day of the edit, not of the migration
    rules.filter(kind="ewma").update(threshold=None, sessions=None, min_evidence_s=None, min_coverage=None)
    rules.filter(kind="share").update(sessions=None)


def give_back(apps, schema_editor):
    """Gives the EWMA rules their numbers again."""
    stored = apps.get_model("analysis", "StoredTrendSettings").objects.get(pk=1)
    rules = apps.get_model("analysis", "AlertRule").objects.all()
    rules.filter(kind="share").update(sessions=1)
    rules.filter(kind="ewma").update(
        threshold=stored.width,
        sessions=stored.baseline_sessions,
        smoothing=stored.smoothing,
        min_evidence_s=stored.min_evidence_s,
        min_coverage=stored.min_coverage,
    )


class Migration(migrations.Migration):
    dependencies = [("analysis", "0105_trend_settings")]
    operations = [migrations.RunPython(take_over, give_back)]
