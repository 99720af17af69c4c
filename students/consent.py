"""Grant, withdraw, expire; what a consent covers.

A consent holds from ``granted_at`` to the end of the day ``expires_on`` (in the site's time zone), or until it is
withdrawn. At most one per student and purpose stands at a time. Whoever changes a student's consents holds the lock
on the student's row, and ``consent_ended`` is sent inside the same transaction: what rests on the consent goes with it
or not at all.
"""

import logging
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from students import audit
from students.consent_forms import signed_form_delete, signed_form_name, signed_form_type
from students.consent_wording import COMPARISON, TEXTS, WORDING
from students.locking import students_lock_exclusive
from students.models import Consent, Purpose, Student, User
from students.signals import consent_ended

logger = logging.getLogger(__name__)

EXPIRES_SOON = timedelta(days=30)
ANALYSED = (Purpose.VOICE, Purpose.FACE)
"""The purposes under which recordings are analysed, and a student's sessions compared with one another."""


# --- reading ----------------------------------------------------------------------------------------------------------


def in_force(at: datetime | None = None) -> Q:
    """The condition on ``Consent`` rows that they hold at this moment (now when None)."""
    at = at or timezone.now()
    return (
        Q(granted_at__lte=at)
        & (Q(ended_at__isnull=True) | Q(ended_at__gt=at))
        & (Q(expires_on__isnull=True) | Q(expires_on__gte=timezone.localdate(at)))
    )


def purposes_covered(student: Student, at: datetime | None = None) -> frozenset[str]:
    """The purposes (``Purpose`` values) this student's consent covers at this moment; none once erased."""
    rows = Consent.objects.filter(in_force(at), student=student, student__erased_at__isnull=True)
    return frozenset(rows.values_list("purpose", flat=True))


def enough_to_analyse(covered: Collection[str]) -> bool:
    """THE rule: a recording may come in and be analysed if recording it and judging voice or face are covered.

    ``may_be_analysed`` is the same rule as a condition on rows; a test holds the two together.

    Args:
        covered: ``Purpose`` values, as ``purposes_covered`` gives them.
    """
    return Purpose.RECORDING in covered and any(purpose in covered for purpose in ANALYSED)


def has_consent(*purposes: str) -> Exists:
    """The condition on ``Student`` rows that consent to one of these purposes holds at this moment."""
    return Exists(Consent.objects.filter(in_force(), student=OuterRef("pk"), purpose__in=purposes))


def may_be_analysed() -> Q:
    """``enough_to_analyse`` as a condition on ``Student`` rows."""
    return Q(has_consent(Purpose.RECORDING)) & Q(has_consent(*ANALYSED))


def covers(student: Student, purpose: str, at: datetime | None = None) -> bool:
    """Whether the student's consent covers this purpose at this moment."""
    return purpose in purposes_covered(student, at)


def comparison_covered(student: Student) -> frozenset[str]:
    """Of voice and face, those whose consent also covers comparing the student's sessions with one another."""
    rows = Consent.objects.filter(
        in_force(), student=student, student__erased_at__isnull=True, wording__gte=COMPARISON
    ).filter(purpose__in=ANALYSED)
    return frozenset(rows.values_list("purpose", flat=True))


@dataclass(frozen=True)
class PurposeState:
    """The state of one purpose for one student, for the pages.

    Attributes:
        standing: the consent that has not been ended; None when there is none.
        covered: whether it also holds today.
        expires_soon: it holds, but ends within 30 days.
        text: what is agreed to today.
        earlier_wording: it holds, but was given when the text said less.
    """

    purpose: Purpose
    standing: Consent | None
    covered: bool
    expires_soon: bool
    text: str
    earlier_wording: bool


def consent_states(student: Student) -> list[PurposeState]:
    """The purposes in their order, each with its standing consent."""
    today = timezone.localdate()
    now = timezone.now()
    standing = {
        consent.purpose: consent
        for consent in Consent.objects.filter(student=student, ended_at__isnull=True).select_related("granted_by")
    }
    states = []
    for purpose in Purpose:
        consent = standing.get(purpose)
        expires = consent.expires_on if consent else None
        covered = consent is not None and consent.granted_at <= now and (expires is None or expires >= today)
        soon = covered and expires is not None and expires <= today + EXPIRES_SOON
        earlier = covered and consent is not None and purpose in ANALYSED and consent.wording < COMPARISON
        states.append(PurposeState(purpose, consent, covered, soon, str(TEXTS[purpose]), earlier))
    return states


# --- writing ----------------------------------------------------------------------------------------------------------


def consent_grant(
    student: Student,
    *,
    by: User,
    purpose: str,
    expires_on: date | None = None,
    evidence: "File[bytes] | None" = None,
) -> Consent:
    """Records that the student agrees to ``purpose`` from now on.

    A standing consent for it is replaced; as the student stays covered, nobody is told that one ended. Granting the
    same again, without new evidence, changes nothing.

    Raises:
        ValidationError: the purpose is unknown, the expiry lies in the past, or the evidence file is not accepted.
    """
    if purpose not in Purpose.values:
        raise ValidationError(_("There is no such purpose. Choose one of the list."), code="purpose")
    if expires_on is not None and expires_on < timezone.localdate():
        raise ValidationError(_("The consent would have expired already. Choose a later day."), code="expiry")
    content_type = signed_form_type(evidence) if evidence is not None else ""

    consent = Consent(student=student, purpose=purpose, granted_by=by, expires_on=expires_on, wording=WORDING)
    try:
        with transaction.atomic():
            _locked(student.pk)
            consent.granted_at = now = timezone.now()
            standing = Consent.objects.filter(student=student, purpose=purpose, ended_at__isnull=True).first()
            if standing is not None and _expired(standing):
                _end(standing, reason="expired", by=None, at=now)
                standing = None
            if standing is not None and evidence is None and _same(standing, consent):
                return standing
            if standing is not None:
                _end(standing, reason="replaced", by=by, at=now)
            if evidence is not None:
                consent.evidence_type = content_type
                consent.evidence_name = signed_form_name(evidence.name, content_type)
                consent.evidence.save("", evidence, save=False)
            consent.save(force_insert=True)
            audit.record(
                "consent.grant",
                actor=by,
                student=student,
                object_type="consent",
                object_ref=consent.pk,
                purpose=purpose,
                expires_on=expires_on.isoformat() if expires_on else None,
                evidence=evidence is not None,
                wording=WORDING,
                replaces=standing is not None,
            )
    except BaseException:
        if consent.evidence.name:
            signed_form_delete(consent.evidence.name)
        raise
    return consent


@transaction.atomic
def consent_withdraw(consent: Consent, *, by: User) -> bool:
    """Ends a consent at once, with everything that rests on it; False if it had ended already."""
    _locked(consent.student_id)
    return _end(consent, reason="withdrawn", by=by, at=timezone.now())


def consents_expire() -> int:
    """Ends every consent whose last day is over; returns how many.

    Each in its own transaction: one that fails is logged, left standing (``covers`` no longer counts it) and tried
    again by the next call.
    """
    ended = 0
    for consent in _overdue():
        try:
            with transaction.atomic():
                _locked(consent.student_id)
                ended += _end(consent, reason="expired", by=None, at=timezone.now())
        except Exception:
            logger.exception("consent %s could not be expired", consent.pk)
    return ended


def _same(standing: Consent, requested: Consent) -> bool:
    return (standing.expires_on, standing.wording) == (requested.expires_on, requested.wording)


def _overdue() -> QuerySet[Consent]:
    return Consent.objects.filter(ended_at__isnull=True, expires_on__lt=timezone.localdate())


def _expired(consent: Consent) -> bool:
    return consent.expires_on is not None and consent.expires_on < timezone.localdate()


def _locked(student_id: uuid.UUID) -> Student:
    """The student's row, locked for the rest of the transaction. An erased student has no consents to change."""
    student = students_lock_exclusive().filter(pk=student_id, erased_at__isnull=True).first()
    if student is None:
        raise ValidationError(_("This student's record no longer exists. Go back to the list."), code="erased")
    return student


def _end(consent: Consent, *, reason: str, by: User | None, at: datetime) -> bool:
    """Ends a standing consent; a replaced one is no end of coverage, so nothing is sent for it."""
    ended = Consent.objects.filter(pk=consent.pk, ended_at__isnull=True).update(
        ended_at=at, ended_by=by, end_reason=reason
    )
    if not ended:
        return False
    if reason != "replaced":
        audit.record(
            f"consent.{'withdraw' if reason == 'withdrawn' else 'expire'}",
            actor=by,
            student=consent.student_id,
            object_type="consent",
            object_ref=consent.pk,
            purpose=consent.purpose,
        )
        consent_ended.send(sender=Consent, student=consent.student, purpose=consent.purpose, reason=reason, by=by)
    consent.refresh_from_db()
    return True
