"""What names the origin of scores, by which a person's sums are added up or kept apart."""

from dataclasses import replace

import pytest

from ml import reading
from ml.config import Config
from ml.face.pooling import TALKING
from ml.recognise import Models


@pytest.fixture
def versions(models: Models) -> dict[str, str]:
    return models.score_versions(Config())


@pytest.mark.parametrize(
    ("name", "value"), [("FRAMING", 0.9), ("FLOOR", 1e-5), ("TALKING", replace(TALKING, normal_bias=-0.4))]
)
def test_faces_framed_or_pooled_otherwise_have_another_version(
    models: Models, versions: dict[str, str], monkeypatch: pytest.MonkeyPatch, name: str, value: object
) -> None:
    monkeypatch.setattr(reading, name, value)
    after = models.score_versions(Config())
    assert after["face"] != versions["face"]
    assert after["voice"] == versions["voice"]


def test_a_version_names_the_weights_and_only_what_was_asked_for(models: Models, versions: dict[str, str]) -> None:
    assert versions["face"].startswith(f"{models.face.version}+")
    assert versions["voice"] == models.voice.version
    assert set(models.score_versions(Config(voice=False))) == {"face"}
    assert set(models.score_versions(Config(face=False))) == {"voice"}
    assert set(models.score_versions(Config(voice_by="attention_lstm"))) == {"face"}
