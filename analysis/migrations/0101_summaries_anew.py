"""Sessions are added up anew: moments too close to call no longer count in the shares, and have a number of their own.

A summary that is missing is computed when it is read and written when the student's alerts are next looked at.
"""

from django.db import migrations


def drop_summaries(apps, schema_editor):
    """Deletes what was added up by the earlier rule; segments and corrections stay."""
    apps.get_model("analysis", "SessionSummary").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("analysis", "0100_default_rules")]
    operations = [migrations.RunPython(drop_summaries, migrations.RunPython.noop)]
