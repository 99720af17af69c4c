"""Encryption of what must not be readable in the database: authenticated, by Fernet (AES-128-CBC with HMAC-SHA-256).

The keys are ``EMOREC_SEAL_KEYS`` and one derived from each secret key in use: the first of all for sealing, every one
for opening, so a key can be changed while old rows are still there.
"""

import base64
import json
import zlib
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class SealBrokenError(Exception):
    """What was sealed cannot be opened: its key is gone, or it was altered."""


def seal(values: Any) -> bytes:
    """JSON-ready values, compressed and encrypted."""
    return _keys().encrypt(zlib.compress(json.dumps(values, separators=(",", ":")).encode()))


def unseal(sealed: bytes | memoryview) -> Any:
    """The counterpart of ``seal``.

    Raises:
        SealBrokenError: no key in use opens it.
    """
    try:
        return json.loads(zlib.decompress(_keys().decrypt(bytes(sealed))))
    except (InvalidToken, zlib.error, ValueError) as error:
        raise SealBrokenError from error


def reseal(sealed: bytes | memoryview) -> bytes:
    """The same content under the first key.

    Raises:
        SealBrokenError: no key in use opens it.
    """
    try:
        return _keys().rotate(bytes(sealed))
    except InvalidToken as error:
        raise SealBrokenError from error


def _keys() -> MultiFernet:
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet([Fernet(key) for key in [*settings.EMOREC_SEAL_KEYS, *map(_derived, secrets)]])


def _derived(secret: str) -> bytes:
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"emorec scores")
    return base64.urlsafe_b64encode(derivation.derive(secret.encode()))
