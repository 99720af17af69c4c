"""The session index of a run, stored so that a caseload need not read every segment of every recording."""

from django.db import models

from analysis.models.run import Run


class SessionSummary(models.Model):
    """What ``analysis.trends`` computed from the run's segments; goes with the run, written anew when labels change.

    ``numbers`` holds ``trends.shares.Shares`` as a dictionary: shares and seconds, nothing that is not in the segments.
    ``general`` holds the same by people in general; null where the segments were read so.
    """

    run = models.OneToOneField(Run, models.CASCADE, primary_key=True, related_name="session_summary")
    numbers = models.JSONField()
    general = models.JSONField(null=True)

    def __str__(self) -> str:
        return f"session summary of run {self.run_id}"
