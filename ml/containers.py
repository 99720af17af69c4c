"""Which container format a file has, by its first bytes and never by its name.

Only what is recognised here is ever handed to ffmpeg, and then with its demuxer forced: a playlist (m3u8, ffconcat,
sdp) is text, has no such first bytes, and so can never make ffmpeg open another file or address. A QuickTime file
may itself point elsewhere (external data references); those are looked for here and refused.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from ml.errors import RecognitionError

_STILL_IMAGE_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis"})
_MOV_FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_MOV_PATH_TO_REFERENCES = frozenset({b"trak", b"mdia", b"minf", b"dinf"})
_POINTS_ELSEWHERE = frozenset({b"rmra", b"cmov"})
"""Reference movies, and compressed headers, whose references cannot be read here."""

_MAX_BOXES = 100_000
_MAX_MOOV_BYTES = 256 * 1024 * 1024


def recognise_container(path: Path) -> str:
    """The container's name, which is also ffmpeg's name of the demuxer to force.

    Returns:
        One of mov (mp4, m4a, 3gp), matroska (webm), avi, wav, mp3, flac, ogg, aac.

    Raises:
        RecognitionError: empty_file; unsupported_format (unknown first bytes, a still image, references elsewhere).
    """
    if not path.is_file():
        raise RecognitionError("unsupported_format", "not a regular file")
    with path.open("rb") as file:
        head = file.read(64)
        if not head:
            raise RecognitionError("empty_file")
        if head.startswith(b"ID3"):
            head = _after_id3(file, head)
            return _by_first_bytes(head) if head[:4] == b"fLaC" or _is_adts(head) else "mp3"
        name = _by_first_bytes(head)
        if name == "mov":
            _refuse_external_references(file)
        return name


def _by_first_bytes(head: bytes) -> str:
    if head[4:8] in _MOV_FIRST_BOXES:
        if head[4:8] == b"ftyp" and head[8:12] in _STILL_IMAGE_BRANDS:
            raise RecognitionError("unsupported_format", "a still image")
        return "mov"
    if head.startswith(b"\x1a\x45\xdf\xa3"):
        return "matroska"
    if head[:4] in {b"RIFF", b"RF64"} and head[8:12] == b"WAVE":
        return "wav"
    if head.startswith(b"RIFF") and head[8:12] == b"AVI ":
        return "avi"
    if head.startswith(b"fLaC"):
        return "flac"
    if head.startswith(b"OggS"):
        return "ogg"
    if _is_adts(head):
        return "aac"
    if _is_mpeg_audio(head):
        return "mp3"
    raise RecognitionError("unsupported_format", "first bytes of no known container")


def _is_adts(head: bytes) -> bool:
    """ADTS: twelve sync bits, then layer 0, then a valid sampling frequency index."""
    return len(head) > 2 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0 and (head[2] >> 2) & 0xF < 13


def _is_mpeg_audio(head: bytes) -> bool:
    """An MPEG audio frame header: eleven sync bits and no reserved version, layer, bit rate or sampling rate."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    version, layer = (head[1] >> 3) & 3, (head[1] >> 1) & 3
    bit_rate, sampling_rate = head[2] >> 4, (head[2] >> 2) & 3
    return version != 1 and layer != 0 and bit_rate not in {0, 15} and sampling_rate != 3


def _after_id3(file: BinaryIO, head: bytes) -> bytes:
    """The bytes after a leading ID3v2 tag, whose size is four times seven bits."""
    size = 0
    for byte in head[6:10]:
        size = size << 7 | byte & 0x7F
    file.seek(10 + size)
    return file.read(64)


def _refuse_external_references(file: BinaryIO) -> None:
    moov = _moov(file)
    for kind, body in _nested_boxes(moov):
        if kind in _POINTS_ELSEWHERE:
            raise RecognitionError("unsupported_format", "a movie that refers to another file")
        if kind == b"dref":
            for _, reference in _boxes(body[8:]):
                is_in_this_file = len(reference) >= 4 and reference[3] & 1
                if not is_in_this_file:
                    raise RecognitionError("unsupported_format", "a track that refers to another file")


def _moov(file: BinaryIO) -> bytes:
    """The body of the movie header box; empty when there is none (ffmpeg then reports the damage)."""
    file.seek(0, 2)
    end, position = file.tell(), 0
    for _ in range(_MAX_BOXES):
        file.seek(position)
        header = file.read(16)
        if len(header) < 8:
            return b""
        size, kind = struct.unpack(">I4s", header[:8])
        header_size = 8
        if size == 1 and len(header) == 16:
            size, header_size = struct.unpack(">Q", header[8:])[0], 16
        elif size == 0:
            size = end - position
        if size < header_size:
            return b""
        if kind == b"moov":
            if size > _MAX_MOOV_BYTES:
                raise RecognitionError("unsupported_format", "a movie header of implausible size")
            file.seek(position + header_size)
            return file.read(size - header_size)
        position += size
    raise RecognitionError("unsupported_format", "implausibly many boxes")


def _nested_boxes(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Every box on the way from the movie header to its data references."""
    waiting = [body]
    while waiting:
        for kind, inner in _boxes(waiting.pop()):
            yield kind, inner
            if kind in _MOV_PATH_TO_REFERENCES:
                waiting.append(inner)


def _boxes(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The boxes that lie side by side in ``body``, up to the first that does not fit."""
    position = 0
    while position + 8 <= len(body):
        size, kind = struct.unpack_from(">I4s", body, position)
        size = size or len(body) - position
        if size < 8:
            return
        yield kind, body[position + 8 : position + size]
        position += size
