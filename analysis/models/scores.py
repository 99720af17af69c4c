"""What a run leaves behind for comparing its student with themselves."""

from django.db import models

from analysis.models.run import Run


class RunScores(models.Model):
    """The scores of a run's segments and their sums, sealed (``analysis.references``); they go with the run.

    Scores and sums can tell people apart (docs/threat-model.md), so they exist only where the student's consent says
    so, and lie encrypted.

    Attributes:
        contribution: what the recording adds to its student's reference, as ``ml.reference.Reference.as_dict``.
        segments: per modality the judged segments' numbers and scores.
    """

    run = models.OneToOneField(Run, models.CASCADE, primary_key=True, related_name="scores")
    contribution = models.BinaryField()
    segments = models.BinaryField()

    def __str__(self) -> str:
        return f"scores of run {self.run_id}"
