"""What a file says about its own length: how long it should be, and whether its end is there.

Every container has its own way, and some have none; then nobody can tell whether the end is missing. The numbers come
from the file and may be wrong or made up: nothing is read, allocated or trusted because of them.
"""

import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from ml.boxes import boxes, movie_header, top_boxes
from ml.ebml import segment_info

_LONGEST_S = 1e9
_MOST_CHUNKS = 10_000
_UNKNOWN_SIZE = 0xFFFFFFFF
_PADDING_BYTES = 1024
_OGG_PAGE_BYTES = 27 + 255 + 255 * 255
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_HEADER_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Declared:
    """What a file says of its length.

    Attributes:
        seconds: how long it should be; None where it does not say.
        is_cut: whether bytes are missing at its end; None where only ``seconds`` can tell, or nothing.
    """

    seconds: float | None = None
    is_cut: bool | None = None


def declared(path: Path, container: str) -> Declared:
    """What a file of that container says of its length."""
    reader = _READERS.get(container)
    if reader is None:
        return Declared()
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        try:
            answer = reader(file, size)
        except (struct.error, ValueError, IndexError, OverflowError, ZeroDivisionError):
            return Declared()
    is_sane = answer.seconds is not None and math.isfinite(answer.seconds) and 0 < answer.seconds < _LONGEST_S
    return answer if is_sane else Declared(None, answer.is_cut)


def _mov(file: BinaryIO, size: int) -> Declared:
    """The longest sound or picture track; whether the last box fits into the file."""
    ends = [end for _, _, end in islice(top_boxes(file), _MOST_CHUNKS)]
    is_cut = ends[-1] > size if ends and len(ends) < _MOST_CHUNKS else None
    header = movie_header(file)
    scale, seconds = 0, 0.0
    for kind, body in boxes(header):
        if kind == b"mvhd":
            scale = struct.unpack_from(">I", body, 20 if body[0] else 12)[0]
        if kind == b"mvex":
            return Declared(None, is_cut)
        if kind == b"trak" and _handler(body) in {b"soun", b"vide"}:
            seconds = max(seconds, _track_units(body) / scale)
    return Declared(seconds or None, is_cut or None)


def _handler(track: bytes) -> bytes:
    media = dict(boxes(dict(boxes(track)).get(b"mdia", b"")))
    return media.get(b"hdlr", b"")[8:12]


def _track_units(track: bytes) -> int:
    header = dict(boxes(track))[b"tkhd"]
    return int(struct.unpack_from(">Q", header, 28)[0] if header[0] else struct.unpack_from(">I", header, 20)[0])


def _matroska(file: BinaryIO, size: int) -> Declared:
    """The duration of the segment and its size; browser cameras write neither."""
    seconds, end = segment_info(file)
    return Declared(seconds, True if end is not None and end > size else None)


def _wav(file: BinaryIO, size: int) -> Declared:
    """The size of the data chunk over the bytes per second."""
    bytes_per_s, large = 0, None
    for kind, start, length in _riff_chunks(file, size):
        if kind == b"ds64":
            large = _read(file, start + 8, "<Q")
        elif kind == b"fmt ":
            bytes_per_s = _read(file, start + 8, "<I")
        elif kind == b"data":
            known = large if large and length == _UNKNOWN_SIZE else length
            if known in {0, _UNKNOWN_SIZE}:
                return Declared()
            return Declared(known / bytes_per_s)
    return Declared()


def _avi(file: BinaryIO, size: int) -> Declared:
    """Frames times their length; the size of the outermost chunk, which a recorder that was interrupted never wrote."""
    whole = _read(file, 4, "<I")
    header = _bytes(file, 12, _HEADER_BYTES)
    place = header.find(b"avih")
    frame_us, frames = struct.unpack_from("<I", header, place + 8)[0], struct.unpack_from("<I", header, place + 24)[0]
    extended = header.find(b"dmlh")
    if extended >= 0:
        frames = max(frames, struct.unpack_from("<I", header, extended + 8)[0])
    is_cut = whole > size + _PADDING_BYTES if whole not in {0, _UNKNOWN_SIZE} else None
    return Declared(frames * frame_us / 1e6 if place >= 0 else None, is_cut or None)


def _aiff(file: BinaryIO, size: int) -> Declared:
    """Frames over the rate."""
    for kind, start, _ in _riff_chunks(file, size, ">"):
        if kind == b"COMM":
            frames = _read(file, start + 2, ">I")
            exponent, mantissa = struct.unpack(">HQ", _bytes(file, start + 8, 10))
            return Declared(frames / (mantissa * 2.0 ** ((exponent & 0x7FFF) - 16446)))
    return Declared()


def _caf(file: BinaryIO, size: int) -> Declared:
    """The size of the data chunk, which may be left open."""
    position = 8
    for _ in range(_MOST_CHUNKS):
        file.seek(position)
        kind, length = struct.unpack(">4sq", file.read(12))
        if kind == b"data":
            return Declared(None, None if length < 0 else position + 12 + length > size)
        position += 12 + max(0, length)
    return Declared()


def _flac(file: BinaryIO, size: int) -> Declared:
    """The number of samples in the first block."""
    head = file.read(_HEADER_BYTES)
    place = head.index(b"fLaC") + 8
    bits = int.from_bytes(head[place + 10 : place + 18], "big")
    rate, samples = bits >> 44, bits & (1 << 36) - 1
    return Declared(samples / rate if samples else None)


def _ogg(file: BinaryIO, size: int) -> Declared:
    """The last page says that it is the last, and is whole."""
    file.seek(max(0, size - _OGG_PAGE_BYTES))
    end = file.read(_OGG_PAGE_BYTES)
    place = end.rfind(b"OggS")
    while place >= 0 and len(end) < place + 27:
        place = end.rfind(b"OggS", 0, place)
    if place < 0:
        return Declared()
    segments = end[place + 26]
    length = 27 + segments + sum(end[place + 27 : place + 27 + segments])
    return Declared(None, not end[place + 5] & 4 or place + length > len(end))


def _mp3(file: BinaryIO, size: int) -> Declared:
    """The count of frames that an encoder puts into the first frame; without one nobody can tell."""
    start = 0
    if file.read(3) == b"ID3":
        file.seek(6)
        for byte in file.read(4):
            start = start << 7 | byte & 0x7F
        start += 10
    file.seek(start)
    frame = file.read(256)
    version, rate_index = frame[1] >> 3 & 3, frame[2] >> 2 & 3
    rate = (44_100, 48_000, 32_000)[rate_index] // {3: 1, 2: 2, 0: 4}.get(version, 1)
    for mark in (b"Xing", b"Info"):
        place = frame.find(mark, 4, 64)
        if place >= 0:
            flags, frames = struct.unpack_from(">II", frame, place + 4)
            samples = 1152 if version == 3 else 576
            return Declared(frames * samples / rate if flags & 1 else None)
    return Declared()


def _asf(file: BinaryIO, size: int) -> Declared:
    """Play time without the time of buffering; a broadcast says nothing."""
    head = file.read(_HEADER_BYTES)
    place = head.index(_ASF_FILE_PROPERTIES) + 24
    duration, _, preroll_ms, flags = struct.unpack_from("<QQQI", head, place + 40)
    return Declared(None if flags & 1 else duration / 1e7 - preroll_ms / 1e3)


def _flv(file: BinaryIO, size: int) -> Declared:
    """The number called duration in the first tag."""
    head = file.read(_HEADER_BYTES)
    mark = b"duration\x00"
    place = head.find(mark)
    return Declared(struct.unpack_from(">d", head, place + len(mark))[0] if place >= 0 else None)


def _riff_chunks(file: BinaryIO, size: int, order: str = "<") -> list[tuple[bytes, int, int]]:
    """Kind, place of the body and length of the chunks of a RIFF or IFF file."""
    chunks: list[tuple[bytes, int, int]] = []
    position = 12
    while position + 8 <= size and len(chunks) < _MOST_CHUNKS:
        file.seek(position)
        kind, length = struct.unpack(f"{order}4sI", file.read(8))
        chunks.append((kind, position + 8, length))
        position += 8 + length + length % 2
    return chunks


def _read(file: BinaryIO, at: int, kind: str) -> int:
    return int(struct.unpack(kind, _bytes(file, at, struct.calcsize(kind)))[0])


def _bytes(file: BinaryIO, at: int, count: int) -> bytes:
    file.seek(at)
    return file.read(count)


_READERS: dict[str, Callable[[BinaryIO, int], Declared]] = {
    "mov": _mov,
    "matroska": _matroska,
    "wav": _wav,
    "avi": _avi,
    "aiff": _aiff,
    "caf": _caf,
    "flac": _flac,
    "ogg": _ogg,
    "mp3": _mp3,
    "asf": _asf,
    "flv": _flv,
}
