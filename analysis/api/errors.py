"""Every failure of the API in one shape: ``{"error": {"code", "message", "next_step"}}``.

A failed validation adds ``fields`` (messages per field), throttling ``retry_after_s``, a refusal what a program can
use (such as the id of the recording that is already there), and an unexpected error the ``request_id`` to quote.
"""

import logging
import traceback
from typing import Any

from django.core.exceptions import (
    NON_FIELD_ERRORS,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.exceptions import ValidationError as ModelValidationError
from django.core.signals import got_request_exception
from django.http import Http404, UnreadablePostError
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import set_rollback

from analysis.errors import Problem, Refused

log = logging.getLogger(__name__)

NOT_SIGNED_IN = Problem(
    "not_signed_in", _("You are not signed in."), _("Send a token: Authorization: Token <your token>.")
)
INVALID_TOKEN = Problem(
    "invalid_token", _("The token is not valid or has expired."), _("Ask for a new token and use that.")
)
INVALID_CREDENTIALS = Problem(
    "invalid_credentials", _("User name and password do not match."), _("Check both and try again.")
)
FORBIDDEN = Problem(
    "forbidden",
    _("The request was refused."),
    _("With a browser session, send its CSRF token in the header X-CSRFToken; scripts use an API token."),
)
NOT_FOUND = Problem(
    "not_found",
    _("There is nothing at this address, or not for you."),
    _("Check the address; each one ends with a slash."),
)
METHOD_NOT_ALLOWED = Problem(
    "method_not_allowed", _("This address does not take that method."), _("See the schema for the methods it takes.")
)
NOT_ACCEPTABLE = Problem("not_acceptable", _("The answer comes as JSON only."), _("Send Accept: application/json."))
UNSUPPORTED_MEDIA_TYPE = Problem(
    "unsupported_media_type",
    _("The body has a content type that this address does not take."),
    _("Send JSON; for files, send multipart/form-data."),
)
MALFORMED = Problem("malformed", _("The body could not be read."), _("Check that it is complete and well formed."))
INVALID = Problem("invalid", _("Some of what was sent is not right."), _("Correct the fields named in fields."))
CONFLICT = Problem(
    "conflict",
    _("Its state does not allow this any more."),
    _("Get it again: someone else may have been faster."),
)
TOO_MANY_REQUESTS = Problem(
    "too_many_requests",
    _("Too many requests in a short time."),
    _("Wait a while (retry_after_s seconds, where given), then go on."),
)
SERVER_ERROR = Problem(
    "server_error",
    _("Something went wrong on the server."),
    _("Try again; if it happens again, tell an administrator and quote request_id."),
)


class InvalidCredentials(exceptions.APIException):
    """User name and password do not belong to an active user."""

    status_code = 401


class Conflict(exceptions.APIException):
    """The row is in a state from which it cannot go where the request wants it."""

    status_code = 409


_KNOWN: tuple[tuple[type[Exception], Problem, int], ...] = (
    (exceptions.NotAuthenticated, NOT_SIGNED_IN, 401),
    (exceptions.AuthenticationFailed, INVALID_TOKEN, 401),
    (InvalidCredentials, INVALID_CREDENTIALS, 401),
    (Conflict, CONFLICT, 409),
    (exceptions.PermissionDenied, FORBIDDEN, 403),
    (PermissionDenied, FORBIDDEN, 403),
    (Http404, NOT_FOUND, 404),
    (exceptions.NotFound, NOT_FOUND, 404),
    (exceptions.MethodNotAllowed, METHOD_NOT_ALLOWED, 405),
    (exceptions.NotAcceptable, NOT_ACCEPTABLE, 406),
    (exceptions.UnsupportedMediaType, UNSUPPORTED_MEDIA_TYPE, 415),
    (exceptions.ParseError, MALFORMED, 400),
    (exceptions.ValidationError, INVALID, 400),
    (ModelValidationError, INVALID, 400),
    (exceptions.Throttled, TOO_MANY_REQUESTS, 429),
)
"""The first line that fits answers. What is on none of them is unexpected, and its text never leaves the server."""


def exception_handler(exc: Exception, context: dict[str, Any]) -> Response:
    """The answer to ``exc``, in the one shape and with the status that says it best.

    Stands in REST framework's ``EXCEPTION_HANDLER``. Two causes of 404 give the same answer to the byte.
    """
    set_rollback()
    exc = _as_refusal(exc)
    if isinstance(exc, Refused):
        return Response({"error": exc.as_dict()}, status=exc.http_status)
    for kind, problem, status in _KNOWN:
        if isinstance(exc, kind):
            return Response({"error": problem.as_dict() | _extra(exc)}, status=status, headers=_headers(exc))
    return _unexpected(exc, context)


def _as_refusal(exc: Exception) -> Exception:
    """Failures of reading the request that have a refusal of their own."""
    match exc:
        case RequestDataTooBig():
            return Refused("too_large")
        case SuspiciousOperation():
            return exceptions.ParseError()
        case UnreadablePostError():
            return Refused("upload_incomplete")
    return exc


def _extra(exc: Exception) -> dict[str, Any]:
    match exc:
        case exceptions.ValidationError():
            return {"fields": _fields(exc.detail)}
        case ModelValidationError():
            return {"fields": _fields(exc.message_dict if hasattr(exc, "error_dict") else exc.messages)}
        case exceptions.Throttled() if (seconds := _wait_s(exc)) is not None:
            return {"retry_after_s": seconds}
    return {}


def _headers(exc: Exception) -> dict[str, str]:
    headers = {}
    if challenge := getattr(exc, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    if (seconds := _wait_s(exc)) is not None:
        headers["Retry-After"] = str(seconds)
    return headers


def _wait_s(exc: Exception) -> int | None:
    """Whole seconds until a throttled client may go on; None where that is not known."""
    return getattr(exc, "wait", None)


def _fields(detail: Any, path: str = "") -> dict[str, list[str]]:
    """Messages per field; a nested field is named by its path (``items.0.name``)."""
    if isinstance(detail, dict):
        parts = {("" if key == NON_FIELD_ERRORS else str(key)): value for key, value in detail.items()}
    elif any(isinstance(item, dict | list) for item in detail):
        parts = {str(index): item for index, item in enumerate(detail) if item}
    else:
        return {path or api_settings.NON_FIELD_ERRORS_KEY: [str(message) for message in detail]}
    fields: dict[str, list[str]] = {}
    for key, value in parts.items():
        inner = ".".join(filter(None, [path, key]))
        fields |= _fields(value if isinstance(value, dict | list) else [value], inner)
    return fields


def _unexpected(exc: Exception, context: dict[str, Any]) -> Response:
    """A bug: one general sentence and the request id. The log gets kind and place, not the text: it may hold names."""
    request = context["request"]
    request_id = request.META.get("REQUEST_ID", "-")
    log.error("unexpected %s\n%s", type(exc).__qualname__, "".join(traceback.format_tb(exc.__traceback__)))
    got_request_exception.send(sender=type(context["view"]), request=request)
    return Response({"error": SERVER_ERROR.as_dict() | {"request_id": request_id}}, status=500)
