"""The right to work on a job: taken, renewed, given back, taken away. The row is the truth.

Whoever claims a job holds its lease: a token drawn for this claim and a time by which it must be renewed. Every write
to a claimed job names the token. A worker that was paused, cut off or outlived a withdrawal finds its token gone and
writes nothing. When the lease runs out the sweep hands the job to the next worker, at most three times in all.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any, Generic, TypeVar
from uuid import UUID, uuid4

from django.conf import settings
from django.db.models import F, QuerySet
from django.utils import timezone

from analysis import flow
from analysis.flow import RunStatus
from analysis.models.job import Job

J = TypeVar("J", bound=Job)


@dataclass(frozen=True)
class Lease(Generic[J]):
    """The right to work on a job and to write to it, as long as it is renewed."""

    job: J
    token: UUID

    def held(self) -> QuerySet[J]:
        """The job's row if this lease still holds it; an empty queryset otherwise."""
        rows: QuerySet[J] = type(self.job)._default_manager.filter(pk=self.job.pk)
        return rows.filter(status=RunStatus.RUNNING, lease_token=self.token)


class LeaseLost(Exception):  # noqa: N818  (not an error: someone else has the job, or it is gone)
    """The job is no longer this worker's: taken over, cancelled, withdrawn or deleted. Nothing was written."""


class Beat(Enum):
    """What a heartbeat finds out."""

    RENEWED = "renewed"
    CANCEL = "cancel"
    LOST = "lost"


NO_LEASE: dict[str, Any] = {"lease_token": None, "lease_expires_at": None, "stage": "", "percent": 0}


def claim(waiting: QuerySet[J], job: J, **fields: Any) -> UUID | None:
    """Takes a waiting job and sets ``fields`` with it; its token, or None if someone else was faster."""
    now, token = timezone.now(), uuid4()
    claimed = flow.move(
        waiting.filter(attempt__lt=settings.EMOREC_MAX_ATTEMPTS),
        RunStatus.RUNNING,
        attempt=F("attempt") + 1,
        lease_token=token,
        lease_expires_at=now + timedelta(seconds=settings.EMOREC_LEASE_S),
        heartbeat_at=now,
        started_at=now,
        stage="",
        percent=0,
        **fields,
    )
    if not claimed:
        return None
    job.refresh_from_db()
    return token


def renew(lease: Lease[J], *, stage: str, percent: float) -> Beat:
    """Renews the lease and saves the progress, if the lease is still valid; says whether to stop.

    Args:
        percent: over all stages, 0-100.
    """
    now = timezone.now()
    renewed = lease.held().update(
        lease_expires_at=now + timedelta(seconds=settings.EMOREC_LEASE_S),
        heartbeat_at=now,
        stage=stage,
        percent=percent,
    )
    if not renewed:
        return Beat.LOST
    return Beat.CANCEL if lease.held().filter(cancel_requested=True).exists() else Beat.RENEWED


def succeed(lease: Lease[J], **fields: Any) -> None:
    """Moves the job to its good end, with ``fields``.

    Raises:
        LeaseLost: the job is no longer ours, or its cancellation was asked for; nothing was written.
    """
    moved = flow.move(
        lease.held().filter(cancel_requested=False),
        RunStatus.SUCCEEDED,
        lease_token=None,
        lease_expires_at=None,
        finished_at=timezone.now(),
        percent=100,
        stage="",
        error_code="",
        **fields,
    )
    if not moved:
        raise LeaseLost


def wait_again(lease: Lease[J], code: str) -> bool:
    """After a passing failure: the job waits again, longer each time. False once its attempts are used up."""
    if lease.job.attempt >= settings.EMOREC_MAX_ATTEMPTS:
        return False
    delay = timedelta(seconds=settings.EMOREC_RETRY_DELAY_S * 2 ** (lease.job.attempt - 1))
    flow.move(lease.held(), RunStatus.QUEUED, not_before=timezone.now() + delay, error_code=code, **NO_LEASE)
    return True


def end(rows: QuerySet[J], to: RunStatus, code: str) -> bool:
    """Moves a job to an end other than success; False if no row could be moved."""
    fields = {"finished_at": timezone.now(), "error_code": code, "lease_token": None, "lease_expires_at": None}
    return bool(flow.move(rows, to, **fields))


def taken_over(rows: QuerySet[J]) -> bool:
    """Gives a job whose lease ran out to whoever claims it next."""
    return bool(flow.move(rows, RunStatus.QUEUED, not_before=timezone.now(), error_code="worker_lost", **NO_LEASE))
