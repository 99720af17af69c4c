"""What a run computes once and keeps beside its checkpoints, with a note of what it was computed from."""

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save

from ml.atomic import replaced


def cached(
    path: Path, note: Mapping[str, str], make: Callable[[], Mapping[str, torch.Tensor]]
) -> dict[str, torch.Tensor]:
    """The tensors in a file, or, if there is none with just this note, those that ``make`` returns, written to it.

    Args:
        path: a safetensors file; it is replaced as a whole or not at all.
        note: everything that the tensors follow from.
    """
    if not path.is_file() or _note(path) != note:
        tensors = {key: value.contiguous() for key, value in make().items()}
        with replaced(path) as file:
            file.write(save(tensors, metadata=dict(note)))
    stored_tensors: dict[str, torch.Tensor] = load_file(path)
    return stored_tensors


def digest(images: np.ndarray) -> str:
    """A name for these images and no others."""
    return hashlib.sha256(images.tobytes()).hexdigest()


def _note(path: Path) -> dict[str, str] | None:
    with safe_open(path, framework="pt") as file:
        note: dict[str, str] | None = file.metadata()
        return note
