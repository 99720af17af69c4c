"""What killed workers left behind: jobs whose lease ran out are taken back and queued again, or ended."""

from collections.abc import Callable
from typing import TypeVar

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from analysis.flow import RunStatus
from analysis.jobs import leases
from analysis.models.job import Job

J = TypeVar("J", bound=Job)

End = Callable[[QuerySet[J], J, RunStatus, str], bool]
"""``end(rows, job, status, code)`` ends a job and writes it into the trail; False if no row could be moved."""


def taken_back(jobs: QuerySet[J], end: End[J]) -> dict[str, int]:
    """Ends the leases that ran out; may run at any time, twice at once.

    Args:
        jobs: all of one kind, with what ``end`` needs of them.

    Returns:
        How many were "requeued", "failed" for good and "cancelled".
    """
    counts = {"requeued": 0, "failed": 0, "cancelled": 0}
    for job in jobs.filter(status=RunStatus.RUNNING, lease_expires_at__lt=timezone.now()):
        outcome = _take_back(jobs, job, end)
        if outcome:
            counts[outcome] += 1
    return counts


@transaction.atomic
def _take_back(jobs: QuerySet[J], job: J, end: End[J]) -> str:
    """Ends one expired lease, unless it was renewed meanwhile."""
    rows = jobs.filter(pk=job.pk, lease_token=job.lease_token, lease_expires_at__lt=timezone.now())
    if end(rows.filter(cancel_requested=True), job, RunStatus.CANCELLED, ""):
        return "cancelled"
    if end(rows.filter(attempt__gte=settings.EMOREC_MAX_ATTEMPTS), job, RunStatus.FAILED, "worker_lost"):
        return "failed"
    return "requeued" if leases.taken_over(rows) else ""
