"""What a file really contains, read from its content in a confined process.

The file comes from outside and a decoder is a large attack surface: it is read by ``python -m ml probe`` in a process
with limits on time, memory and writing and with an almost empty environment. The web process never imports the engine.
"""

import contextlib
import json
import logging
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from analysis.errors import Refused, known_codes

logger = logging.getLogger(__name__)

TIMEOUT_S = 120
CPU_S = 60
MEMORY_BYTES = 4 * 1024**3
FILE_BYTES = 1024**2
PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR", "IMAGEIO_FFMPEG_EXE", "EMOREC_FFMPEG")


@dataclass(frozen=True)
class Probe:
    """What a recording holds.

    Attributes:
        container: short name of the container format, such as ``mov``.
        duration_s: seconds on the player's clock, gaps included.
        width, height: pixels as displayed (a rotated phone video is already turned); None without pictures.
        fps: mean frames per second; None without pictures.
    """

    container: str
    duration_s: float | None
    has_audio: bool
    has_video: bool
    width: int | None = None
    height: int | None = None
    fps: float | None = None


def probe(path: Path) -> Probe:
    """Reads what the file holds, whatever it is called.

    Raises:
        Refused: the engine's code for a file it cannot use (also ``too_long``, which is for the engine to say: gaps do
            not count), ``probe_timeout``, ``damaged_file`` when the file brought the reader down, ``probe_failed`` when
            the reader could not be run at all.
    """
    answer = _ask(path)
    if not answer.get("ok"):
        code = str(answer.get("code", ""))
        raise Refused(code if code in known_codes() else "damaged_file")
    content = Probe(
        container=str(answer["container"])[:20],
        duration_s=_number(answer.get("duration_s")),
        has_audio=bool(answer["has_audio"]),
        has_video=bool(answer["has_video"]),
        width=_whole(answer.get("width")),
        height=_whole(answer.get("height")),
        fps=_number(answer.get("fps")),
    )
    if not (content.has_audio or content.has_video):
        raise Refused("no_streams")
    return content


def _ask(path: Path) -> dict[str, object]:
    """The engine's JSON answer about the file."""
    confine = [sys.executable, "-I", "-S", str(Path(__file__).with_name("confine.py"))]
    limits = [str(CPU_S), str(MEMORY_BYTES), str(FILE_BYTES)]
    max_duration = ["--max-duration", str(settings.EMOREC_MAX_DURATION_S)]
    process = subprocess.Popen(
        [*confine, *limits, sys.executable, "-m", "ml", "probe", str(path), "--json", *max_duration],
        cwd=settings.BASE_DIR,
        env={name: os.environ[name] for name in PASSED_ON if name in os.environ} | _QUIET,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise Refused("probe_timeout") from None
    finally:
        _end(process)
    if -process.returncode == signal.SIGXCPU:
        raise Refused("probe_timeout")
    try:
        answer = json.loads(output)
    except ValueError:
        logger.error("probing ended with exit status %s and no answer", process.returncode)
        raise Refused("damaged_file" if process.returncode < 0 else "probe_failed") from None
    return answer if isinstance(answer, dict) else {}


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ends the process and everything it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


_QUIET = {
    "PYTHONDONTWRITEBYTECODE": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONUTF8": "1",
}


def _number(value: object) -> float | None:
    """A positive number; the engine says 0 where it knows none."""
    return float(value) if isinstance(value, int | float) and value > 0 else None


def _whole(value: object) -> int | None:
    number = _number(value)
    return None if number is None else int(number)
