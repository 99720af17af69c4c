"""Shared by the voice tests: real speech where the research data is, a made-up voice everywhere."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from ml.data.folder import data_folder
from ml.voice.framing import SAMPLE_RATE


def research_file(*parts: str) -> Path:
    """A file of the research data; skips the test where it is not."""
    path = data_folder().joinpath(*parts)
    if not path.exists():
        pytest.skip(f"no research data at {path.parent}: set EMOREC_DATA")
    return path


def load(path: Path, rate: int = SAMPLE_RATE) -> np.ndarray:
    """Mono samples at a rate."""
    samples, found = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    return mono if found == rate else soxr.resample(mono, found, rate)


@pytest.fixture(scope="session")
def real_speech() -> np.ndarray:
    """Eleven seconds of a real speech, 16 kHz mono."""
    return load(research_file("separation", "jfk.flac"))


@pytest.fixture(scope="session")
def tune() -> np.ndarray:
    """Three seconds of a buzzing, gliding harmonic tone with pauses and a little noise, 16 kHz mono."""
    draws = np.random.default_rng(7)
    time = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    phase = 2 * np.pi * np.cumsum(140 + 30 * np.sin(2 * np.pi * 0.7 * time)) / SAMPLE_RATE
    voiced = sum(np.sin(k * phase) / k for k in range(1, 20)) * (np.sin(2 * np.pi * 2.5 * time) > -0.3)
    return (0.1 * voiced + 0.001 * draws.standard_normal(len(time))).astype(np.float32)
