"""Reading recordings from people we do not know: what is in a file, its sampled frames, its sound.

ffmpeg does the decoding, confined as ``ml.decoder`` says. moviepy's own streaming reader is not used for this: it can
neither force a demuxer nor restrict protocols, fails on recordings without a stated duration (browser cameras), and
leaves a full error pipe unread.

All readers take the streams that a ``MediaInfo`` names as chosen and leave its gaps out: the times they give are those
of what the recording holds, ``MediaInfo.clock`` leads from there to the player's.
"""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from ml.containers import recognise_container
from ml.declared import declared
from ml.decoder import exact_reads, ffmpeg, file_input, lines
from ml.description import LIMIT_TOLERANCE_S, described
from ml.errors import RecognitionError
from ml.packets import read_packets, read_sizes
from ml.raw import OffsetFilter, finite, time_of, wav_header
from ml.streams import AudioStream, MediaInfo

SAMPLE_RATE = 44_100
"""Sampling rate of ``audio_blocks`` in Hz, the rate Spleeter was trained at."""

BLOCK_SAMPLES = SAMPLE_RATE
"""Samples in one block of audio: one second."""

_STORED_VALUES = 1_000_000
_SIZE_WITHIN_S = 60.0
"""A picture that does not come within so many seconds is taken to be shown as it is stored."""


def probe(path: str | Path, max_duration_s: float = 2 * 60 * 60) -> MediaInfo:
    """What a file holds, found out by reading all its packets once without decoding them.

    The first audio and the first video stream are chosen.

    Args:
        max_duration_s: what holds more than this, without its gaps, is refused, but for a second of grace: recorders
            do not stop on the dot.

    Raises:
        RecognitionError: empty_file, unsupported_format, damaged_file, no_streams, too_long, decoder_failed.
    """
    path = Path(path)
    container = recognise_container(path)
    arguments = [*file_input(container), "-map", "0:a?", "-map", "0:V?", "-c", "copy", "-f", "framecrc", "pipe:1"]
    with ffmpeg(path, arguments) as child:
        streams = read_packets(lines(child), max_duration_s + LIMIT_TOLERANCE_S)
    if not streams:
        raise _without_streams(path, container)
    has_pictures = any("dimensions" in stream.facts for stream in streams)
    sizes = _sizes_as_shown(path, container) if has_pictures else []
    return described(container, streams, sizes, declared(path, container), max_duration_s)


def _sizes_as_shown(path: Path, container: str) -> list[tuple[int, int]]:
    """Width and height of every video stream after rotation and with square pixels: those of its first frame."""
    arguments = [*file_input(container, seconds=_SIZE_WITHIN_S), "-map", "0:V?", "-frames:v", "1"]
    with ffmpeg(path, [*arguments, "-fps_mode", "passthrough", "-f", "framecrc", "pipe:1"]) as child:
        return read_sizes(lines(child))


def _without_streams(path: Path, container: str) -> RecognitionError:
    """Why there is neither sound nor picture: there are other streams only, or the header is damaged."""
    arguments = [*file_input(container, seconds=1.0), "-map", "0", "-c", "copy", "-copy_unknown"]
    with ffmpeg(path, [*arguments, "-f", "framecrc", "pipe:1"]) as child:
        others = any(line.startswith(b"#media_type") for line in lines(child))
    return RecognitionError("no_streams") if others else RecognitionError("damaged_file", "an unreadable header")


def sampled_frames(
    path: str | Path, info: MediaInfo, fps: float, longest_side: int = 640, max_duration_s: float = 2 * 60 * 60
) -> Iterator[tuple[float, np.ndarray]]:
    """At most ``fps`` frames per second, each with its own time in the recording.

    The first frame of every 1/fps seconds is taken, none is ever repeated: a gap in the video stays a gap.

    Args:
        info: of the same file; gives the stream, its size and the gaps.
        longest_side: frames are scaled down, never up, until their longer side has at most so many pixels.

    Yields:
        (time in s, frame uint8 (height, width, 3) RGB), rotated as shown, with even width and height.

    Raises:
        RecognitionError: damaged_file when not a single frame decodes; decoder_failed when ffmpeg stalls.
    """
    width, height = fitting_size(info.width, info.height, longest_side)
    grid = f"floor(t*{fps:g}+0.001)"
    last = f"floor(prev_selected_t*{fps:g}+0.001)"
    times_in, times_out = os.pipe()
    filters = [
        *_without_gaps("setpts", info),
        f"select='isnan(prev_selected_t)+gt({grid},{last})'",
        f"scale={width}:{height}:flags=bilinear",
        "format=rgb24",
        "metadata=add:key=sampled:value=1",
        f"metadata=print:key=sampled:direct=1:file='pipe\\:{times_out}'",
    ]
    arguments = [*file_input(info.container), "-map", _picture(info), "-t", f"{max_duration_s:.3f}"]
    arguments += ["-vf", ",".join(filters), "-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"]
    count = 0
    with ExitStack() as stack:
        times = stack.enter_context(os.fdopen(times_in, "rb"))
        try:
            child = stack.enter_context(ffmpeg(Path(path), arguments, pass_fds=(times_out,)))
        finally:
            os.close(times_out)
        for frame in exact_reads(child, width * height * 3):
            yield time_of(times), np.frombuffer(frame, np.uint8).reshape(height, width, 3)
            count += 1
    if count == 0:
        raise RecognitionError("damaged_file", "no frame can be decoded")


def frame_at(path: str | Path, info: MediaInfo, seconds: float, longest_side: int = 640) -> np.ndarray | None:
    """One frame of the chosen video stream, found without reading what lies before it.

    Args:
        seconds: about where, without the gaps.

    Returns:
        uint8 (height, width, 3) RGB, or None where there is none.
    """
    width, height = fitting_size(info.width, info.height, longest_side)
    arguments = [*file_input(info.container, info.clock.shown(seconds)), "-map", _picture(info), "-frames:v", "1"]
    arguments += ["-vf", f"scale={width}:{height}:flags=bilinear,format=rgb24", "-f", "rawvideo", "pipe:1"]
    with ffmpeg(Path(path), arguments) as child:
        frame = next(exact_reads(child, width * height * 3), None)
    return None if frame is None else np.frombuffer(frame, np.uint8).reshape(height, width, 3)


def audio_blocks(path: str | Path, info: MediaInfo, max_duration_s: float = 2 * 60 * 60) -> Iterator[np.ndarray]:
    """The chosen audio stream, in step with the video: holes and a late start are filled with silence.

    A constant offset and what lies below 20 Hz are removed. Mono stands in both channels as it is.

    Yields:
        float32 (n, 2) at 44.1 kHz, n = ``BLOCK_SAMPLES`` but for the last block. Full scale is 1; a file of floating
        point numbers may go beyond it, and so may the resampling of clipped sound.

    Raises:
        RecognitionError: damaged_file when nothing decodes; decoder_failed when ffmpeg stalls.
    """
    channels = 1 if _sound(info).is_mono else 2
    filters = [*_without_gaps("asetpts", info), f"aresample={SAMPLE_RATE}:async=1:first_pts=0"]
    arguments = [*file_input(info.container), "-map", _sound_map(info), "-t", f"{max_duration_s:.3f}"]
    arguments += ["-af", ",".join(filters), "-ac", str(channels), "-f", "f32le", "pipe:1"]
    offset, count = OffsetFilter(SAMPLE_RATE), 0
    with ffmpeg(Path(path), arguments) as child:
        for block in exact_reads(child, BLOCK_SAMPLES * channels * 4, keep_rest=True):
            samples = offset.removed(finite(block, channels))
            yield np.repeat(samples, 2, axis=1) if channels == 1 else samples
            count += 1
    if count == 0:
        raise RecognitionError("damaged_file", "no sound can be decoded")


def audio_piece(path: str | Path, info: MediaInfo, start_s: float, seconds: float, rate: int) -> np.ndarray:
    """A piece of the chosen audio stream, found without reading what lies before it.

    Args:
        start_s: about where, without the gaps.

    Returns:
        float32 (n,) at ``rate`` Hz, of two channels the louder; shorter than asked for, or empty, where there is no
        more.
    """
    arguments = [*file_input(info.container, info.clock.shown(start_s), seconds), "-map", _sound_map(info)]
    arguments += ["-ac", "2", "-ar", str(rate), "-f", "f32le", "pipe:1"]
    with ffmpeg(Path(path), arguments) as child:
        piece = next(exact_reads(child, round(seconds * rate) * 8, keep_rest=True), bytearray())
    samples = finite(piece, 2)
    return samples[:, int(np.square(samples).sum(axis=0).argmax())]


def stored_audio(
    path: str | Path, info: MediaInfo, max_duration_s: float = 2 * 60 * 60
) -> Iterator[tuple[int, np.ndarray]]:
    """The chosen audio stream as it is stored: own sampling rate, own channels, on the clock of ``audio_blocks``.

    Yields:
        (sampling rate in Hz, float32 (n, channels)); n is a second, less for the last block and for very many channels.

    Raises:
        RecognitionError: damaged_file when nothing decodes; decoder_failed when ffmpeg stalls.
    """
    filters = [*_without_gaps("asetpts", info), "aresample=async=1:first_pts=0"]
    arguments = [*file_input(info.container), "-map", _sound_map(info), "-t", f"{max_duration_s:.3f}"]
    arguments += ["-af", ",".join(filters), "-c:a", "pcm_f32le", "-bitexact", "-f", "wav", "pipe:1"]
    count = 0
    with ffmpeg(Path(path), arguments) as child:
        rate, channels = wav_header(child)
        frames = max(1, min(rate, _STORED_VALUES // channels))
        for block in exact_reads(child, frames * channels * 4, keep_rest=True):
            yield rate, finite(block, channels)
            count += 1
    if count == 0:
        raise RecognitionError("damaged_file", "no sound can be decoded")


def decode_only(path: str | Path, info: MediaInfo) -> float:
    """Seconds ffmpeg takes to decode the chosen streams and throw the result away: the yardstick of the bench."""
    started = time.perf_counter()
    maps = [_sound_map(info)] if info.audio else []
    maps += [_picture(info)] if info.video else []
    arguments = [*file_input(info.container), *(word for each in maps for word in ("-map", each)), "-f", "null", "-"]
    with ffmpeg(Path(path), arguments, stdout=subprocess.DEVNULL) as child:
        child.wait()
    return time.perf_counter() - started


def fitting_size(width: int, height: int, longest_side: int) -> tuple[int, int]:
    """Even width and height with the same aspect ratio, the longer at most ``longest_side``, never enlarged."""
    scale = min(1.0, longest_side / max(width, height))
    return max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)


def _sound(info: MediaInfo) -> AudioStream:
    if info.audio is None:
        raise ValueError("the recording has no sound")
    return info.audio


def _sound_map(info: MediaInfo) -> str:
    return f"0:a:{_sound(info).number}"


def _picture(info: MediaInfo) -> str:
    if info.video is None:
        raise ValueError("the recording has no pictures")
    return f"0:V:{info.video.number}"


def _without_gaps(setter: str, info: MediaInfo) -> list[str]:
    """A filter that moves what follows each gap to its beginning; none where there is no gap."""
    if not info.gaps:
        return []
    shifts = "+".join(f"gte(T,{(start + end) / 2:.6f})*{end - start:.6f}" for start, end in info.gaps)
    return [f"{setter}='PTS-({shifts})/TB'"]
