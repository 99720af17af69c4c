"""Messages that wake a worker. One may arrive twice, late or never: the rows say what there is to do."""

import logging
from collections.abc import Callable, Sequence
from uuid import UUID

from celery import current_app

logger = logging.getLogger(__name__)


def announce(task: str, job_id: UUID) -> bool:
    """Sends the message that wakes a worker; False when the broker is away (the sweep announces the job later)."""
    try:
        current_app.send_task(task, args=[str(job_id)], retry=False)
    except Exception as error:  # whatever the transport raises, the job waits in the database
        logger.warning("job %s could not be announced (%s)", job_id, type(error).__name__)
        return False
    return True


def announce_again(due: Sequence[UUID], waiting: int, announce_one: Callable[[UUID], bool]) -> int:
    """Announces every due job when fewer messages wait at the broker than jobs in the database.

    Comparing the two keeps a long queue from filling with a new message per job at each sweep; a superfluous message
    leads to a claim that finds nothing.
    """
    if not due or waiting >= len(due):
        return 0
    announced = 0
    for job_id in due:
        if not announce_one(job_id):
            break
        announced += 1
    return announced


def messages_waiting(queue: str) -> int:
    """How many messages wait at the broker; 0 when it is away."""
    try:
        with current_app.connection_for_read() as connection:
            return int(connection.default_channel.queue_declare(queue).message_count)
    except Exception as error:  # whatever the transport raises: sending will show whether the broker is there
        logger.warning("the waiting messages could not be counted (%s)", type(error).__name__)
        return 0
