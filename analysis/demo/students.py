"""Demo accounts for the three roles, demo students with made-up histories, and one student for a real recording.

Everything is written once: what is there is kept, so a second run changes nothing and passwords and tokens stay valid.
Alerts of the histories are raised by the real rules, session by session, as they would have been over the weeks.
"""

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from knox.auth import TokenAuthentication
from knox.models import AuthToken
from rest_framework.exceptions import AuthenticationFailed

from analysis.alerts.lifecycle import alert_acknowledge, alert_dismiss, alert_escalate
from analysis.alerts.raising import alerts_raise
from analysis.alerts.reviews import review_decide
from analysis.demo.history import Session, session_create
from analysis.flow import UNSETTLED_ALERT
from analysis.intake.receiving import recording_receive
from analysis.models import Alert, Notice, Recording
from students.assignments import care_assign
from students.consent import consent_grant
from students.models import AuditEvent, Consent, Purpose, Role, Student, User
from students.student_record import student_create

ACCOUNTS: dict[str, tuple[str, str, str]] = {
    Role.COUNSELOR: ("demo-counselor", "Demo", "Counsellor"),
    Role.STAFF: ("demo-staff", "Demo", "Staff"),
    Role.ADMIN: ("demo-admin", "Demo", "Administrator"),
}
COLLEAGUE = "demo-colleague"
SAMPLE_NUMBER = "DEMO-008"
ALL = tuple(Purpose.values)


@dataclass(frozen=True)
class DemoStudent:
    """One demo student.

    Attributes:
        purposes: what the student consents to.
        sessions: the made-up history, one session a week, the last one this week.
        colleague: cared for by the other counsellor, so that the demo counsellor must not see them.
        story: what people did about the alerts.
    """

    number: str
    name: str
    programme: str
    year: int
    purposes: tuple[str, ...] = ALL
    sessions: tuple[Session, ...] = ()
    colleague: bool = False
    story: str = ""


def _weekly(*negative: float) -> tuple[Session, ...]:
    return tuple(Session(share) for share in negative)


STUDENTS = (
    DemoStudent(
        "DEMO-001",
        "Li Ming (李明)",
        "Mathematics",
        2,
        sessions=(*_weekly(0.18, 0.22, 0.15, 0.2, 0.18), Session(0.6, segments=40, gaps=0.9), *_weekly(0.2, 0.16)),
    ),
    DemoStudent(
        "DEMO-002", "Wang Fang (王芳)", "Physics", 1, sessions=_weekly(0.15, 0.2, 0.16, 0.18, 0.22, 0.34, 0.42, 0.5)
    ),
    DemoStudent(
        "DEMO-003", "Zhao Lei (赵磊)", "Law", 3, sessions=_weekly(0.3, 0.38, 0.55, 0.58, 0.56, 0.74), story="escalated"
    ),
    DemoStudent(
        "DEMO-004", "Chen Jie (陈洁)", "Medicine", 4, sessions=_weekly(0.3, 0.75, 0.4, 0.28, 0.2, 0.15), story="decided"
    ),
    DemoStudent(
        "DEMO-005",
        "Sun Yue (孙悦)",
        "History",
        2,
        purposes=(Purpose.RECORDING, Purpose.VOICE),
        sessions=_weekly(0.25, 0.3, 0.22),
    ),
    DemoStudent("DEMO-006", "Zhou Min (周敏)", "Chemistry", 1, purposes=()),
    DemoStudent(
        "DEMO-007",
        "He Jing (何静)",
        "Economics",
        3,
        sessions=_weekly(0.2, 0.24, 0.2, 0.68),
        colleague=True,
        story="dismissed",
    ),
    DemoStudent(SAMPLE_NUMBER, "Sample Student (示例)", "Sample recording", 1),
)


@dataclass(frozen=True)
class Account:
    """What the accounts file says of one role."""

    role: str
    username: str
    password: str
    token: str

    def as_dict(self) -> dict[str, str]:
        """In the contract's order."""
        return {"role": self.role, "username": self.username, "password": self.password, "token": self.token}


# --- accounts ---------------------------------------------------------------------------------------------------------


def accounts_path() -> Path:
    """Where the demo accounts are written, readable by the owner only."""
    return Path(settings.VAR_DIR) / "demo-accounts.json"


def accounts_ensure() -> list[Account]:
    """The three demo accounts; password and token of each are kept as long as they still work."""
    stored_by_role = {entry.get("role"): entry for entry in _stored()}
    accounts = [_account(role, stored_by_role.get(role, {})) for role in ACCOUNTS]
    if [account.as_dict() for account in accounts] != _stored():
        _store(accounts)
    return accounts


def _stored() -> list[dict[str, str]]:
    """What the file holds; nothing if it is missing or damaged."""
    try:
        entries = json.loads(accounts_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return entries if isinstance(entries, list) and all(isinstance(entry, dict) for entry in entries) else []


def _store(accounts: list[Account]) -> None:
    """Replaces the file in one step; it never exists with wider permissions."""
    path = accounts_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
        json.dump([account.as_dict() for account in accounts], file, indent=2)
        file.write("\n")
    part.replace(path)


def _account(role: str, stored: dict[str, str]) -> Account:
    username, first_name, last_name = ACCOUNTS[role]
    user = _user(username, role, first_name, last_name)
    password, token = stored.get("password", ""), stored.get("token", "")
    if stored.get("username") != username or not user.check_password(password):
        password = secrets.token_urlsafe(12)
        user.set_password(password)
        user.save(update_fields=["password"])
    if not _works(token, user):
        _, token = AuthToken.objects.create(user, expiry=None)
    return Account(role, username, password, token)


def _user(username: str, role: str, first_name: str, last_name: str) -> User:
    user, created = User.objects.get_or_create(
        username=username, defaults={"role": role, "first_name": first_name, "last_name": last_name}
    )
    if created:
        user.set_unusable_password()
    user.role, user.is_active = role, True
    user.save()
    return user


def _works(token: str, user: User) -> bool:
    try:
        return bool(token) and TokenAuthentication().authenticate_credentials(token.encode())[0] == user
    except AuthenticationFailed:
        return False


# --- students ---------------------------------------------------------------------------------------------------------


def students_ensure() -> list[Student]:
    """The demo students, each with consent, care and history in one transaction; existing ones are left as they are."""
    people = {role: User.objects.get(username=name) for role, (name, _, _) in ACCOUNTS.items()}
    colleague = _user(COLLEAGUE, Role.COUNSELOR, "Demo", "Colleague")
    return [_student(planned, people, colleague) for planned in STUDENTS]


@transaction.atomic
def _student(planned: DemoStudent, people: dict[str, User], colleague: User) -> Student:
    existing = Student.objects.filter(number=planned.number).first()
    if existing is not None:
        return existing
    counselor, staff, admin = (people[role] for role in (Role.COUNSELOR, Role.STAFF, Role.ADMIN))
    if planned.colleague:
        counselor = colleague
    student = student_create(
        by=admin,
        synthetic=planned.number != SAMPLE_NUMBER,
        number=planned.number,
        name=planned.name,
        programme=planned.programme,
        year=planned.year,
    )
    care_assign(student, counselor=counselor, by=admin)
    newest = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=1)
    first = newest - timedelta(weeks=len(planned.sessions))
    for purpose in planned.purposes:
        consent = consent_grant(student, by=admin, purpose=purpose)
        if planned.sessions:  # an agreement must be older than the history that rests on it
            Consent.objects.filter(pk=consent.pk).update(granted_at=first)
    for week, session in enumerate(planned.sessions, start=1):
        recorded_at = first + timedelta(weeks=week)
        session_create(
            student,
            session,
            seed=f"{planned.number}/{week}",
            recorded_at=recorded_at,
            by=staff,
            voice=Purpose.VOICE in planned.purposes,
            face=Purpose.FACE in planned.purposes,
        )
        alerts_raise(student, at=recorded_at + timedelta(hours=1))
    if planned.story:
        STORIES[planned.story](student, counselor, admin)
    settled = Notice.objects.filter(alert__student=student).exclude(alert__status__in=UNSETTLED_ALERT)
    settled.update(read_at=timezone.now())
    return student


def _alerts(student: Student) -> list[Alert]:
    return list(Alert.objects.filter(student=student, status__in=UNSETTLED_ALERT).order_by("raised_at"))


def _escalated(student: Student, counselor: User, admin: User) -> None:
    *earlier, newest = _alerts(student)
    for alert in earlier:
        alert_acknowledge(alert, by=counselor)
    alert_escalate(newest, by=counselor, reason="Several heavy sessions in a row; I would like a second opinion.")


def _decided(student: Student, counselor: User, admin: User) -> None:
    for alert in _alerts(student):
        alert_acknowledge(alert, by=counselor)
    review = _alerts(student)[0].review
    if review is not None:
        note = "Spoke with the student after the exam week; appointments go on as before."
        review_decide(review, by=admin, decision="contact", note=note)


def _dismissed(student: Student, counselor: User, admin: User) -> None:
    for alert in _alerts(student):
        alert_dismiss(alert, by=counselor, reason="The student retold a film scene; the session itself was calm.")


STORIES: dict[str, Callable[[Student, User, User], Any]] = {
    "escalated": _escalated,
    "decided": _decided,
    "dismissed": _dismissed,
}


# --- the sample recording ---------------------------------------------------------------------------------------------


def sample_receive(path: Path) -> Recording | None:
    """Hands the sample recording to the real intake, once; None if that happened before (even if it was deleted since).

    Raises:
        analysis.errors.Refused: the file is not accepted.
    """
    student = Student.objects.get(number=SAMPLE_NUMBER)
    if AuditEvent.objects.filter(action="recording.upload", student_ref=student.pk).exists():
        return None
    staff = User.objects.get(username=ACCOUNTS[Role.STAFF][0])
    with path.open("rb") as source:
        return recording_receive(
            user=staff, student=student, recorded_at=timezone.now(), name=f"sample{path.suffix}", source=source
        )
