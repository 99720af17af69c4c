"""A request id for log and error page, and the language a user chose."""

import logging
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import translation

request_id: ContextVar[str] = ContextVar("request_id", default="-")

Handler = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """Gives every request an id, sent back as ``X-Request-ID``: a person can quote it and the log can be searched."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = request_id.set(uuid.uuid4().hex[:12])
        request.META["REQUEST_ID"] = request_id.get()
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id.get()
            return response
        finally:
            request_id.reset(token)


class RequestIdFilter(logging.Filter):
    """Puts the current request id on every log record."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class UserLanguageMiddleware:
    """Shows a signed-in user the pages in the language of their profile, whatever the browser asks for."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        language = getattr(request.user, "language", "")
        if not language:
            return self.get_response(request)
        with translation.override(language):
            request.LANGUAGE_CODE = language
            return self.get_response(request)


def client_address(request: HttpRequest) -> str:
    """The address that sign-in lock-out counts by: the one our own proxy saw, or the peer's where there is no proxy.

    Only the last entry of ``X-Forwarded-For`` was written by the proxy; those before it are the client's own claim.
    """
    if settings.EMOREC_BEHIND_PROXY and (forwarded := request.headers.get("X-Forwarded-For")):
        return forwarded.rpartition(",")[2].strip()
    return str(request.META["REMOTE_ADDR"])
