"""Clients that sign in with a token, and a sound file small enough to upload in a test."""

import io
import math
import struct
import wave
from collections.abc import Callable

import pytest
from knox.models import AuthToken
from rest_framework.test import APIClient

from students.models import User

Api = Callable[[User | None], APIClient]


@pytest.fixture
def api() -> Api:
    """``api(user)`` is a script that sends this user's token; ``api(None)`` one that sends none."""

    def client(user: User | None) -> APIClient:
        script = APIClient()
        if user is not None:
            script.credentials(HTTP_AUTHORIZATION=f"Token {AuthToken.objects.create(user)[1]}")
        return script

    return client


@pytest.fixture
def tone() -> Callable[[float], io.BytesIO]:
    """``tone(pitch)`` is one second of a sine as a WAV file; another pitch is other content."""

    def render(pitch: float = 440.0) -> io.BytesIO:
        file = io.BytesIO()
        with wave.open(file, "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(16_000)
            samples = (int(9000 * math.sin(2 * math.pi * pitch * n / 16_000)) for n in range(16_000))
            sound.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
        file.seek(0)
        file.name = "interview.wav"
        return file

    return render
