"""One run from claim to result. The only module that runs the recognition engine.

The engine works in the process's main thread; beside it ``analysis.runs.progress`` keeps the lease alive.

``EMOREC_ENGINE`` names the function that loads the engine (default ``analysis.runs.worker.load_engine``). It exists so
that the tests of kills and restarts need not wait for a real recognition; it is called once per process.
"""

import logging
import traceback
from collections.abc import Callable
from functools import cache
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import close_old_connections
from django.utils.module_loading import import_string

from analysis.files import storage
from analysis.models import Run
from analysis.runs import lifecycle
from analysis.runs.lifecycle import Lease, LeaseLost
from analysis.runs.progress import Heartbeat
from ml.config import Config
from ml.errors import Cancelled, RecognitionError
from ml.results import Progress, Recognition

logger = logging.getLogger(__name__)

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
    with Heartbeat(lease) as heartbeat:
        outcome = _attempt(lease, heartbeat)
    logger.info("run %s attempt %d %s", lease.run.pk, lease.run.attempt, outcome)
    return outcome


def _attempt(lease: Lease, heartbeat: Heartbeat) -> str:
    """One attempt; whatever happens in it, the row shows it afterwards."""
    try:
        path = storage.settle(lease.run.recording)
        if path is None:
            raise RecognitionError("original_missing")
        recognition = _engine()(path, run_config(lease.run), heartbeat.progress)
        heartbeat.check()
        close_old_connections()  # the server may have ended an idle one during a long recognition
        lifecycle.run_complete(lease, recognition)
    except (Cancelled, LeaseLost):
        return _stopped(lease)
    except RecognitionError as error:
        lifecycle.run_fail(lease, error.code, passing=False)
        return "failed"
    except Exception as error:  # a bug, or the machine: told apart from what the engine expects
        logger.error("run %s ended in %s\n%s", lease.run.pk, type(error).__qualname__, _where(error))
        lifecycle.run_fail(lease, "internal", passing=True)
        return "failed"
    return "succeeded"


def _stopped(lease: Lease) -> str:
    """Records the cancellation if one was asked for and the run is still this worker's."""
    if lease.held().filter(cancel_requested=True).exists():
        lifecycle.run_stop(lease)
        return "cancelled"
    return "lost"


def _where(error: BaseException) -> str:
    """The traceback without the message, which could hold something from the recording."""
    return "".join(traceback.format_tb(error.__traceback__))


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
