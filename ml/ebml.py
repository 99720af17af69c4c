"""As much of Matroska's EBML as is needed to read how long a segment should be."""

import struct
from typing import BinaryIO

_SEGMENT = 0x18538067
_INFO = 0x1549A966
_CLUSTER = 0x1F43B675
_SCALE = 0x2AD7B1
_DURATION = 0x4489
_MOST_ELEMENTS = 1_000
_MOST_INFO_BYTES = 1024 * 1024


def segment_info(file: BinaryIO) -> tuple[float | None, int | None]:
    """Duration in seconds and place of the end of the first segment, None where the file does not say.

    Raises:
        ValueError: the file is no such thing.
    """
    file.seek(0)
    _, length = _element(file)
    file.seek(length or 0, 1)
    kind, length = _element(file)
    if kind != _SEGMENT:
        raise ValueError("no segment")
    end = None if length is None else file.tell() + length
    for _ in range(_MOST_ELEMENTS):
        kind, length = _element(file)
        if kind == _INFO and length is not None:
            return _duration_s(file, file.tell() + min(length, _MOST_INFO_BYTES)), end
        if kind == _CLUSTER or length is None:
            break
        file.seek(length, 1)
    return None, end


def _duration_s(file: BinaryIO, end: int) -> float | None:
    scale, duration = 1_000_000, None
    while file.tell() < end:
        kind, length = _element(file)
        body = file.read(min(length or 0, _MOST_INFO_BYTES))
        if kind == _SCALE:
            scale = int.from_bytes(body, "big")
        elif kind == _DURATION:
            duration = struct.unpack(">f" if len(body) == 4 else ">d", body)[0]
    return None if duration is None else duration * scale / 1e9


def _element(file: BinaryIO) -> tuple[int, int | None]:
    """Kind and length of the next element; None for one that is open-ended."""
    kind, _ = _number(file, keep_mark=True)
    length, is_open = _number(file)
    return kind, None if is_open else length


def _number(file: BinaryIO, keep_mark: bool = False) -> tuple[int, bool]:
    """A number whose first set bit says how many bytes it has; and whether all its other bits are set."""
    first = file.read(1)
    if not first or not first[0]:
        raise ValueError("no number")
    count = 9 - first[0].bit_length()
    value = int.from_bytes(first + file.read(count - 1), "big")
    rest = value & (1 << 7 * count) - 1
    return value if keep_mark else rest, rest == (1 << 7 * count) - 1
