"""Fixtures for what happens to a recording."""

import os
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from analysis.files.probing import Probe
from analysis.intake import receiving
from tests.analysis import clips


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """One second of video with sound, as MP4."""
    return clips.interview(tmp_path_factory.mktemp("clips") / "clip.mp4").read_bytes()


@pytest.fixture
def trusting_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """Takes any bytes for a minute of video with sound, for tests that are not about the content."""

    def probe(path: Path) -> Probe:
        return Probe("mov", 60.0, has_audio=True, has_video=True, width=640, height=360, fps=25.0)

    monkeypatch.setattr(receiving, "probe", probe)


@pytest.fixture
def database_url(transactional_db: None) -> str:
    """The address of the test database, for processes of their own. Rows must be committed to be seen there."""
    server = urlsplit(os.environ["EMOREC_DATABASE_URL"])
    return urlunsplit(server._replace(path=f"/{connection.settings_dict['NAME']}"))
