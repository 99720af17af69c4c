"""What was said in a recording, and the work of writing it down."""

from django.db import models

from analysis.models.job import Job, bounded_attempts, leased_while_running
from analysis.models.recording import Recording


class Transcript(Job):
    """The one transcript of a recording; a new one takes its place.

    Attributes:
        method: number of the way it is written (``analysis.transcripts.lifecycle.METHOD``).
        language: ISO 639 code, "" where nobody speaks or nothing is written yet.
        language_probability: 0-1.
        speech_s: seconds in which a voice was found.
        left_out_s: seconds of them that are not written down, because what came out could not be trusted.
        model, timings: as ``ml.transcript.results.Transcription`` gives them.
        content: the sentences, sealed (``analysis.transcripts.content``); null until they are written.
    """

    recording = models.OneToOneField(Recording, models.CASCADE, related_name="transcript")
    method = models.PositiveSmallIntegerField()
    language = models.CharField(max_length=8, blank=True)
    language_probability = models.FloatField(default=0)
    speech_s = models.FloatField(default=0)
    left_out_s = models.FloatField(default=0)
    model = models.JSONField(default=dict)
    timings = models.JSONField(default=dict)
    content = models.BinaryField(null=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            leased_while_running("a_running_transcript_is_leased"),
            bounded_attempts("attempts_at_a_transcript_are_bounded"),
        ]
        indexes = [models.Index(fields=["status", "lease_expires_at"]), models.Index(fields=["status", "not_before"])]
