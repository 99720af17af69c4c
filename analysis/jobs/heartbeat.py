"""How far a job is: per cent over all stages, and the heartbeat that saves them and keeps the lease alive.

The engine works in the process's main thread. A second thread, with its own database connection, renews the lease,
saves the progress and finds out whether to stop; the progress hook only looks at that thread's result, so a slow
database never slows the engine down, and a hung engine never looks alive for longer than the task's time limit.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection

from analysis.jobs import leases
from analysis.jobs.leases import Beat, Lease
from ml.errors import Cancelled

logger = logging.getLogger(__name__)

TICK_S = 1.0
ALMOST = 99.0
"""The bar stays below 100 until the result is in the database."""


class StagedProgress:
    """Progress within stages -> percent over all of them; never goes back.

    Stages may interleave. One that was skipped without a report, such as those of the voice in a silent film, is left
    out of the calculation, so that the rest still rises evenly.
    """

    def __init__(
        self, stages: Sequence[str], weights: Mapping[str, float], together: Sequence[frozenset[str]] = ()
    ) -> None:
        """Begin at nothing.

        Args:
            stages: in their order.
            weights: per cent of the time each of them takes, without those that are left out.
            together: sets of stages that are skipped together: without sound no voice is judged.
        """
        self._together = tuple(together)
        self._stages = tuple(stages)
        self._weights = dict(weights)
        self._done_by_stage: dict[str, float] = {}
        self.percent = 0.0

    def update(self, stage: str, completed: float, total: float) -> float:
        """The percent (0-99) after ``completed`` of ``total`` of this stage."""
        share = min(1.0, max(0.0, completed / total)) if total > 0 else 1.0
        self._done_by_stage[stage] = max(share, self._done_by_stage.get(stage, 0.0))
        for earlier in self._stages[: self._stages.index(stage)] if stage in self._stages else ():
            if earlier not in self._done_by_stage:
                self._leave_out(earlier)
        reached = sum(weight * self._done_by_stage.get(name, 0.0) for name, weight in self._weights.items())
        whole = sum(self._weights.values())
        self.percent = max(self.percent, min(ALMOST, 100 * reached / whole if whole else 0.0))
        return self.percent

    def _leave_out(self, stage: str) -> None:
        skipped = next((stages for stages in self._together if stage in stages), frozenset({stage}))
        for each in skipped - self._done_by_stage.keys():
            self._weights.pop(each, None)


class Heartbeat:
    """Keeps a lease alive from a thread of its own, and is the engine's progress hook.

    Progress is saved every second when it has changed, the lease renewed at least every ``EMOREC_HEARTBEAT_S``. When
    the database cannot be reached the thread goes on trying; the lease then runs out by itself.
    """

    def __init__(self, lease: Lease[Any], overall: StagedProgress) -> None:
        self._lease = lease
        self._overall = overall
        self._stage = ""
        self._saved: tuple[str, float] = ("", 0.0)
        self._finished = threading.Event()
        self._stop: Beat | None = None
        self._thread = threading.Thread(target=self._keep, name=f"lease-{lease.job.pk}", daemon=True)

    def __enter__(self) -> "Heartbeat":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._finished.set()
        self._thread.join()

    def progress(self, stage: str, completed: float, total: float) -> None:
        """The engine's hook (``ml.results.Progress``); raises ``ml.errors.Cancelled`` when the job is to stop."""
        self._overall.update(stage, completed, total)
        self._stage = stage
        self.check()

    def check(self) -> None:
        """Raises ``ml.errors.Cancelled`` when cancellation was asked for or the lease is gone."""
        if self._stop is not None:
            raise Cancelled

    def _keep(self) -> None:
        since_beat = 0.0
        tick = min(TICK_S, settings.EMOREC_HEARTBEAT_S / 2)
        try:
            while not self._finished.wait(tick) and self._stop is None:
                since_beat += tick
                if since_beat >= settings.EMOREC_HEARTBEAT_S or self._saved != self._now():
                    since_beat = 0.0
                    self._beat()
        finally:
            connection.close()

    def _now(self) -> tuple[str, float]:
        return self._stage, round(self._overall.percent, 1)

    def _beat(self) -> None:
        stage, percent = self._now()
        try:
            beat = leases.renew(self._lease, stage=stage, percent=percent)
        except DatabaseError as error:
            logger.warning("heartbeat of %s failed (%s)", self._lease.job, type(error).__name__)
            connection.close()
            return
        self._saved = (stage, percent)
        if beat is not Beat.RENEWED:
            self._stop = beat
