"""``make bench``: how long each stage takes and how much memory, beside ffmpeg merely decoding the same file."""

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from ml import media
from ml.config import Config
from ml.recognise import Models, recognise
from ml.results import Progress
from ml.sample import make_sample

CLIP_S = 60


def bench(minutes: int, config: Config, weights: Path | None, progress: Progress) -> dict[str, Any]:
    """Recognise a clip made for it: 640x360, 25 frames per second, with speech.

    Args:
        minutes: length; the one-minute clip is repeated.

    Returns:
        Seconds per stage (the first use of a model includes loading it), the same with the models loaded, real-time
        factors, peak memory in MB of this process and of the largest decoder it started, and the ratio to ffmpeg.
    """
    with tempfile.TemporaryDirectory(prefix="emorec-bench-") as folder:
        clip = make_clip(Path(folder), minutes, progress)
        info = media.probe(clip)
        models = Models.load(weights)
        warm_up = make_sample(Path(folder) / "warm-up.mp4", 4)
        loading = recognise(warm_up, models, config, progress).timings_s
        decode_s = media.decode_only(clip, info)
        started = time.perf_counter()
        result = recognise(clip, models, config, progress)
        total_s = time.perf_counter() - started
    own, children = peak_memory_mb()
    return {
        "clip": {"duration_s": info.duration_s, "width": info.width, "height": info.height, "fps": info.fps},
        "stages_s": {stage: round(seconds, 3) for stage, seconds in result.timings_s.items()},
        "total_s": round(total_s, 3),
        "real_time_factor": round(total_s / info.duration_s, 4),
        "first_clip_of_4_s_with_loading_s": round(sum(loading.values()), 3),
        "decode_only_s": round(decode_s, 3),
        "ratio_to_decoding": round(total_s / decode_s, 2),
        "peak_memory_mb": own,
        "peak_memory_decoder_mb": children,
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
    subprocess.run([media.ffmpeg_binary(), "-nostdin", *repeat], check=True)
    return clip


def peak_memory_mb() -> tuple[float, float]:
    """Largest resident memory so far: of this process, and of the largest child that has ended."""
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024
    own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round(own / unit, 1), round(children / unit, 1)
