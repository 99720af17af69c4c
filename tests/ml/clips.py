"""Small recordings made on the spot by ffmpeg, for tests of hostile and odd media."""

import subprocess
from pathlib import Path

from ml.decoder import ffmpeg_binary


def ffmpeg(*arguments: str | Path) -> None:
    """Run ffmpeg, quietly, overwriting its output."""
    command = [ffmpeg_binary(), "-nostdin", "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True, timeout=60)


def make_clip(
    path: Path,
    *,
    seconds: float = 2,
    size: str = "160x120",
    fps: str = "25",
    picture: bool = True,
    sound: str | None = "sine=frequency=300",
    extra: tuple[str, ...] = (),
) -> Path:
    """A test picture and a tone, or one of them, in the container that the file name asks for."""
    arguments: list[str | Path] = []
    if picture:
        arguments += ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={fps}:duration={seconds}"]
    if sound:
        arguments += ["-f", "lavfi", "-t", str(seconds), "-i", sound]
    if picture and path.suffix in {".mp4", ".mov", ".mkv"}:
        arguments += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    ffmpeg(*arguments, *extra, path)
    return path
