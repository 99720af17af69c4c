"""The API's rates, counted in Redis for all web processes together.

They stop a script that runs away; they meter nobody and guard no password (that is ``axes``, in the database). So when
Redis cannot be reached the request goes through uncounted: the pages work without Redis, and so does the API.
"""

import logging
from typing import TYPE_CHECKING

import redis
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle, ScopedRateThrottle, UserRateThrottle

if TYPE_CHECKING:  # the framework's views import this module
    from rest_framework.views import APIView

log = logging.getLogger(__name__)


class _Lenient(BaseThrottle):
    """Lets everything through while nothing can be counted."""

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Whether the request is within its rate."""
        try:
            return super().allow_request(request, view)
        except redis.RedisError as error:
            log.warning("a request was not counted (%s)", type(error).__name__)
            return True


class UserThrottle(_Lenient, UserRateThrottle):
    """The rate of everything one user asks for."""


class ScopeThrottle(_Lenient, ScopedRateThrottle):
    """The rates of single addresses, by their view's ``throttle_scope``."""
