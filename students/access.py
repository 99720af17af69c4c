"""The only door: which students a user may see and what they may do.

Every page and every API endpoint asks here, and nowhere else is a role compared. What a user may not see does not
exist for them: the answer is 404 in both cases, with the same body.

A rule is a role's reach for an action: every student, the assigned students only, or none.
"""

from collections.abc import Callable
from enum import Enum, StrEnum
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import AnonymousUser
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase

from students.models import Role, Student, User

M = TypeVar("M", bound=Model)
P = ParamSpec("P")


class Action(StrEnum):
    """Everything the door knows about. An action not listed for a role is not theirs."""

    STUDENT_VIEW = "student.view"
    STUDENT_MANAGE = "student.manage"
    CONSENT_VIEW = "consent.view"
    CONSENT_GRANT = "consent.grant"
    CONSENT_WITHDRAW = "consent.withdraw"
    RECORDING_VIEW = "recording.view"
    RECORDING_UPLOAD = "recording.upload"
    RECORDING_MANAGE = "recording.manage"
    RESULTS_VIEW = "results.view"
    LABELS_CORRECT = "labels.correct"
    TRANSCRIPT_MANAGE = "transcript.manage"
    ALERT_VIEW = "alert.view"
    ALERT_HANDLE = "alert.handle"
    REVIEW_VIEW = "review.view"
    REVIEW_DECIDE = "review.decide"
    RULES_MANAGE = "rules.manage"
    PEOPLE_MANAGE = "people.manage"
    AUDIT_VIEW = "audit.view"
    ACCOUNT = "account"


class Reach(Enum):
    """How far an action reaches."""

    ALL = "all"
    ASSIGNED = "assigned"


RULES: dict[Action, dict[str, Reach]] = {
    Action.STUDENT_VIEW: {Role.COUNSELOR: Reach.ASSIGNED, Role.STAFF: Reach.ALL, Role.ADMIN: Reach.ALL},
    Action.STUDENT_MANAGE: {Role.ADMIN: Reach.ALL},
    Action.CONSENT_VIEW: {Role.COUNSELOR: Reach.ASSIGNED, Role.STAFF: Reach.ALL, Role.ADMIN: Reach.ALL},
    Action.CONSENT_GRANT: {Role.ADMIN: Reach.ALL},
    # Withdrawing must be as easy as giving (GDPR Art. 7(3)): whoever sits with the student can take it back for them.
    Action.CONSENT_WITHDRAW: {Role.COUNSELOR: Reach.ASSIGNED, Role.ADMIN: Reach.ALL},
    Action.RECORDING_VIEW: {Role.COUNSELOR: Reach.ASSIGNED, Role.STAFF: Reach.ALL, Role.ADMIN: Reach.ALL},
    Action.RECORDING_UPLOAD: {Role.STAFF: Reach.ALL},
    Action.RECORDING_MANAGE: {Role.STAFF: Reach.ALL, Role.ADMIN: Reach.ALL},
    Action.RESULTS_VIEW: {Role.COUNSELOR: Reach.ASSIGNED, Role.ADMIN: Reach.ALL},
    Action.LABELS_CORRECT: {Role.COUNSELOR: Reach.ASSIGNED, Role.ADMIN: Reach.ALL},
    Action.TRANSCRIPT_MANAGE: {Role.COUNSELOR: Reach.ASSIGNED, Role.ADMIN: Reach.ALL},
    Action.ALERT_VIEW: {Role.COUNSELOR: Reach.ASSIGNED, Role.ADMIN: Reach.ALL},
    Action.ALERT_HANDLE: {Role.COUNSELOR: Reach.ASSIGNED, Role.ADMIN: Reach.ALL},
    Action.REVIEW_VIEW: {Role.ADMIN: Reach.ALL},
    Action.REVIEW_DECIDE: {Role.ADMIN: Reach.ALL},
    Action.RULES_MANAGE: {Role.ADMIN: Reach.ALL},
    Action.PEOPLE_MANAGE: {Role.ADMIN: Reach.ALL},
    Action.AUDIT_VIEW: {Role.ADMIN: Reach.ALL},
    Action.ACCOUNT: {Role.COUNSELOR: Reach.ALL, Role.STAFF: Reach.ALL, Role.ADMIN: Reach.ALL},
}


def reach(user: User | AnonymousUser, action: Action) -> Reach | None:
    """How far ``action`` reaches for this user; None if it is not theirs at all."""
    if not isinstance(user, User) or not user.is_active:
        return None
    return RULES[action].get(user.role)


def allowed(user: User | AnonymousUser, action: Action) -> bool:
    """Whether the user may do this for at least some students. For menus and buttons; objects go through ``scoped``."""
    return reach(user, action) is not None


def scoped(user: User | AnonymousUser, action: Action, queryset: QuerySet[M], student: str = "student") -> QuerySet[M]:
    """The rows of ``queryset`` on which the user may do ``action``.

    Args:
        student: lookup path from a row to its student; "" when the rows are students.
    """
    path = f"{student}__" if student else ""
    queryset = queryset.filter(**{f"{path}erased_at__isnull": True})
    match reach(user, action):
        case Reach.ALL:
            return queryset
        case Reach.ASSIGNED:
            assigned = Student.objects.filter(Q(care__counselor=user.pk), Q(care__until__isnull=True)).values("pk")
            return queryset.filter(**{f"{path}pk__in" if student else "pk__in": assigned})
        case _:
            return queryset.none()


def fetch(
    user: User | AnonymousUser, action: Action, queryset: QuerySet[M], pk: UUID | str, student: str = "student"
) -> M:
    """The one row with this key on which the user may do ``action``.

    Raises:
        Http404: there is no such row, or not for this user; the two cannot be told apart.
    """
    row = scoped(user, action, queryset, student).filter(pk=pk).first()
    if row is None:
        raise Http404
    return row


def fetch_student(user: User | AnonymousUser, action: Action, pk: UUID | str) -> Student:
    """The student with this key on whom the user may do ``action``; Http404 otherwise."""
    return fetch(user, action, Student.objects.all(), pk, student="")


def require(user: User | AnonymousUser, action: Action) -> None:
    """Raises Http404 unless the action is the user's for at least some students."""
    if not allowed(user, action):
        raise Http404


def door(
    action: Action,
) -> Callable[
    [Callable[Concatenate[HttpRequest, P], HttpResponseBase]], Callable[Concatenate[HttpRequest, P], HttpResponseBase]
]:
    """View decorator: sign-in first, then the role must have the action at all. Objects still go through ``fetch``.

    The URL table test reads ``view.door_action`` and fails for an address that has none.
    """

    def wrap(
        view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
    ) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
        @login_required
        @wraps(view)
        def guarded(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            require(request.user, action)
            response = view(request, *args, **kwargs)
            # What is behind the door stays out of every cache: the next person at this browser may see less.
            response.setdefault("Cache-Control", "no-store")
            return response

        setattr(guarded, "door_action", action)  # noqa: B010  (a plain attribute is unknown to the type checker)
        return guarded

    return wrap


def signed_in(request: HttpRequest) -> User:
    """The request's user, known to be signed in (behind ``door`` or an authenticated endpoint)."""
    user: Any = request.user
    if not isinstance(user, User):
        raise Http404
    return user
