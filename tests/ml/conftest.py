"""A portrait that speaks, recordings derived from it, and models small enough for tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

from ml.models import Models
from ml.sample import make_sample
from tests.ml.clips import ffmpeg
from tests.ml.tiny_models import write_tiny_models


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_models(tmp_path_factory.mktemp("weights"))


@pytest.fixture(scope="session")
def models(tiny_weights: Path) -> Models:
    return Models.load(tiny_weights)


@pytest.fixture(scope="session")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of the sample recording; speech begins after 0.8 s."""
    return make_sample(tmp_path_factory.mktemp("portrait") / "portrait.mp4", 6)


@pytest.fixture
def derived(portrait: Path, tmp_path: Path) -> Callable[..., Path]:
    """``derived(name, *arguments)``: the portrait sent through ffmpeg once more."""

    def derive(name: str, *arguments: str) -> Path:
        ffmpeg("-i", portrait, *arguments, tmp_path / name)
        return tmp_path / name

    return derive


@pytest.fixture(params=["mead/M030_sad_3_001.mp4", "ravdess_video/01-01-08-02-02-02-01.mp4", "grid/bbaf2n.mp4"])
def real_clip(request: pytest.FixtureRequest, research_data: Path) -> Path:
    """A real audio-visual clip of the research data."""
    return research_data / "clips" / request.param
