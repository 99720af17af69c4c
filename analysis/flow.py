"""READ FIRST: every state of upload, run, recording, alert and review, and every move between them.

    intake -> runs -> (ml) -> trends -> alerts -> pages

A move is one conditional UPDATE: it happens only if the row is still in a state from which it is allowed, so two
processes can never both make it. ``move`` tells whether this call was the one that made it.

Upload     receiving -> finished (it has become a recording, or the recording was there) | rejected
Run        queued -> running -> succeeded | failed | cancelled
           running -> queued (the lease ran out, or a passing failure; at most three attempts)
           queued -> cancelled | failed
Transcript as a run; it is claimed only while no run waits, so results come first
Recording  uploaded while it has no run; after that its status is that of its newest run. The results shown are those
           of the newest run that succeeded, so a repetition takes nothing away before it has succeeded itself
Alert      open -> acknowledged -> escalated -> closed; open and acknowledged -> dismissed;
           any of the first three -> closed
Review     pending -> in_review -> decided;
           pending and in_review -> lapsed (all its alerts were dismissed or withdrawn)
"""

from typing import Any, TypeVar

from django.db import models
from django.utils.translation import gettext_lazy as _

M = TypeVar("M", bound=models.Model)


class UploadStatus(models.TextChoices):
    """States of a resumable upload."""

    RECEIVING = "receiving", _("receiving")
    FINISHED = "finished", _("finished")
    REJECTED = "rejected", _("rejected")


class RunStatus(models.TextChoices):
    """States of one analysis of a recording, and of the work of writing down what is said in it."""

    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("being analysed")
    SUCCEEDED = "succeeded", _("analysed")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class RecordingStatus(models.TextChoices):
    """States of a recording as the API shows them: ``uploaded``, then those of its newest run."""

    UPLOADED = "uploaded", _("uploaded")
    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("being analysed")
    SUCCEEDED = "succeeded", _("analysed")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


class AlertStatus(models.TextChoices):
    """States of an alert."""

    OPEN = "open", _("open")
    ACKNOWLEDGED = "acknowledged", _("acknowledged")
    ESCALATED = "escalated", _("escalated")
    DISMISSED = "dismissed", _("dismissed")
    CLOSED = "closed", _("closed by review")


class ReviewStatus(models.TextChoices):
    """States of a review of a flagged student."""

    PENDING = "pending", _("waiting for review")
    IN_REVIEW = "in_review", _("in review")
    DECIDED = "decided", _("decided")
    LAPSED = "lapsed", _("no longer needed")


ALLOWED: dict[type[models.TextChoices], dict[str, frozenset[str]]] = {
    UploadStatus: {
        UploadStatus.RECEIVING: frozenset({UploadStatus.FINISHED, UploadStatus.REJECTED}),
        UploadStatus.FINISHED: frozenset(),
        UploadStatus.REJECTED: frozenset(),
    },
    RunStatus: {
        RunStatus.QUEUED: frozenset({RunStatus.RUNNING, RunStatus.CANCELLED, RunStatus.FAILED}),
        RunStatus.RUNNING: frozenset({RunStatus.SUCCEEDED, RunStatus.FAILED, RunStatus.CANCELLED, RunStatus.QUEUED}),
        RunStatus.SUCCEEDED: frozenset(),
        RunStatus.FAILED: frozenset(),
        RunStatus.CANCELLED: frozenset(),
    },
    AlertStatus: {
        AlertStatus.OPEN: frozenset(
            {AlertStatus.ACKNOWLEDGED, AlertStatus.ESCALATED, AlertStatus.DISMISSED, AlertStatus.CLOSED}
        ),
        AlertStatus.ACKNOWLEDGED: frozenset({AlertStatus.ESCALATED, AlertStatus.DISMISSED, AlertStatus.CLOSED}),
        AlertStatus.ESCALATED: frozenset({AlertStatus.CLOSED}),
        AlertStatus.DISMISSED: frozenset(),
        AlertStatus.CLOSED: frozenset(),
    },
    ReviewStatus: {
        ReviewStatus.PENDING: frozenset({ReviewStatus.IN_REVIEW, ReviewStatus.DECIDED, ReviewStatus.LAPSED}),
        ReviewStatus.IN_REVIEW: frozenset({ReviewStatus.PENDING, ReviewStatus.DECIDED, ReviewStatus.LAPSED}),
        ReviewStatus.DECIDED: frozenset(),
        ReviewStatus.LAPSED: frozenset(),
    },
}

UNFINISHED_RUN = (RunStatus.QUEUED, RunStatus.RUNNING)
UNSETTLED_ALERT = (AlertStatus.OPEN, AlertStatus.ACKNOWLEDGED, AlertStatus.ESCALATED)
UNSETTLED_REVIEW = (ReviewStatus.PENDING, ReviewStatus.IN_REVIEW)


def sources(to: models.TextChoices) -> list[str]:
    """The states from which a move to ``to`` is allowed."""
    return [state for state, targets in ALLOWED[type(to)].items() if to in targets]


def move(rows: models.QuerySet[M], to: models.TextChoices, **fields: Any) -> int:
    """Moves those of ``rows`` that may go to ``to``, and sets ``fields`` with it; returns how many moved.

    ``rows`` may carry further conditions (a lease token, say); they are part of the same UPDATE.
    """
    return rows.filter(status__in=sources(to)).update(status=to, **fields)
