"""Small recordings made on the spot by the ffmpeg that moviepy brings: no file of anybody lies in the repository."""

import subprocess
from pathlib import Path

import imageio_ffmpeg

TONE = ("-f", "lavfi", "-i", "sine=frequency=220:sample_rate=16000")
PICTURE = ("-f", "lavfi", "-i", "testsrc=size=160x120:rate=10")


def make(path: Path, *arguments: str, seconds: float = 1.0) -> Path:
    """Runs ffmpeg with these inputs and options for so many seconds of output; the file's ending names the format."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-y", "-threads", "1"]
    subprocess.run([*command, *arguments, "-t", str(seconds), str(path)], check=True, timeout=60)
    return path


def interview(path: Path, seconds: float = 1.0, tone: int = 220) -> Path:
    """Video with sound; a different ``tone`` (Hz) makes different bytes."""
    sound = ("-f", "lavfi", "-i", f"sine=frequency={tone}:sample_rate=16000")
    return make(path, *PICTURE, *sound, "-pix_fmt", "yuv420p", "-shortest", seconds=seconds)
