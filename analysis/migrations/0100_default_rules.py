"""The rules every installation starts with; an administrator edits them on the page of alert rules."""

from django.db import migrations

# Names are those of analysis.alerts.rules.DEFAULT_RULE_NAMES, which marks them for translation.
RULES = [
    # One session: well over half of what was judged, with at least a minute of evidence.
    {
        "kind": "share",
        "name": "Much negative emotion in one session",
        "threshold": 0.6,
        "sessions": 1,
        "min_evidence_s": 60,
        "min_coverage": 0.3,
    },
    # Less, but three times running.
    {
        "kind": "sustained",
        "name": "Negative emotion over several sessions",
        "threshold": 0.45,
        "sessions": 3,
        "min_evidence_s": 60,
        "min_coverage": 0.3,
    },
    # Against the student's own first four sessions.
    {
        "kind": "ewma",
        "name": "More negative than the student's own usual",
        "threshold": 2.7,
        "sessions": 4,
        "smoothing": 0.3,
        "min_evidence_s": 60,
        "min_coverage": 0.3,
    },
]


def create_rules(apps, schema_editor):
    """Adds each rule unless one of its name is there."""
    rule_model = apps.get_model("analysis", "AlertRule")
    for rule in RULES:
        rule_model.objects.get_or_create(name=rule["name"], defaults=rule)


class Migration(migrations.Migration):
    dependencies = [("analysis", "0002_initial")]
    operations = [migrations.RunPython(create_rules, migrations.RunPython.noop)]
