"""An uploaded file that waits in the person's session, on the server, between its preview and their word."""

import base64
import zlib
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.utils import timezone

KEPT_FOR = timedelta(minutes=30)


def keep(request: HttpRequest, key: str, data: bytes, of: Any = "") -> None:
    """Keeps the bytes under ``key``, in place of any others there.

    Args:
        of: what the file belongs to.
    """
    packed = base64.b85encode(zlib.compress(data)).decode("ascii")
    request.session[key] = {"data": packed, "at": timezone.now().timestamp(), "of": str(of)}


def kept(request: HttpRequest, key: str, of: Any = "") -> bytes | None:
    """The bytes that wait; None if there are none, or not for this, or they are too old."""
    stored = request.session.get(key)
    if stored is None or stored["of"] != str(of):
        return None
    if timezone.now().timestamp() - stored["at"] > KEPT_FOR.total_seconds():
        del request.session[key]
        return None
    return zlib.decompress(base64.b85decode(stored["data"]))


def forget(request: HttpRequest, key: str) -> None:
    """Nothing waits any more."""
    request.session.pop(key, None)
