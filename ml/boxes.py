"""The boxes of a QuickTime or MP4 file: each has a size, a kind of four letters and a body, and may hold others."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

from ml.errors import RecognitionError

_MAX_BOXES = 100_000
_MAX_MOOV_BYTES = 256 * 1024 * 1024


def top_boxes(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Kind, place of the body and place of the end of every box of a file; the last one may end beyond the file.

    Raises:
        RecognitionError: unsupported_format for implausibly many boxes.
    """
    end, position = file.seek(0, 2), 0
    for _ in range(_MAX_BOXES):
        file.seek(position)
        header = file.read(16)
        if len(header) < 8:
            return
        size, kind = struct.unpack(">I4s", header[:8])
        header_size = 8
        if size == 1 and len(header) == 16:
            size, header_size = struct.unpack(">Q", header[8:])[0], 16
        elif size == 0:
            size = end - position
        if size < header_size:
            return
        yield kind, position + header_size, position + size
        position += size
    raise RecognitionError("unsupported_format", "implausibly many boxes")


def movie_header(file: BinaryIO) -> bytes:
    """The body of the movie header box; empty when there is none (ffmpeg then reports the damage)."""
    for kind, start, end in top_boxes(file):
        if kind == b"moov":
            if end - start > _MAX_MOOV_BYTES:
                raise RecognitionError("unsupported_format", "a movie header of implausible size")
            file.seek(start)
            return file.read(end - start)
    return b""


def boxes(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes that lie side by side in ``body``, up to the first that does not fit."""
    position = 0
    while position + 8 <= len(body):
        size, kind = struct.unpack_from(">I4s", body, position)
        size = size or len(body) - position
        if size < 8:
            return
        yield kind, body[position + 8 : position + size]
        position += size


def nested_boxes(body: bytes, inside: frozenset[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """Every box of ``body`` and of the boxes in it whose kind is one of ``inside``."""
    waiting = [body]
    while waiting:
        for kind, inner in boxes(waiting.pop()):
            yield kind, inner
            if kind in inside:
                waiting.append(inner)
