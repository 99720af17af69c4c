"""One run from claim to result. The only module that runs the recognition engine.

The engine works in the process's main thread; beside it ``analysis.jobs.heartbeat`` keeps the lease alive.

``EMOREC_ENGINE`` names the function that loads the engine (default ``analysis.runs.worker.load_engine``). It exists so
that the tests of kills and restarts need not wait for a real recognition; it is called once per process.
"""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.utils.module_loading import import_string

from analysis.files import storage
from analysis.jobs.attempts import see_through
from analysis.jobs.heartbeat import Heartbeat
from analysis.models import Run
from analysis.runs import lifecycle
from analysis.runs.progress import Overall
from ml.config import Config
from ml.errors import RecognitionError
from ml.results import Progress, Recognition

Engine = Callable[[Path, Config, Progress], Recognition]
"""``engine(path, config, progress)``: a recognition with the models already loaded."""


def load_engine() -> Engine:
    """The real engine with its models, loaded in this process; never in a parent that is forked later."""
    from ml.recognise import load_models, recognise

    models = load_models()

    def engine(path: Path, config: Config, progress: Progress) -> Recognition:
        return recognise(path, models, config, progress)

    return engine


@cache
def _engine() -> Engine:
    return import_string(settings.EMOREC_ENGINE)()


def run_process(run_id: UUID | str) -> str:
    """Claims a run and sees it through.

    Returns:
        How it ended, for the log: ``not claimed``, ``succeeded``, ``failed``, ``cancelled`` or ``lost``.
    """
    lease = lifecycle.run_claim(run_id)
    if lease is None:
        return "not claimed"

    def recognise(heartbeat: Heartbeat) -> Callable[[], None]:
        path = storage.settle(lease.run.recording)
        if path is None:
            raise RecognitionError("original_missing")
        recognition = _engine()(path, run_config(lease.run), heartbeat.progress)
        return partial(lifecycle.run_complete, lease, recognition)

    return see_through(
        lease,
        Overall(voice=lease.run.voice, face=lease.run.face),
        recognise,
        partial(lifecycle.run_fail, lease),
        partial(lifecycle.run_stop, lease),
    )


def run_config(run: Run) -> Config:
    """The engine's configuration for a claimed run."""
    return Config(
        voice=run.voice,
        face=run.face,
        voice_by=settings.EMOREC_VOICE_BY,
        fusion=settings.EMOREC_FUSION,
        alpha=settings.EMOREC_FUSION_ALPHA,
        beta=settings.EMOREC_FUSION_BETA,
        sample_fps=settings.EMOREC_SAMPLE_FPS,
        max_duration_s=settings.EMOREC_MAX_DURATION_S,
        track=run.track,
        speaker=run.speaker,
    )
