"""One transcript from claim to text. The only module of this room that runs the engine.

``EMOREC_TRANSCRIBER`` names the function that loads what writes (default ``analysis.transcripts.worker.load``), as
``EMOREC_ENGINE`` does for analyses; it is called once per process.
"""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from analysis.files import storage
from analysis.jobs.attempts import see_through
from analysis.jobs.heartbeat import Heartbeat, StagedProgress
from analysis.transcripts import lifecycle
from ml.errors import RecognitionError
from ml.results import Progress
from ml.transcript.results import Transcription

Transcriber = Callable[[Path, float, Progress], Transcription]
"""``transcriber(path, max_duration_s, progress)``, with the model already loaded."""

STAGE_WEIGHTS: dict[str, float] = {"probe": 1, "sound": 6, "speech": 3, "language": 20, "words": 70}
"""Per cent of the time each stage takes; only the progress bar depends on it."""


def load() -> Transcriber:
    """The real one, its model loaded in this process; never in a parent that is forked later."""
    from ml.transcript.decoder import Decoder
    from ml.transcript.transcribe import transcribe

    decoder = Decoder.load()

    def transcriber(path: Path, max_duration_s: float, progress: Progress) -> Transcription:
        return transcribe(path, decoder, progress, max_duration_s)

    return transcriber


@cache
def _transcriber() -> Transcriber:
    return import_string(settings.EMOREC_TRANSCRIBER)()


def transcript_process(transcript_id: UUID | str) -> str:
    """Claims a transcript and sees it through.

    Returns:
        How it ended, for the log: ``not claimed``, ``succeeded``, ``failed``, ``cancelled`` or ``lost``.
    """
    lease = lifecycle.transcript_claim(transcript_id)
    if lease is None:
        return "not claimed"

    def write(heartbeat: Heartbeat) -> Callable[[], None]:
        path = storage.settle(lease.job.recording)
        if path is None:
            raise RecognitionError("original_missing")
        transcription = _transcriber()(path, settings.EMOREC_MAX_DURATION_S, heartbeat.progress)
        return partial(lifecycle.transcript_complete, lease, transcription)

    return see_through(
        lease,
        StagedProgress(tuple(STAGE_WEIGHTS), STAGE_WEIGHTS),
        write,
        partial(lifecycle.transcript_fail, lease),
        partial(lifecycle.transcript_stop, lease),
    )
