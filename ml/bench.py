"""``make bench``: how long each stage takes and how much memory, beside ffmpeg merely decoding the same file."""

import os
import subprocess
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from ml import decoder, media
from ml.config import Config
from ml.recognise import Models, recognise
from ml.results import Progress
from ml.sample import make_sample

CLIP_S = 60
_LOOK_S = 0.02


def bench(minutes: int, config: Config, weights: Path | None, progress: Progress) -> dict[str, Any]:
    """Recognise a clip made for it: 640x360, 25 frames per second, with speech.

    Args:
        minutes: length; the one-minute clip is repeated.

    Returns:
        Seconds per stage with the models loaded, the real-time factor, seconds of a first clip of 4 s with which they
        were loaded, seconds of ffmpeg decoding the clip, the ratio to it, and peak memory in MB, the decoder's
        included.
    """
    with tempfile.TemporaryDirectory(prefix="emorec-bench-") as folder:
        clip = make_clip(Path(folder), minutes, progress)
        info = media.probe(clip)
        models = Models.load(weights)
        warm_up = make_sample(Path(folder) / "warm-up.mp4", 4)
        loading = recognise(warm_up, models, config, progress).timings_s
        decode_s = media.decode_only(clip, info)
        started = time.perf_counter()
        with MemoryWatch() as memory:
            result = recognise(clip, models, config, progress)
        total_s = time.perf_counter() - started
    return {
        "clip": {"duration_s": info.duration_s, "width": info.width, "height": info.height, "fps": info.fps},
        "stages_s": {stage: round(seconds, 3) for stage, seconds in result.timings_s.items()},
        "total_s": round(total_s, 3),
        "real_time_factor": round(total_s / info.duration_s, 4),
        "first_clip_of_4_s_with_loading_s": round(sum(loading.values()), 3),
        "decode_only_s": round(decode_s, 3),
        "ratio_to_decoding": round(total_s / decode_s, 2),
        "peak_memory_mb": round(memory.peak_mb, 1),
        "segments": len(result.segments),
        "sample_fps": config.sample_fps,
    }


def make_clip(folder: Path, minutes: int, progress: Progress) -> Path:
    """The sample recording, repeated without encoding it again."""
    minute = make_sample(folder / "minute.mp4", CLIP_S, lambda done, total: progress("making the clip", done, total))
    if minutes <= 1:
        return minute
    clip = folder / "clip.mp4"
    repeat = ["-stream_loop", str(minutes - 1), "-i", str(minute), "-c", "copy", "-loglevel", "error", str(clip)]
    subprocess.run([decoder.ffmpeg_binary(), "-nostdin", *repeat], check=True)
    return clip


class MemoryWatch:
    """Largest resident memory of this process and its children together, sampled every 20 ms (Linux).

    The system's own record does not serve for the children: a decoder's begins with what its parent held when it was
    started.
    """

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> "MemoryWatch":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(_LOOK_S):
            self.peak_mb = max(self.peak_mb, _resident_mb(os.getpid()))


def _resident_mb(pid: int) -> float:
    """Resident memory of a process and its children; 0 where the system does not report it.

    A child that has not begun its own program yet still shows its parent's memory and is left out.
    """
    folder = Path(f"/proc/{pid}")
    try:
        pages = int((folder / "statm").read_text().split()[1])
        program = (folder / "exe").readlink()
        children = [int(n) for task in (folder / "task").iterdir() for n in (task / "children").read_text().split()]
        begun = [child for child in children if Path(f"/proc/{child}/exe").readlink() != program]
    except (OSError, IndexError):
        return 0.0
    own = pages * os.sysconf("SC_PAGE_SIZE") / 1024**2
    return own + sum(_resident_mb(child) for child in begun)
