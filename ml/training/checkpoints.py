"""What every training run needs: seeds, a configuration that shows itself, and checkpoints one can resume from exactly.

A checkpoint is one file, ``step-0000123.pt``, written whole or not at all (``ml.atomic``): a run that dies while
saving leaves the previous checkpoint. ``config.json`` beside it says what the run was.
"""

import json
import os
import random
import re
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from ml.atomic import replaced

_STEP_FILE = re.compile(r"^step-(\d+)\.pt$")


def default_folder(task: str) -> Path:
    """Where checkpoints of ``task`` ("face", "voice") go: EMOREC_CHECKPOINTS or ``var/checkpoints``, then the task."""
    return Path(os.environ.get("EMOREC_CHECKPOINTS") or "var/checkpoints") / task


def seed_everything(seed: int) -> None:
    """Seed Python's, NumPy's and torch's generators (CUDA's included)."""
    random.seed(seed)
    np.random.seed(seed % 2**32)
    torch.manual_seed(seed)


def plain(config: Any) -> dict[str, Any]:
    """A configuration dataclass (or mapping) as values that JSON can hold; paths become strings."""
    items = asdict(config) if is_dataclass(config) and not isinstance(config, type) else dict(config)
    return {key: str(value) if isinstance(value, Path) else value for key, value in items.items()}


def show_config(title: str, config: Any, console: Console | None = None) -> None:
    """Print a run's configuration as a table, on standard error unless said otherwise."""
    table = Table(title=title, show_header=False)
    for key, value in plain(config).items():
        table.add_row(key, str(value))
    (console or Console(stderr=True)).print(table)


def save_checkpoint(folder: Path, step: int, state: Mapping[str, Any], config: Any, keep: int = 2) -> Path:
    """Save ``state`` (tensors, numbers, strings, lists and dicts of them) as the checkpoint of ``step``.

    Args:
        folder: made if it is missing.
        step: optimiser steps done; the latest checkpoint is the one with the highest.
        state: whatever the run needs to go on: model, optimiser, schedule, counters.
        config: dataclass or mapping, written to ``config.json``.
        keep: older checkpoints beyond this number are deleted.

    Returns:
        The file written.
    """
    with replaced(folder / "config.json") as file:
        file.write(json.dumps(plain(config), indent=2, sort_keys=True).encode() + b"\n")
    target = folder / f"step-{step:07d}.pt"
    with replaced(target) as file:
        torch.save(dict(state), file)
    for _, old in _checkpoints(folder)[:-keep]:
        old.unlink(missing_ok=True)
    return target


def load_latest(folder: Path) -> tuple[int, dict[str, Any]] | None:
    """The latest checkpoint as (step, state), on the CPU; None where the folder holds none."""
    checkpoints = _checkpoints(folder)
    if not checkpoints:
        return None
    step, path = checkpoints[-1]
    return step, load_state(path)


def load_state(path: Path) -> dict[str, Any]:
    """The state in one checkpoint file; only tensors and plain values are accepted (no code can run on loading)."""
    return torch.load(path, map_location="cpu", weights_only=True)


def _checkpoints(folder: Path) -> list[tuple[int, Path]]:
    if not folder.is_dir():
        return []
    matches = ((_STEP_FILE.match(path.name), path) for path in folder.iterdir())
    return sorted((int(match.group(1)), path) for match, path in matches if match)
