"""One attempt at a job, from its claim to an end; whatever happens in it, the row shows it afterwards."""

import logging
import traceback
from collections.abc import Callable
from typing import Any, Protocol

from django.db import close_old_connections

from analysis.jobs.heartbeat import Heartbeat, StagedProgress
from analysis.jobs.leases import Lease, LeaseLost
from ml.errors import Cancelled, RecognitionError

logger = logging.getLogger(__name__)


class Work(Protocol):
    """What is done: ``work(heartbeat)`` gives the function that writes the result."""

    def __call__(self, heartbeat: Heartbeat) -> Callable[[], None]:
        """Raises RecognitionError for what is expected to go wrong; anything else is a bug, or the machine."""


class Failed(Protocol):
    """``failed(code, passing=...)`` writes down that the attempt went wrong."""

    def __call__(self, code: str, *, passing: bool) -> None: ...


def see_through(
    lease: Lease[Any], overall: StagedProgress, work: Work, failed: Failed, stopped: Callable[[], None]
) -> str:
    """Does the work while a heartbeat keeps the lease.

    Args:
        stopped: writes down that the job was cancelled on request.

    Returns:
        How it ended, for the log: ``succeeded``, ``failed``, ``cancelled`` or ``lost``.
    """
    with Heartbeat(lease, overall) as heartbeat:
        outcome = _attempt(lease, heartbeat, work, failed, stopped)
    logger.info("%s attempt %d %s", lease.job, lease.job.attempt, outcome)
    return outcome


def _attempt(lease: Lease[Any], heartbeat: Heartbeat, work: Work, failed: Failed, stopped: Callable[[], None]) -> str:
    try:
        complete = work(heartbeat)
        heartbeat.check()
        close_old_connections()  # the server may have ended an idle one during a long recognition
        complete()
    except (Cancelled, LeaseLost):
        if not lease.held().filter(cancel_requested=True).exists():
            return "lost"
        stopped()
        return "cancelled"
    except RecognitionError as error:
        failed(error.code, passing=False)
        return "failed"
    except Exception as error:  # a bug, or the machine: told apart from what the engine expects
        logger.error("%s ended in %s\n%s", lease.job, type(error).__qualname__, _where(error))
        failed("internal", passing=True)
        return "failed"
    return "succeeded"


def _where(error: BaseException) -> str:
    """The traceback without the message, which could hold something from the recording."""
    return "".join(traceback.format_tb(error.__traceback__))
