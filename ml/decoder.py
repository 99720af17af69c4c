"""ffmpeg (the binary that imageio-ffmpeg brings) in a child process that reads one hostile file.

The child
- sees only containers recognised by their own first bytes, with the demuxer forced (``ml.containers``);
- reads the one file it was given as an open descriptor and may open nothing else: ``fd`` is the only protocol allowed,
  so no playlist, reference or address inside a file can lead it elsewhere, and no file name reaches it;
- has a memory limit and a time limit, and is killed and reaped however its reader ends;
- writes no message into ours: its error text may quote the file.
"""

import os
import resource
import selectors
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import IO

from ml.errors import RecognitionError

MAX_PIXELS = 4096 * 4096
STALL_S = 120.0
"""A child that gives nothing for so long is given up."""
PROBE_S = 120.0
"""Reading all packets of a file takes at most so long."""
_MEMORY_BYTES = 3 * 1024**3
_LINE_BYTES = 64 * 1024


@cache
def ffmpeg_binary() -> str:
    """Path of the ffmpeg that imageio-ffmpeg brings, or the one named by ``IMAGEIO_FFMPEG_EXE``."""
    import imageio_ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())


def file_input(container: str, start_s: float | None = None, seconds: float | None = None) -> list[str]:
    """ffmpeg's input options: this demuxer, this descriptor, nothing else.

    Args:
        start_s, seconds: read only from there, only so much.
    """
    limits = ["-max_alloc", str(512 * 1024 * 1024), "-max_pixels", str(MAX_PIXELS), "-threads", "2"]
    allowed = ["-protocol_whitelist", "fd", "-format_whitelist", container]
    piece = [] if start_s is None else ["-ss", f"{start_s:.3f}"]
    piece += [] if seconds is None else ["-t", f"{seconds:.3f}"]
    return [*limits, *allowed, *piece, "-f", container, "-fd", "0", "-i", "fd:"]


@contextmanager
def ffmpeg(
    path: Path, arguments: list[str], stdout: int = subprocess.PIPE, pass_fds: tuple[int, ...] = ()
) -> Iterator[subprocess.Popen[bytes]]:
    """A running ffmpeg with the file as its standard input; killed and reaped on the way out."""
    command = [ffmpeg_binary(), "-hide_banner", "-nostdin", "-nostats", "-loglevel", "quiet", *arguments]
    environment = {"PATH": os.defpath, "LC_ALL": "C"}
    with path.open("rb") as file:
        child = subprocess.Popen(
            command,
            stdin=file,
            stdout=stdout,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            env=environment,
            pass_fds=pass_fds,
        )
    try:
        _limit_memory(child.pid)
        yield child
    finally:
        child.kill()
        child.wait()
        if child.stdout is not None:
            child.stdout.close()


def exact_reads(child: subprocess.Popen[bytes], size: int, keep_rest: bool = False) -> Iterator[bytearray]:
    """Pieces of exactly ``size`` bytes of the child's output; a shorter rest is dropped unless ``keep_rest``.

    Raises:
        RecognitionError: decoder_failed when the child stalls.
    """
    output = _output(child)
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


def lines(child: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """The lines of the child's output, as they come.

    Raises:
        RecognitionError: decoder_failed when they take longer than ``PROBE_S`` in all, or one has no end.
    """
    deadline = time.monotonic() + PROBE_S
    output, rest = _output(child), b""
    with selectors.DefaultSelector() as selector:
        selector.register(output, selectors.EVENT_READ)
        while True:
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise RecognitionError("decoder_failed", f"not read within {PROBE_S:.0f} s")
            piece = os.read(output.fileno(), 65536)
            *whole, rest = (rest + piece).split(b"\n")
            yield from whole
            if not piece:
                return
            if len(rest) > _LINE_BYTES:
                raise RecognitionError("decoder_failed", "a line without end")


def _output(child: subprocess.Popen[bytes]) -> IO[bytes]:
    assert child.stdout is not None  # noqa: S101 - opened as a pipe by those who read it
    return child.stdout


def _read_some(selector: selectors.BaseSelector, output: IO[bytes], view: memoryview) -> int:
    if not selector.select(STALL_S):
        raise RecognitionError("decoder_failed", f"no output for {STALL_S:.0f} s")
    return output.readinto(view) or 0  # type: ignore[attr-defined]


def _limit_memory(pid: int) -> None:
    """Limit a child's address space, where the system can and it is not limited more already."""
    if not hasattr(resource, "prlimit"):
        return
    with suppress(ProcessLookupError):
        _, already = resource.prlimit(pid, resource.RLIMIT_AS)
        limit = _MEMORY_BYTES if already == resource.RLIM_INFINITY else min(already, _MEMORY_BYTES)
        resource.prlimit(pid, resource.RLIMIT_AS, (limit, limit))
