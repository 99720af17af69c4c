"""Reading recordings from people we do not know: what is in a file, its sampled frames, its sound.

ffmpeg (the binary that imageio-ffmpeg and moviepy bring) does the decoding, in a child process that
- sees only containers recognised by their own first bytes, with the demuxer forced (``ml.containers``);
- reads the one file it was given as an open descriptor and may open nothing else: ``fd`` is the only protocol allowed,
  so no playlist, reference or address inside a file can lead it elsewhere, and no file name reaches it;
- has a memory limit and a time limit, and is killed and reaped however its reader ends;
- writes no message into ours: its error text may quote the file.

moviepy's own streaming reader is not used for this: it can neither force a demuxer nor restrict protocols, fails on
recordings without a stated duration (browser cameras), and leaves a full error pipe unread.
"""

import os
import re
import resource
import selectors
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

import numpy as np
from scipy.signal import butter, sosfilt, sosfilt_zi

from ml.containers import recognise_container
from ml.errors import RecognitionError

SAMPLE_RATE = 44_100
"""Sampling rate of ``audio_blocks`` in Hz, the rate Spleeter was trained at."""

BLOCK_SAMPLES = SAMPLE_RATE
"""Samples in one block of audio: one second."""

MAX_PIXELS = 4096 * 4096
_CHILD_MEMORY_BYTES = 3 * 1024**3
_STALL_S = 120.0
_PROBE_S = 120.0
_PROBE_TEXT_BYTES = 1024 * 1024
_LAST_PACKET_S = 0.5
_OFFSET_HZ = 20
_STORED_VALUES = 1_000_000
_LARGEST_SAMPLE = 100.0
_ESTIMATED_DURATION = frozenset({"mp3", "aac"})
"""Containers without a stated duration: ffmpeg guesses it from the bit rate."""


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a recording holds.

    Attributes:
        container: mov, matroska, avi, wav, mp3, flac, ogg or aac.
        duration_s: measured over the packets of the file, not taken from its header.
        declared_s: what the header claims, None where it claims nothing.
        has_audio, has_video: whether there is such a stream; an attached cover picture is no video.
        width, height: size in pixels as shown, after rotation and with square pixels; 0 without video.
        fps: mean frame rate; 0 where unknown.
        rotation: degrees counter-clockwise by which the stored picture is turned for showing, 0, 90, 180 or 270.
        sample_rate: in Hz; 0 without audio.
        channels: e.g. "stereo"; "" without audio.
        video_codec, audio_codec: ffmpeg's names; "" without the stream.
        truncated: the file ends well before the time its header declares.
    """

    container: str
    duration_s: float
    declared_s: float | None
    has_audio: bool
    has_video: bool
    width: int = 0
    height: int = 0
    fps: float = 0.0
    rotation: int = 0
    sample_rate: int = 0
    channels: str = ""
    video_codec: str = ""
    audio_codec: str = ""
    truncated: bool = False

    def as_dict(self) -> dict[str, object]:
        """Plain values, ready for JSON."""
        return asdict(self)


def probe(path: str | Path, max_duration_s: float = 2 * 60 * 60) -> MediaInfo:
    """What a file holds, found out by reading all its packets once without decoding them.

    Raises:
        RecognitionError: empty_file, unsupported_format, damaged_file, no_streams, too_long, decoder_failed.
    """
    path = Path(path)
    container = recognise_container(path)
    arguments = ["-loglevel", "info", *_input(container), "-map", "0:a:0?", "-map", "0:V:0?", "-c", "copy"]
    arguments += ["-t", f"{max_duration_s + 2:.3f}", "-progress", "pipe:1", "-f", "null", "-"]
    with _ffmpeg(path, arguments, stderr=subprocess.PIPE) as child:
        progress, text = _read_to_end(child)
    described, _, _ = text.partition("\nStream mapping:")
    if not re.search(r"^Input #0", described, re.MULTILINE):
        raise RecognitionError("damaged_file", "the container's header cannot be read")
    info = _described(container, described)
    measured_s = max((int(t) for t in re.findall(r"^out_time_us=(\d+)", progress, re.MULTILINE)), default=0) / 1e6
    if not (info["has_audio"] or info["has_video"]):
        raise RecognitionError("no_streams")
    if measured_s <= 0:
        raise RecognitionError("damaged_file", "no packet can be read")
    if measured_s > max_duration_s + 1:
        raise RecognitionError("too_long", f"longer than {max_duration_s:.0f} s")
    declared = info["declared_s"]
    is_stated = isinstance(declared, float) and container not in _ESTIMATED_DURATION
    truncated = is_stated and _falls_short(measured_s, declared)
    return MediaInfo(duration_s=_duration(measured_s, declared), truncated=truncated, **info)


def sampled_frames(
    path: str | Path, info: MediaInfo, fps: float, longest_side: int = 640, max_duration_s: float = 2 * 60 * 60
) -> Iterator[tuple[float, np.ndarray]]:
    """At most ``fps`` frames per second, each with its own time in the recording.

    The first frame of every 1/fps seconds is taken, none is ever repeated: a gap in the video stays a gap.

    Args:
        info: of the same file; gives the size.
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
        f"select='isnan(prev_selected_t)+gt({grid},{last})'",
        f"scale={width}:{height}:flags=bilinear",
        "format=rgb24",
        "metadata=add:key=sampled:value=1",
        f"metadata=print:key=sampled:direct=1:file='pipe\\:{times_out}'",
    ]
    arguments = ["-loglevel", "quiet", *_input(info.container), "-map", "0:V:0", "-t", f"{max_duration_s:.3f}"]
    arguments += ["-vf", ",".join(filters), "-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1"]
    count = 0
    with ExitStack() as stack:
        times = stack.enter_context(os.fdopen(times_in, "rb"))
        try:
            child = stack.enter_context(_ffmpeg(Path(path), arguments, pass_fds=(times_out,)))
        finally:
            os.close(times_out)
        for frame in _exact_reads(child, width * height * 3):
            yield _time_of(times), np.frombuffer(frame, np.uint8).reshape(height, width, 3)
            count += 1
    if count == 0:
        raise RecognitionError("damaged_file", "no frame can be decoded")


def audio_blocks(path: str | Path, info: MediaInfo, max_duration_s: float = 2 * 60 * 60) -> Iterator[np.ndarray]:
    """The first audio stream, in step with the video's clock: gaps and a late start are filled with silence.

    A constant offset and what lies below 20 Hz are removed. Mono stands in both channels as it is.

    Yields:
        float32 (n, 2) at 44.1 kHz, n = ``BLOCK_SAMPLES`` but for the last block. Full scale is 1; a file of floating
        point numbers may go beyond it, and so may the resampling of clipped sound.

    Raises:
        RecognitionError: damaged_file when nothing decodes; decoder_failed when ffmpeg stalls.
    """
    channels = 1 if info.channels == "mono" or info.channels.startswith("1 channel") else 2
    arguments = ["-loglevel", "quiet", *_input(info.container), "-map", "0:a:0", "-t", f"{max_duration_s:.3f}"]
    arguments += ["-af", f"aresample={SAMPLE_RATE}:async=1:first_pts=0", "-ac", str(channels), "-f", "f32le", "pipe:1"]
    offset, count = _OffsetFilter(), 0
    with _ffmpeg(Path(path), arguments) as child:
        for block in _exact_reads(child, BLOCK_SAMPLES * channels * 4, keep_rest=True):
            samples = offset.removed(_finite(block, channels))
            yield np.repeat(samples, 2, axis=1) if channels == 1 else samples
            count += 1
    if count == 0:
        raise RecognitionError("damaged_file", "no sound can be decoded")


def stored_audio(
    path: str | Path, info: MediaInfo, max_duration_s: float = 2 * 60 * 60
) -> Iterator[tuple[int, np.ndarray]]:
    """The first audio stream as it is stored: own sampling rate, own channels, on the same clock as ``audio_blocks``.

    Yields:
        (sampling rate in Hz, float32 (n, channels)); n is a second, less for the last block and for very many channels.

    Raises:
        RecognitionError: damaged_file when nothing decodes; decoder_failed when ffmpeg stalls.
    """
    arguments = ["-loglevel", "quiet", *_input(info.container), "-map", "0:a:0", "-t", f"{max_duration_s:.3f}"]
    arguments += ["-af", "aresample=async=1:first_pts=0", "-c:a", "pcm_f32le", "-bitexact", "-f", "wav", "pipe:1"]
    count = 0
    with _ffmpeg(Path(path), arguments) as child:
        rate, channels = _wav_header(child)
        frames = max(1, min(rate, _STORED_VALUES // channels))
        for block in _exact_reads(child, frames * channels * 4, keep_rest=True):
            yield rate, _finite(block, channels)
            count += 1
    if count == 0:
        raise RecognitionError("damaged_file", "no sound can be decoded")


def decode_only(path: str | Path, info: MediaInfo) -> float:
    """Seconds ffmpeg takes to decode every stream of the file and throw the result away: the yardstick of the bench."""
    started = time.perf_counter()
    arguments = ["-loglevel", "quiet", *_input(info.container), "-map", "0:a:0?", "-map", "0:V:0?", "-f", "null", "-"]
    with _ffmpeg(Path(path), arguments, stdout=subprocess.DEVNULL) as child:
        child.wait()
    return time.perf_counter() - started


def fitting_size(width: int, height: int, longest_side: int) -> tuple[int, int]:
    """Even width and height with the same aspect ratio, the longer at most ``longest_side``, never enlarged."""
    scale = min(1.0, longest_side / max(width, height))
    return max(2, int(width * scale) // 2 * 2), max(2, int(height * scale) // 2 * 2)


@cache
def ffmpeg_binary() -> str:
    """Path of the ffmpeg that imageio-ffmpeg brings, or the one named by ``IMAGEIO_FFMPEG_EXE``."""
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def _input(container: str) -> list[str]:
    """ffmpeg's input options: this demuxer, this descriptor, nothing else."""
    limits = ["-max_alloc", str(512 * 1024 * 1024), "-max_pixels", str(MAX_PIXELS), "-threads", "2"]
    allowed = ["-protocol_whitelist", "fd", "-format_whitelist", container]
    return [*limits, *allowed, "-f", container, "-fd", "0", "-i", "fd:"]


@contextmanager
def _ffmpeg(
    path: Path,
    arguments: list[str],
    stdout: int = subprocess.PIPE,
    stderr: int = subprocess.DEVNULL,
    pass_fds: tuple[int, ...] = (),
) -> Iterator[subprocess.Popen[bytes]]:
    """A running ffmpeg with the file as its standard input; killed and reaped on the way out."""
    command = [ffmpeg_binary(), "-hide_banner", "-nostdin", "-nostats", *arguments]
    environment = {"PATH": os.defpath, "LC_ALL": "C", "AV_LOG_FORCE_NOCOLOR": "1"}
    with path.open("rb") as file:
        child = subprocess.Popen(
            command, stdin=file, stdout=stdout, stderr=stderr, bufsize=0, env=environment, pass_fds=pass_fds
        )
    try:
        _limit_memory(child.pid)
        yield child
    finally:
        child.kill()
        child.wait()
        for stream in (child.stdout, child.stderr):
            if stream is not None:
                stream.close()


def _limit_memory(pid: int) -> None:
    """Limit a child's address space, where the system can and it is not limited more already."""
    if not hasattr(resource, "prlimit"):
        return
    with suppress(ProcessLookupError):
        _, already = resource.prlimit(pid, resource.RLIMIT_AS)
        limit = _CHILD_MEMORY_BYTES if already == resource.RLIM_INFINITY else min(already, _CHILD_MEMORY_BYTES)
        resource.prlimit(pid, resource.RLIMIT_AS, (limit, limit))


def _exact_reads(child: subprocess.Popen[bytes], size: int, keep_rest: bool = False) -> Iterator[bytearray]:
    """Pieces of exactly ``size`` bytes of the child's output; a shorter rest is dropped unless ``keep_rest``."""
    output = child.stdout
    assert output is not None  # noqa: S101 - opened as a pipe by the callers above
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while True:
            piece, filled = bytearray(size), 0
            view = memoryview(piece)
            while filled < size:
                count = _read_some(selector, output, view[filled:])
                if count == 0:
                    break
                filled += count
            if filled == size or (filled and keep_rest):
                view.release()
                del piece[filled:]
                yield piece
            if filled < size:
                return


def _wav_header(child: subprocess.Popen[bytes]) -> tuple[int, int]:
    """Sampling rate and channels, from the header that ffmpeg writes before the samples; it is read to its end."""
    rate = channels = 0
    _read_exactly(child, len(b"RIFF....WAVE"))
    while True:
        name, size = struct.unpack("<4sI", _read_exactly(child, 8))
        if name == b"data":
            break
        chunk = _read_exactly(child, min(size + size % 2, _PROBE_TEXT_BYTES))
        if name == b"fmt ":
            channels, rate = struct.unpack_from("<HI", chunk, 2)
    if not (rate and channels):
        raise RecognitionError("damaged_file", "no sound can be decoded")
    return rate, channels


def _read_exactly(child: subprocess.Popen[bytes], size: int) -> bytearray:
    piece = next(_exact_reads(child, size), None)
    if piece is None:
        raise RecognitionError("damaged_file", "no sound can be decoded")
    return piece


def _finite(block: bytearray, channels: int) -> np.ndarray:
    """The samples in a block, shape (n, channels); what is no number becomes silence, what is absurd is bounded."""
    samples = np.frombuffer(block[: len(block) // (4 * channels) * 4 * channels], "<f4").reshape(-1, channels)
    return np.clip(np.nan_to_num(samples), -_LARGEST_SAMPLE, _LARGEST_SAMPLE)


class _OffsetFilter:
    """High pass against a constant offset; it begins at the level of the first sample, so that there is no thump."""

    def __init__(self) -> None:
        self._filter = butter(2, _OFFSET_HZ, "highpass", fs=SAMPLE_RATE, output="sos")
        self._state: np.ndarray | None = None

    def removed(self, samples: np.ndarray) -> np.ndarray:
        """The next samples, shape (n, channels), without what lies below 20 Hz."""
        if self._state is None:
            self._state = sosfilt_zi(self._filter)[:, :, None] * samples[:1]
        filtered, self._state = sosfilt(self._filter, samples.astype(np.float64), axis=0, zi=self._state)
        return np.asarray(filtered, dtype=np.float32)


def _read_some(selector: selectors.BaseSelector, output: IO[bytes], view: memoryview) -> int:
    if not selector.select(_STALL_S):
        raise RecognitionError("decoder_failed", f"no output for {_STALL_S:.0f} s")
    return output.readinto(view) or 0  # type: ignore[attr-defined]


def _time_of(times: IO[bytes]) -> float:
    """The time ffmpeg reported for the frame just read; it reports before it hands the frame on."""
    seconds = 0.0
    while line := times.readline():
        if line.startswith(b"frame:"):
            match = re.search(rb"pts_time:(-?[\d.]+(?:e[+-]?\d+)?)", line)
            seconds = max(0.0, float(match.group(1))) if match else 0.0
        elif line.startswith(b"sampled="):
            return seconds
    raise RecognitionError("decoder_failed", "a frame without a time")


def _read_to_end(child: subprocess.Popen[bytes]) -> tuple[str, str]:
    """Standard output and the first part of standard error, both read as they come, within the probe's time."""
    deadline = time.monotonic() + _PROBE_S
    collected: dict[str, bytearray] = {"out": bytearray(), "err": bytearray()}
    with selectors.DefaultSelector() as selector:
        for name, stream in (("out", child.stdout), ("err", child.stderr)):
            assert stream is not None  # noqa: S101 - both opened as pipes by probe
            selector.register(stream, selectors.EVENT_READ, name)
        while selector.get_map():
            ready = selector.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                raise RecognitionError("decoder_failed", f"not read within {_PROBE_S:.0f} s")
            for key, _ in ready:
                piece = os.read(key.fd, 65536)
                if not piece:
                    selector.unregister(key.fileobj)
                buffer = collected[key.data]
                buffer += piece[: max(0, _PROBE_TEXT_BYTES - len(buffer))]
    return collected["out"].decode("utf-8", "replace"), collected["err"].decode("utf-8", "replace")


def _described(container: str, text: str) -> dict[str, Any]:
    """The facts in ffmpeg's description of its input.

    A hostile file can put false facts here through its tags. The worst it gains is a picture scaled oddly or a stream
    that then fails to decode: nothing is opened, run or trusted because of them.
    """
    duration = re.search(r"^  Duration: (\d+):(\d\d):(\d\d\.\d+)", text, re.MULTILINE)
    declared = int(duration[1]) * 3600 + int(duration[2]) * 60 + float(duration[3]) if duration else None
    info: dict[str, Any] = {"container": container, "declared_s": declared, "has_audio": False, "has_video": False}
    for stream in re.split(r"^(?=  Stream #0:)", text, flags=re.MULTILINE)[1:]:
        line, _, rest = stream.partition("\n")
        kind = re.match(r"  Stream #0:\d+[^:]*: (Audio|Video): (\w+)(.*)", line)
        if kind is None:
            continue
        if kind[1] == "Audio" and not info["has_audio"]:
            info |= _audio_facts(kind[2], kind[3])
        if kind[1] == "Video" and not info["has_video"] and "(attached pic)" not in line:
            info |= _video_facts(kind[2], kind[3], rest)
    return info


def _audio_facts(codec: str, line: str) -> dict[str, Any]:
    match = re.search(r", (\d+) Hz, ([^,]+)", line)
    if codec == "none" or match is None:
        raise RecognitionError("unsupported_format", "an audio codec that ffmpeg does not know")
    return {"has_audio": True, "audio_codec": codec, "sample_rate": int(match[1]), "channels": match[2]}


def _video_facts(codec: str, line: str, rest: str) -> dict[str, Any]:
    size = re.search(r", (\d{1,6})x(\d{1,6})\b(?: \[SAR (\d+):(\d+))?", line)
    if codec == "none" or size is None:
        raise RecognitionError("unsupported_format", "a video codec that ffmpeg does not know")
    width, height = int(size[1]), int(size[2])
    if width * height == 0 or width * height > MAX_PIXELS:
        raise RecognitionError("unsupported_format", "a picture of implausible size")
    if size[3] and int(size[3]) and int(size[4]):
        pixel_aspect = min(4.0, max(0.25, int(size[3]) / int(size[4])))
        width = max(1, round(width * pixel_aspect))
    turned = re.search(r"^ +display ?matrix: rotation of (-?\d+(?:\.\d+)?)", rest, re.MULTILINE | re.IGNORECASE)
    rotation = round(float(turned[1]) / 90) * 90 % 360 if turned else 0
    if rotation in {90, 270}:
        width, height = height, width
    rate = re.search(r", ([\d.]+)(k?) fps", line)
    fps = float(rate[1]) * (1000 if rate[2] else 1) if rate else 0.0
    facts: dict[str, Any] = {"has_video": True, "video_codec": codec, "width": width, "height": height}
    return {**facts, "fps": fps, "rotation": rotation}


def _duration(measured_s: float, declared_s: float | None) -> float:
    """The declared duration where the packets bear it out: they are known by their starts, so the last one's length
    is missing from the measured time."""
    if declared_s is not None and 0 <= declared_s - measured_s <= _LAST_PACKET_S:
        return declared_s
    return measured_s


def _falls_short(measured_s: float, declared_s: float) -> bool:
    """Ends more than a second and a fiftieth before the declared time: not a matter of rounding."""
    return declared_s - measured_s > max(1.0, declared_s / 50)
