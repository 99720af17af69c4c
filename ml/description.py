"""From the packets of a file to what it holds."""

from collections.abc import Sequence

from ml.clock import Span, common_gaps
from ml.declared import Declared
from ml.decoder import MAX_PIXELS
from ml.errors import RecognitionError
from ml.packets import Packets
from ml.streams import AudioStream, MediaInfo, VideoStream

GAP_S = 10.0
"""What is missing in every stream for at least so long is left out of the recording."""
LIMIT_TOLERANCE_S = 1.0
"""Recorders do not stop on the dot: so much more than the limit is taken."""
_MOST_GAPS = 50
"""The longest gaps are left out; a recording that jumps more often keeps the others, as silence."""
_MOST_STREAMS = 16
"""Streams of one kind that are described; the readers can take no others."""
_LAST_PACKET_S = 0.5
_UNKNOWN_CODECS = frozenset({"", "none", "unknown_codec"})


def described(
    container: str,
    streams: Sequence[Packets],
    sizes: Sequence[tuple[int, int]],
    declared: Declared,
    max_duration_s: float,
) -> MediaInfo:
    """What a file holds.

    Args:
        streams: its audio and video streams.
        sizes: width and height of the video streams as shown, as far as they are known.
        declared: what its header says.

    Raises:
        RecognitionError: unsupported_format, damaged_file, no_streams, too_long.
    """
    kinds = {kind: [s for s in streams if s.facts.get("media_type") == kind] for kind in ("audio", "video")}
    full = [stream for stream in streams if stream.count]
    if not full:
        raise RecognitionError("damaged_file", "no packet can be read")
    shown = [sizes[n] if n < len(sizes) and all(sizes[n]) else s.size() for n, s in enumerate(kinds["video"])]
    readable = [s for s in full if _is_readable(s)]
    if not readable:
        raise RecognitionError("unsupported_format", "neither sound nor pictures of a known kind")
    measured_s = max(stream.spans()[-1][1] for stream in readable)
    if measured_s <= 0:
        raise RecognitionError("damaged_file", "no time passes")
    duration_s = _duration(measured_s, declared.seconds)
    gaps = _gaps(readable, duration_s)
    audio = tuple(
        _audio(n, stream, duration_s, gaps)
        for n, stream in enumerate(kinds["audio"][:_MOST_STREAMS])
        if stream in readable
    )
    video = tuple(
        _video(n, stream, shown[n], duration_s, gaps)
        for n, stream in enumerate(kinds["video"][:_MOST_STREAMS])
        if stream in readable
    )
    truncated = declared.is_cut
    if truncated is None and declared.seconds is not None:
        truncated = _falls_short(measured_s, declared.seconds)
    info = MediaInfo(
        container=container,
        duration_s=duration_s,
        declared_s=declared.seconds,
        audio_streams=audio,
        video_streams=video,
        unreadable=len(full) - len(readable),
        gaps=tuple(gaps),
        truncated=bool(truncated),
        end_known=truncated is not None,
        audio=audio[0] if audio else None,
        video=video[0] if video else None,
    )
    if info.content_s > max_duration_s + LIMIT_TOLERANCE_S:
        raise RecognitionError("too_long", f"longer than {max_duration_s:.0f} s")
    return info


def _is_readable(stream: Packets) -> bool:
    """Whether the kind of stream is known and its size or rate makes sense."""
    if stream.facts.get("codec_id", "") in _UNKNOWN_CODECS:
        return False
    if stream.facts.get("media_type") == "audio":
        return int(stream.facts.get("sample_rate", "0")) > 0
    width, height = stream.size()
    return 0 < width * height <= MAX_PIXELS


def _gaps(streams: Sequence[Packets], duration_s: float) -> list[Span]:
    gaps = common_gaps([stream.holes(duration_s) for stream in streams], GAP_S)
    return sorted(sorted(gaps, key=lambda gap: gap[0] - gap[1])[:_MOST_GAPS])


def _audio(number: int, stream: Packets, duration_s: float, gaps: Sequence[Span]) -> AudioStream:
    start_s, end_s, missing_s = _extent(stream, gaps)
    return AudioStream(
        number,
        stream.facts["codec_id"],
        int(stream.facts["sample_rate"]),
        stream.facts.get("channel_layout_name", ""),
        start_s,
        min(end_s, duration_s),
        missing_s,
    )


def _video(number: int, stream: Packets, size: tuple[int, int], duration_s: float, gaps: Sequence[Span]) -> VideoStream:
    start_s, end_s, missing_s = _extent(stream, gaps)
    fps = stream.count / stream.covered_s if stream.covered_s > 0 else 0.0
    codec = stream.facts["codec_id"]
    return VideoStream(number, codec, *size, round(fps, 3), start_s, min(end_s, duration_s), missing_s)


def _extent(stream: Packets, gaps: Sequence[Span]) -> tuple[float, float, float]:
    """Start and end of a stream, and the seconds that it lacks between them although another one has them."""
    spans = stream.spans()
    start_s, end_s = spans[0][0], spans[-1][1]
    missing_s = end_s - start_s - sum(end - start for start, end in spans)
    missing_s -= sum(max(0.0, min(end, end_s) - max(start, start_s)) for start, end in gaps)
    return start_s, end_s, max(0.0, round(missing_s, 3))


def _duration(measured_s: float, declared_s: float | None) -> float:
    """The declared duration where the packets bear it out: not every container says how long its last packet lasts."""
    if declared_s is not None and 0 <= declared_s - measured_s <= _LAST_PACKET_S:
        return declared_s
    return measured_s


def _falls_short(measured_s: float, declared_s: float) -> bool:
    """Ends more than a second and a fiftieth before the declared time: not a matter of rounding."""
    return declared_s - measured_s > max(1.0, declared_s / 50)
