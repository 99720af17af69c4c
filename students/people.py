"""The users of the system: their names, their roles, and how they sign in.

At least one active administrator always remains. A change of role ends the user's sessions (the role is part of the
session's hash, see ``User.get_session_auth_hash``) and revokes their API tokens: what was allowed to the old role is
not carried over.
"""

from dataclasses import dataclass
from typing import Any

from axes.utils import reset as lockout_reset
from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import IntegrityError, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from knox.models import AuthToken

from students import audit
from students.assignments import caseload_end
from students.models import CareAssignment, Role, User

MAX_TOKENS = 10
PROFILE_FIELDS = ("username", "first_name", "last_name", "email", "role")


def user_create(*, by: User | None, username: str, role: str, **profile: Any) -> User:
    """Writes a new user, who cannot sign in until they have set a password by a link (``password_link``).

    Args:
        by: who did it; None for the set-up of a new installation.
        profile: first_name, last_name, email, language.

    Raises:
        ValidationError: keyed by field; the user name may be taken already.
    """
    user = User(username=User.normalize_username(username), role=role, **profile)
    user.set_unusable_password()
    _validate(user)
    try:
        with transaction.atomic():
            user.save(force_insert=True)
            audit.record("user.create", actor=by, object_type="user", object_ref=user.pk, role=role)
    except IntegrityError as error:
        raise _username_taken() from error
    return user


def user_update(user: User, *, by: User, **profile: Any) -> User:
    """Changes a user's names, mail address or role; without a real change nothing is written.

    Raises:
        ValidationError: keyed by field; or the last active administrator would lose the role.
    """
    try:
        with transaction.atomic():
            user = _locked(user)
            changed = [name for name in PROFILE_FIELDS if name in profile and getattr(user, name) != profile[name]]
            old_role = user.role
            for name in changed:
                setattr(user, name, profile[name])
            _validate(user)
            if "role" in changed and old_role == Role.ADMIN:
                _another_admin_remains(user)
            if changed:
                user.save(update_fields=changed)
                audit.record("user.update", actor=by, object_type="user", object_ref=user.pk, fields=changed)
            if "role" in changed:
                _role_left(user, old_role, by=by)
    except IntegrityError as error:
        raise _username_taken() from error
    return user


@transaction.atomic
def user_deactivate(user: User, *, by: User) -> bool:
    """Shuts a user out at once: sessions, tokens and open care assignments end. False if they were out already.

    Raises:
        ValidationError: this is the last active administrator.
    """
    user = _locked(user)
    if not user.is_active:
        return False
    if user.role == Role.ADMIN:
        _another_admin_remains(user)
    user.is_active = False
    user.save(update_fields=["is_active"])
    AuthToken.objects.filter(user=user).delete()
    ended = caseload_end(user, by=by)
    audit.record("user.deactivate", actor=by, object_type="user", object_ref=user.pk, care_ended=ended)
    return True


@transaction.atomic
def user_activate(user: User, *, by: User) -> bool:
    """Lets a user in again, without their former assignments. False if they were in already."""
    user = _locked(user)
    if user.is_active:
        return False
    user.is_active = True
    # Sessions from before the deactivation must not come back to life, nor the old password.
    user.set_unusable_password()
    user.save(update_fields=["is_active", "password"])
    audit.record("user.activate", actor=by, object_type="user", object_ref=user.pk)
    return True


def open_care(user: User) -> int:
    """How many students the user cares for at the moment."""
    return CareAssignment.objects.filter(counselor=user, until__isnull=True, student__erased_at__isnull=True).count()


# --- passwords --------------------------------------------------------------------------------------------------------


def password_link(user: User, *, by: User) -> str:
    """The address at which the user sets a password, once; it holds for ``PASSWORD_RESET_TIMEOUT`` seconds.

    Raises:
        ValidationError: the user is deactivated.
    """
    if not user.is_active:
        raise ValidationError(_("This person is deactivated. Activate them first."), code="inactive")
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    path = reverse("password-set", args=[uid, default_token_generator.make_token(user)])
    audit.record("user.password_link", actor=by, object_type="user", object_ref=user.pk)
    return settings.SITE_URL.rstrip("/") + path


def password_link_mail(user: User, link: str) -> None:
    """Mails the link to its user, in the user's language.

    Raises:
        ValidationError: no mail address is known.
        OSError, smtplib.SMTPException: the mail server did not take it.
    """
    if not user.email:
        raise ValidationError(_("No mail address is known for this person. Hand over the link yourself."), code="mail")
    with translation.override(user.language or settings.LANGUAGE_CODE):
        days = settings.PASSWORD_RESET_TIMEOUT // 86_400
        body = render_to_string("students/mail/password_link.txt", {"user": user, "link": link, "days": days})
        send_mail(gettext("Set your password for EmoRec"), body, None, [user.email])


@transaction.atomic
def password_set(user: User) -> None:
    """After a user has set a new password: tokens are revoked, a lock-out is lifted, and an audit event is written."""
    AuthToken.objects.filter(user=user).delete()
    lockout_reset(username=user.get_username())
    audit.record("user.password_set", actor=user, object_type="user", object_ref=user.pk)


# --- API tokens -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class NewToken:
    """A token at the only moment its text is known; the database keeps a digest."""

    row: AuthToken
    text: str


@transaction.atomic
def token_create(user: User) -> NewToken:
    """A new API token of the user's own.

    Raises:
        ValidationError: they have ``MAX_TOKENS`` of them already.
    """
    _locked(user)
    if AuthToken.objects.filter(user=user).count() >= MAX_TOKENS:
        raise ValidationError(
            _("You have %(limit)d tokens already. Revoke one you no longer use."),
            code="tokens",
            params={"limit": MAX_TOKENS},
        )
    row, text = AuthToken.objects.create(user)
    audit.record("token.create", actor=user, object_type="user", object_ref=user.pk)
    return NewToken(row, text)


@transaction.atomic
def token_revoke(user: User, token_key: str) -> bool:
    """Revokes the user's own token that begins with ``token_key``; False if there is none."""
    revoked, _rows = AuthToken.objects.filter(user=user, token_key=token_key).delete()
    if revoked:
        audit.record("token.revoke", actor=user, object_type="user", object_ref=user.pk)
    return bool(revoked)


# --- inside -----------------------------------------------------------------------------------------------------------


def _locked(user: User) -> User:
    """The user's row, locked; all active administrators first, so that two of them cannot remove each other."""
    list(User.objects.select_for_update().filter(role=Role.ADMIN, is_active=True).order_by("pk").values_list("pk"))
    return User.objects.select_for_update().get(pk=user.pk)


def _another_admin_remains(user: User) -> None:
    if not User.objects.filter(role=Role.ADMIN, is_active=True).exclude(pk=user.pk).exists():
        raise ValidationError(
            _("This is the last active administrator. Make someone else an administrator first."), code="last_admin"
        )


def _role_left(user: User, old_role: str, *, by: User) -> None:
    AuthToken.objects.filter(user=user).delete()
    ended = caseload_end(user, by=by) if old_role == Role.COUNSELOR else 0
    audit.record(
        "user.role",
        actor=by,
        object_type="user",
        object_ref=user.pk,
        before=old_role,
        after=user.role,
        care_ended=ended,
    )


def _validate(user: User) -> None:
    if User.objects.filter(username__iexact=user.username).exclude(pk=user.pk).exists():
        raise _username_taken()
    user.full_clean(exclude=["password"], validate_unique=False)


def _username_taken() -> ValidationError:
    error = ValidationError(_("This user name is taken. Choose another one."), code="taken")
    return ValidationError({"username": error})
