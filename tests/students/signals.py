"""Listens to what ``students`` announces."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.dispatch import Signal


@contextmanager
def heard(signal: Signal, fail: type[Exception] | None = None) -> Iterator[list[dict[str, Any]]]:
    """What the signal carried, in order; with ``fail`` the listener raises that instead of listening quietly."""
    received: list[dict[str, Any]] = []

    def listener(sender: Any, **payload: Any) -> None:
        received.append({name: value for name, value in payload.items() if name != "signal"})
        if fail is not None:
            raise fail

    signal.connect(listener)
    try:
        yield received
    finally:
        signal.disconnect(listener)
