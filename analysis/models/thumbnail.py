"""Small pictures of the people in a recording, by which a person can tell who is who."""

from django.db import models

from analysis.models.run import Run


class FaceThumbnail(models.Model):
    """A picture of one person, kept with the run that saw them and erased with it.

    Attributes:
        track: the person's number in the run.
        time_s: when it was taken, in seconds.
        start_s, end_s: of the stretch in sight that it is from.
        jpeg: 96x96 pixels.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="thumbnails")
    track = models.PositiveIntegerField()
    time_s = models.FloatField()
    start_s = models.FloatField()
    end_s = models.FloatField()
    jpeg = models.BinaryField()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"thumbnail {self.pk} of run {self.run_id}"
