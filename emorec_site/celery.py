"""The Celery application.

The broker only carries messages that wake a worker, each with an id; the truth about every run is a database row (see
``analysis.runs.lifecycle``).
Two queues: ``analysis`` for runs, one at a time and minutes long, and ``housekeeping`` for everything short, so
that a two-hour recording never holds up the sweeper that watches over it.
"""

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import worker_ready
from kombu.exceptions import OperationalError
from kombu.transport.redis import Channel

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "emorec_site.settings")

logger = logging.getLogger(__name__)

# Giving messages back when the connection is lost fails on a closed connection and takes the worker down with it
# (kombu 5.7). Nothing need be given back here: the sweep announces every run again whose message was lost.
Channel.do_restore = False

app = Celery("emorec")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.set_default()  # for every thread, not only the one that imports this: web requests send from theirs
app.autodiscover_tasks()


@worker_ready.connect
def _look_for_waiting_runs(sender: Any, **kwargs: Any) -> None:
    """Asks for a sweep when a worker has come up: runs queued before there was a broker wait no longer than that."""
    try:
        app.send_task("analysis.tasks.runs_sweep", retry=False)
    except OperationalError:
        logger.warning("no sweep could be asked for; the next regular one sees to it")


from emorec_site import pulse  # noqa: E402, F401  (connects to the worker's signals)
