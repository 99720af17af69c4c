"""Who the students and the staff are, who cares for whom, what was agreed to, and the audit trail.

Invariants live here and in database constraints; decisions live in ``access``, ``consent`` and ``roster``.
"""

import uuid
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """The role of a user. What each role may do is defined in ``students.access``."""

    COUNSELOR = "counselor", _("Counsellor")
    STAFF = "staff", _("Staff")
    ADMIN = "admin", _("Administrator")


class User(AbstractUser):
    """A member of the counselling centre. Django's own ``is_staff`` and ``is_superuser`` grant nothing here."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    role = models.CharField(_("role"), max_length=10, choices=Role)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES, blank=True)

    REQUIRED_FIELDS = ["role"]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def get_session_auth_hash(self) -> str:
        """What a session is checked against: it ends when the password changes, and also when the role does."""
        return f"{super().get_session_auth_hash()}.{self.role}"

    def get_session_auth_fallback_hash(self) -> Iterator[str]:
        """The same under the secret keys that were in use before."""
        for earlier in super().get_session_auth_fallback_hash():
            yield f"{earlier}.{self.role}"


NUMBER_LENGTH = 32
NAME_LENGTH = 120
"""Characters that a person may write; pages, roster and API take them from here."""
LAST_YEAR = 12
"""Of study."""


class Student(models.Model):
    """A student of the university who is, or was, in the centre's care."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(_("student number"), max_length=NUMBER_LENGTH, unique=True)
    name = models.CharField(_("name"), max_length=NAME_LENGTH)
    programme = models.CharField(_("programme"), max_length=NAME_LENGTH, blank=True)
    year = models.PositiveSmallIntegerField(_("year of study"), null=True, blank=True)
    synthetic = models.BooleanField(_("synthetic demo data"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    erased_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        ordering = ["name", "number"]
        verbose_name = _("student")
        verbose_name_plural = _("students")

    def __str__(self) -> str:
        return f"{self.name} ({self.number})"


class CareAssignment(models.Model):
    """A counsellor cares for a student from ``since`` until ``until``; open-ended while ``until`` is null."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    student = models.ForeignKey(Student, models.CASCADE, related_name="care")
    counselor = models.ForeignKey(User, models.CASCADE, related_name="caseload")
    assigned_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    since = models.DateTimeField(default=timezone.now)
    until = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-since"]
        constraints = [
            models.UniqueConstraint(
                fields=["student", "counselor"], condition=Q(until__isnull=True), name="one_open_assignment_per_pair"
            )
        ]

    def __str__(self) -> str:
        return f"care {self.pk}"


class Purpose(models.TextChoices):
    """What a student may consent to, each by itself."""

    RECORDING = "recording", _("Recording the interview")
    VOICE = "voice", _("Analysing the voice")
    FACE = "face", _("Analysing the face")
    TRANSCRIPT = "transcript", _("Writing down what is said")
    RESEARCH = "research", _("Use in research")


def evidence_path(consent: "Consent", filename: str) -> str:
    """Where the evidence file is stored: an unguessable name that says nothing about the student."""
    return f"consents/{uuid.uuid4().hex}"


class Consent(models.Model):
    """One purpose agreed to by one student. It holds from ``granted_at`` until it expires or is withdrawn.

    ``wording`` is the number of the text that was agreed to (``students.consent_wording``).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    student = models.ForeignKey(Student, models.CASCADE, related_name="consents")
    purpose = models.CharField(_("purpose"), max_length=10, choices=Purpose)
    granted_at = models.DateTimeField(_("granted at"), default=timezone.now)
    granted_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", verbose_name=_("recorded by"))
    evidence = models.FileField(_("evidence file"), upload_to=evidence_path, blank=True)
    evidence_name = models.CharField(max_length=120, blank=True, editable=False)
    evidence_type = models.CharField(max_length=60, blank=True, editable=False)
    wording = models.PositiveSmallIntegerField(default=1, editable=False)
    expires_on = models.DateField(_("expires on"), null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True, editable=False)
    ended_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+", editable=False)
    end_reason = models.CharField(
        max_length=10,
        blank=True,
        editable=False,
        choices=[("withdrawn", _("withdrawn")), ("expired", _("expired")), ("replaced", _("replaced"))],
    )

    class Meta:
        ordering = ["-granted_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["student", "purpose"],
                condition=Q(ended_at__isnull=True),
                name="one_standing_consent_per_purpose",
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=True, end_reason="") | (Q(ended_at__isnull=False) & ~Q(end_reason="")),
                name="ended_consent_has_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"consent {self.pk}"


class AuditEvent(models.Model):
    """An action; its event stays when the object itself is gone. ``detail`` holds codes and counts, never names."""

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField(default=timezone.now, db_index=True)
    actor = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    action = models.CharField(max_length=60, db_index=True)
    student_ref = models.UUIDField(null=True, db_index=True)
    object_type = models.CharField(max_length=30, blank=True)
    object_ref = models.UUIDField(null=True)
    detail = models.JSONField(default=dict)

    class Meta:
        ordering = ["-at", "-id"]

    def __str__(self) -> str:
        return f"{self.action} {self.at:%Y-%m-%d %H:%M}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Append only: an event once written is never changed."""
        if not self._state.adding:
            raise TypeError("an audit event is never changed")
        super().save(*args, **kwargs)
