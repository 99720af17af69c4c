"""Tells people of an alert: a row in the app at once, a mail soon after.

The mail names neither the student nor an emotion: it says that something waits, and where. A mail is taken in hand by
a conditional UPDATE before it is sent and marked as sent after it was. A process that is killed in between leaves it
taken but not sent; after ``RETRY_AFTER`` it is sent again, at most ``MAX_ATTEMPTS`` times. So a kill can cost a second
copy of a mail, never the mail itself; and whatever happens to the mail, the notice in the app is there.
"""

import logging
from datetime import timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from analysis.models import Alert, Notice
from students.access import Action, Reach, reach
from students.models import CareAssignment, Student, User

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 3
RETRY_AFTER = timedelta(minutes=10)
BATCH = 100


def recipients(student: Student) -> list[User]:
    """The people who may see this student's alerts: those who care for the student, and those who see everyone's."""
    cares = CareAssignment.objects.filter(student=student, counselor=OuterRef("pk"), until__isnull=True)
    people = User.objects.filter(is_active=True).annotate(cares=Exists(cares)).order_by("username")
    return [
        person
        for person in people
        if (far := reach(person, Action.ALERT_VIEW)) is Reach.ALL or (far is Reach.ASSIGNED and person.cares)
    ]


def notices_create(alert: Alert) -> list[Notice]:
    """A notice for everyone who may see the alert; whoever has one already gets no second one."""
    Notice.objects.bulk_create(
        [Notice(user=person, alert=alert) for person in recipients(alert.student)], ignore_conflicts=True
    )
    return list(Notice.objects.filter(alert=alert))


def notices_renew(alert: Alert, *, by: User) -> int:
    """Makes an escalated alert's notices new again for those who review, but not for the one who escalated it."""
    notices_create(alert)
    reviewers = [person for person in recipients(alert.student) if reach(person, Action.REVIEW_DECIDE) is not None]
    return (
        Notice.objects.filter(alert=alert, user__in=reviewers)
        .exclude(user=by)
        .update(created_at=timezone.now(), read_at=None, mailed_at=None, mail_claimed_at=None, mail_attempts=0)
    )


def notices_read(user: User, *, alert: Alert | None = None) -> int:
    """Marks the user's notices as read, all of them or those of one alert; returns how many were not."""
    unread = Notice.objects.filter(user=user, read_at__isnull=True)
    return (unread.filter(alert=alert) if alert else unread).update(read_at=timezone.now())


def notices_send() -> int:
    """Sends the mails that wait and returns how many were sent.

    Not for synthetic alerts, people without an address or an active account, or people who may no longer see the
    student. One that fails is logged by its id and tried again later.
    """
    return sum(_send(notice) for notice in _waiting())


def _waiting() -> list[Notice]:
    due = Q(mail_claimed_at__isnull=True) | Q(mail_claimed_at__lt=timezone.now() - RETRY_AFTER)
    rows = Notice.objects.filter(
        due, mailed_at__isnull=True, mail_attempts__lt=MAX_ATTEMPTS, alert__synthetic=False, user__is_active=True
    ).exclude(user__email="")
    return list(rows.select_related("user", "alert", "alert__student").order_by("created_at")[:BATCH])


def _send(notice: Notice) -> bool:
    """Takes one mail in hand and sends it; False if another process has it, it is not due, or sending failed."""
    unclaimed = Notice.objects.filter(pk=notice.pk, mailed_at__isnull=True, mail_attempts=notice.mail_attempts)
    if not unclaimed.update(mail_claimed_at=timezone.now(), mail_attempts=F("mail_attempts") + 1):
        return False
    if notice.user not in recipients(notice.alert.student):
        return False
    try:
        _mail(notice).send()
    except Exception as error:
        # The kind of error only: a mail server's words repeat the address.
        logger.error("the mail of notice %s could not be sent: %s", notice.pk, type(error).__name__)
        return False
    Notice.objects.filter(pk=notice.pk).update(mailed_at=timezone.now())
    return True


def _mail(notice: Notice) -> EmailMessage:
    """The mail in the recipient's language: no student, no emotion, only where to look."""
    with translation.override(notice.user.language or settings.LANGUAGE_CODE):
        address = settings.SITE_URL.rstrip("/") + reverse("alert", args=[notice.alert_id])
        return EmailMessage(
            subject=_("EmoRec: something needs your attention"),
            body=_(
                "Hello,\n\nsomething in EmoRec needs a person's attention. Please sign in and look:\n\n"
                "%(address)s\n\nFor the students' protection this mail says no more than that.\n"
            )
            % {"address": address},
            to=[notice.user.email],
        )
