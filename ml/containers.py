"""Which container format a file has, by its first bytes and never by its name.

Only what is recognised here is ever handed to ffmpeg, and then with its demuxer forced: a playlist (m3u8, ffconcat,
sdp, asx) is text, has no such first bytes, and so can never make ffmpeg open another file or address. A QuickTime file
may itself point elsewhere (external data references); those are looked for here and refused. None of the other
containers makes its demuxer open anything: addresses and scripts in ASF and FLV are not looked at.
"""

from pathlib import Path
from typing import BinaryIO

from ml.boxes import boxes, movie_header, nested_boxes
from ml.errors import RecognitionError

_STILL_IMAGE_BRANDS = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis"})
_MOV_FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_MOV_PATH_TO_REFERENCES = frozenset({b"trak", b"mdia", b"minf", b"dinf"})
_POINTS_ELSEWHERE = frozenset({b"rmra", b"cmov"})
"""Reference movies, and compressed headers, whose references cannot be read here."""
_ASF_HEADER = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_STARTS = (
    (b"fLaC", "flac"),
    (b"OggS", "ogg"),
    (_ASF_HEADER, "asf"),
    (b"FLV\x01", "flv"),
    (b"caff\x00\x01", "caf"),
    (b"#!AMR\n", "amr"),
    (b"#!AMR-WB\n", "amr"),
    (b"\x00\x00\x01\xba", "mpeg"),
    (b"\x1f\x07\x00\x3f", "dv"),
    (b"\x1f\x07\x00\xbf", "dv"),
)
_TS_PACKETS = ((188, 0), (192, 4))
"""Length of a transport packet and where its sync byte stands: broadcast, and cameras (mts, m2ts)."""
_TS_SYNCS = 5
_HEAD_BYTES = 1024


def recognise_container(path: Path) -> str:
    """The container's name, which is also ffmpeg's name of the demuxer to force.

    Returns:
        One of mov (mp4, m4a, 3gp), matroska (webm), avi, wav, mp3, flac, ogg, aac, mpegts (ts, mts, m2ts), mpeg (mpg,
        vob), asf (wmv, wma), flv, aiff, caf, amr, dv.

    Raises:
        RecognitionError: empty_file; unsupported_format (unknown first bytes, a still image, references elsewhere).
    """
    if not path.is_file():
        raise RecognitionError("unsupported_format", "not a regular file")
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
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
    if head.startswith(b"FORM") and head[8:12] in {b"AIFF", b"AIFC"}:
        return "aiff"
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    if _is_transport_stream(head):
        return "mpegts"
    if _is_adts(head):
        return "aac"
    if _is_mpeg_audio(head):
        return "mp3"
    raise RecognitionError("unsupported_format", "first bytes of no known container")


def _is_transport_stream(head: bytes) -> bool:
    """MPEG transport stream: a sync byte at the same place of several packets in a row."""
    return any(head[first : first + length * _TS_SYNCS : length] == b"G" * _TS_SYNCS for length, first in _TS_PACKETS)


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
    return file.read(_HEAD_BYTES)


def _refuse_external_references(file: BinaryIO) -> None:
    for kind, body in nested_boxes(movie_header(file), _MOV_PATH_TO_REFERENCES):
        if kind in _POINTS_ELSEWHERE:
            raise RecognitionError("unsupported_format", "a movie that refers to another file")
        if kind == b"dref":
            for _, reference in boxes(body[8:]):
                is_in_this_file = len(reference) >= 4 and reference[3] & 1
                if not is_in_this_file:
                    raise RecognitionError("unsupported_format", "a track that refers to another file")
