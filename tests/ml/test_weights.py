"""Weights are read only when they are exactly what the card describes."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ml import weights
from ml.errors import RecognitionError


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    weights.write("face", {"w": torch.arange(6.0).reshape(2, 3)}, {"version": "t1"}, tmp_path)
    return tmp_path


def code_of(directory: Path, name: str = "face") -> str:
    with pytest.raises(RecognitionError) as caught:
        weights.read(name, directory)
    return caught.value.code


def test_what_was_written_is_read_back_with_its_description(stored: Path) -> None:
    tensors, entry = weights.read("face", stored)
    assert torch.equal(tensors["w"], torch.arange(6.0).reshape(2, 3))
    assert entry["version"] == "t1"
    assert entry["bytes"] == (stored / "face.safetensors").stat().st_size


def test_a_second_model_keeps_the_first_ones_entry(stored: Path) -> None:
    weights.write("voice", {"v": torch.zeros(2)}, {"version": "t2"}, stored)
    assert {name: entry["version"] for name, entry in weights.card(stored).items()} == {"face": "t1", "voice": "t2"}


def test_one_changed_bit_is_refused(stored: Path) -> None:
    path = stored / "face.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    assert code_of(stored) == "weights_damaged"


def test_a_shortened_file_is_refused(stored: Path) -> None:
    path = stored / "face.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    assert code_of(stored) == "weights_damaged"


def test_a_pickle_whose_hash_stands_in_the_card_is_still_not_loaded(stored: Path) -> None:
    path = stored / "face.safetensors"
    torch.save({"w": torch.zeros(1)}, path)
    entry = {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "bytes": path.stat().st_size}
    (stored / "card.json").write_text(json.dumps({"face": entry}))
    assert code_of(stored) == "weights_damaged"


def test_an_unreadable_card_is_named_as_damage(stored: Path) -> None:
    (stored / "card.json").write_text("{")
    assert code_of(stored) == "weights_damaged"


def test_missing_files_are_told_apart_from_damaged_ones(stored: Path, tmp_path: Path) -> None:
    assert code_of(stored, "voice") == "weights_missing"
    (stored / "face.safetensors").unlink()
    assert code_of(stored) == "weights_missing"
    assert code_of(tmp_path / "nowhere") == "weights_missing"


def test_the_folder_comes_from_the_environment(stored: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMOREC_WEIGHTS", str(stored))
    assert weights.read("face")[1]["version"] == "t1"


def test_a_write_leaves_nothing_but_the_two_files(stored: Path) -> None:
    assert sorted(path.name for path in stored.iterdir()) == ["card.json", "face.safetensors"]


def test_importing_the_package_does_not_import_torch() -> None:
    program = "import sys, ml.weights; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
