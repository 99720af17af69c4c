"""The trained weights: one ``NAME.safetensors`` per model and ``card.json``, which describes each and pins its SHA-256.

The folder is this package unless the environment variable ``EMOREC_WEIGHTS`` or an argument names another.
A file is read once, its bytes are held against the card, and only then are they parsed; pickle is never involved.
Importing this module does not import torch.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ml.atomic import replaced
from ml.errors import RecognitionError

if TYPE_CHECKING:
    import torch

NAMES: tuple[str, ...] = ("face", "speakers", "voice")
"""The models that ship weights."""

_CARD = "card.json"


def folder(directory: str | Path | None = None) -> Path:
    """The folder weights are read from: the argument, else ``EMOREC_WEIGHTS``, else this package's own folder."""
    return Path(directory or os.environ.get("EMOREC_WEIGHTS") or Path(__file__).parent)


def card(directory: str | Path | None = None) -> dict[str, dict[str, Any]]:
    """What is known about each model: ``{"face": {"sha256", "bytes", ...}, "voice": {...}}``; empty without a card.

    Raises:
        RecognitionError: weights_damaged, when the card is not readable JSON of that form.
    """
    try:
        text = (folder(directory) / _CARD).read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    try:
        entries = json.loads(text)
    except ValueError as error:
        raise RecognitionError("weights_damaged", "card.json is not JSON") from error
    if not isinstance(entries, dict) or not all(isinstance(entry, dict) for entry in entries.values()):
        raise RecognitionError("weights_damaged", "card.json does not hold one object per model")
    return entries


def read(name: str, directory: str | Path | None = None) -> tuple[dict[str, "torch.Tensor"], dict[str, Any]]:
    """Tensors and card entry of one model, verified against the card before they are parsed.

    Args:
        name: one of ``NAMES``.
        directory: see ``folder``.

    Raises:
        RecognitionError: weights_missing (no file or no card entry), weights_damaged (size, hash or format differ).
    """
    content, entry = _verified(name, directory)

    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        return load(content), entry
    except SafetensorError as error:
        raise RecognitionError("weights_damaged", f"{name}.safetensors is not a safetensors file") from error


def read_arrays(name: str, directory: str | Path | None = None) -> dict[str, np.ndarray]:
    """The same tensors as arrays, for those who must not import torch.

    Raises:
        RecognitionError: as ``read``.
    """
    content, _ = _verified(name, directory)

    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return load(content)
    except SafetensorError as error:
        raise RecognitionError("weights_damaged", f"{name}.safetensors is not a safetensors file") from error


def _verified(name: str, directory: str | Path | None) -> tuple[bytes, dict[str, Any]]:
    """The file's bytes, which are those that the card describes, and the card's entry."""
    _check_name(name)
    path = _tensor_path(name, directory)
    if not path.parent.is_dir():
        raise RecognitionError("weights_missing", f"no folder for {path.name}")
    with _locked(path.parent, fcntl.LOCK_SH):
        entry = card(directory).get(name)
        if entry is None:
            raise RecognitionError("weights_missing", f"card.json has no entry for {name}")
        try:
            content = path.read_bytes()
        except FileNotFoundError as error:
            raise RecognitionError("weights_missing", f"{path.name} is not there") from error
    if len(content) != entry.get("bytes") or hashlib.sha256(content).hexdigest() != entry.get("sha256"):
        raise RecognitionError("weights_damaged", f"{path.name} is not the file that card.json describes")
    return content, entry


def write(
    name: str, tensors: dict[str, "torch.Tensor"], meta: dict[str, Any], directory: str | Path | None = None
) -> dict[str, Any]:
    """Store one model and its card entry, each replaced atomically; other models' entries stay.

    Args:
        name: one of ``NAMES``.
        tensors: what ``read`` shall return; copied to the CPU, made contiguous.
        meta: JSON-ready description (version, data, figures, ...); ``sha256`` and ``bytes`` are added here.
        directory: see ``folder``; made if absent.

    Returns:
        The card entry as written.
    """
    from safetensors.torch import save

    _check_name(name)
    path = _tensor_path(name, directory)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = save({key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()})
    entry = {**meta, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    with _locked(path.parent, fcntl.LOCK_EX):
        entries = {**card(directory), name: entry}
        described = json.dumps(entries, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
        _replace(path, content)
        _replace(path.with_name(_CARD), described.encode())
    return entry


def _check_name(name: str) -> None:
    if name not in NAMES:
        raise ValueError(f"weights are named {', '.join(NAMES)}, not {name!r}")


def _tensor_path(name: str, directory: str | Path | None) -> Path:
    return folder(directory) / f"{name}.safetensors"


@contextmanager
def _locked(directory: Path, kind: int) -> Iterator[None]:
    """Hold the folder's lock, so that no reader meets new tensors beside an old card, nor two writers each other."""
    handle = os.open(directory, os.O_RDONLY)
    try:
        fcntl.flock(handle, kind)
        yield
    finally:
        os.close(handle)


def _replace(path: Path, content: bytes) -> None:
    """Readable by everybody, whatever the process that trained it keeps to itself."""
    with replaced(path) as file:
        os.fchmod(file.fileno(), 0o644)
        file.write(content)
