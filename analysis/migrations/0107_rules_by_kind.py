from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("analysis", "0106_trend_settings_from_the_rule")]

    operations = [
        migrations.RemoveField(
            model_name='alertrule',
            name='smoothing',
        ),
        migrations.AddConstraint(
            model_name='alertrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind__in', ['share', 'sustained']), ('min_coverage__gte', 0), ('min_coverage__lte', 1), ('min_evidence_s__gte', 0), ('threshold__gt', 0), ('threshold__lte', 1)), models.Q(('kind', 'ewma'), ('min_coverage__isnull', True), ('min_evidence_s__isnull', True), ('threshold__isnull', True)), _connector='OR'), name='a_rule_has_what_its_kind_uses'),
        ),
        migrations.AddConstraint(
            model_name='alertrule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'sustained'), ('sessions__gte', 1)), models.Q(models.Q(('kind', 'sustained'), _negated=True), ('sessions__isnull', True)), _connector='OR'), name='only_a_sustained_rule_counts_sessions'),
        ),
    ]
