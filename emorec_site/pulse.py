"""A worker's sign of life: its main process keeps a key per queue in Redis, which expires by itself.

Written by the main process and not by a task, so a worker busy with a two-hour recording is heard from all the same.
"""

import logging
import time
from typing import Any

import redis
from celery.signals import heartbeat_sent, worker_ready
from django.conf import settings

logger = logging.getLogger(__name__)

KEEP_S = 30
EVERY_S = 5
TIMEOUT_S = 1.0

_queues: list[str] = []
_last = 0.0


def client() -> "redis.Redis":
    """A connection that gives up quickly."""
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S)


def key(queue: str) -> str:
    """The Redis key of a queue's sign of life."""
    return f"emorec:pulse:{queue}"


def worker_alive(queue: str) -> bool:
    """Whether a worker of this queue gave a sign of life within the last half minute."""
    with client() as connection:
        return bool(connection.exists(key(queue)))


@worker_ready.connect
def _ready(sender: Any = None, **kwargs: Any) -> None:
    """Remembers which queues this worker serves."""
    _queues[:] = [queue.name for queue in sender.task_consumer.queues]
    _beat()


@heartbeat_sent.connect
def _beat(**kwargs: Any) -> None:
    global _last  # noqa: PLW0603  (one main process, one thread)
    if not _queues or time.monotonic() - _last < EVERY_S:
        return
    _last = time.monotonic()
    try:
        with client() as connection:
            for queue in _queues:
                connection.set(key(queue), "1", ex=KEEP_S)
    except redis.RedisError as error:
        logger.warning("no sign of life could be given (%s)", type(error).__name__)
