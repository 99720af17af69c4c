"""Checkpoints: whole or not there, the latest first, and nothing in them that could run."""

import io
import json
import pickle
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from rich.console import Console

from ml.training import checkpoints
from ml.training.checkpoints import (
    default_folder,
    load_latest,
    load_state,
    save_checkpoint,
    show_config,
)


@dataclass
class Options:
    source: Path = Path("somewhere")
    epochs: int = 3


def test_the_latest_checkpoint_comes_back_and_old_ones_go(tmp_path: Path) -> None:
    for step in (9, 10, 100):
        save_checkpoint(tmp_path, step, {"weight": torch.tensor([float(step)])}, Options(), keep=2)
    step, state = load_latest(tmp_path)

    assert step == 100
    assert state["weight"].item() == 100
    assert [path.name for path in sorted(tmp_path.glob("*.pt"))] == ["step-0000010.pt", "step-0000100.pt"]
    assert json.loads((tmp_path / "config.json").read_text()) == {"epochs": 3, "source": "somewhere"}


def test_a_save_that_breaks_off_leaves_the_last_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save_checkpoint(tmp_path, 1, {"n": 1}, Options())

    def break_off(state: object, file: io.BufferedWriter) -> None:
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(checkpoints.torch, "save", break_off)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(tmp_path, 2, {"n": 2}, Options())

    assert load_latest(tmp_path) == (1, {"n": 1})


def test_no_folder_and_an_empty_folder_have_no_checkpoint(tmp_path: Path) -> None:
    assert load_latest(tmp_path / "missing") is None
    assert load_latest(tmp_path) is None


def test_a_file_that_would_run_code_is_not_loaded(tmp_path: Path) -> None:
    torch.save({"path": Path("a")}, tmp_path / "step-0000001.pt")

    with pytest.raises(pickle.UnpicklingError):
        load_state(tmp_path / "step-0000001.pt")


def test_the_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("EMOREC_CHECKPOINTS", raising=False)
    assert default_folder("face") == Path("var/checkpoints/face")
    monkeypatch.setenv("EMOREC_CHECKPOINTS", str(tmp_path))
    assert default_folder("voice") == tmp_path / "voice"


def test_the_configuration_is_shown() -> None:
    console = Console(file=io.StringIO(), width=80)
    show_config("a run", Options(), console)

    shown = console.file.getvalue()
    assert "epochs" in shown
    assert "somewhere" in shown


def test_a_configuration_leaves_standard_output_to_the_answer(capsys: pytest.CaptureFixture[str]) -> None:
    show_config("a run", Options())

    shown = capsys.readouterr()
    assert shown.out == ""
    assert "somewhere" in shown.err
