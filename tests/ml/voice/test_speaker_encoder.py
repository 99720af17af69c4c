"""The speaker encoder's states: verified numbers, the same in pieces as in the whole, blind to loudness."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.errors import RecognitionError
from ml.voice import speaker_encoder
from ml.voice.framing import SAMPLE_RATE, frame_count
from ml.voice.speaker_encoder import UNITS, encoder, extract, extract_range, extract_several


def voice_like(seconds: float, pitch: float = 120.0) -> np.ndarray:
    """A buzz with syllables at -26 dB, as standardised speech is."""
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    buzz = sum(np.sin(2 * np.pi * pitch * harmonic * time) / harmonic for harmonic in range(1, 20))
    spoken = buzz * (0.6 + 0.4 * np.sin(2 * np.pi * 3 * time))
    return (0.05 * spoken / np.sqrt(np.mean(spoken**2))).astype(np.float32)


WHOLE = voice_like(4.37)
STATES = extract(WHOLE)


def test_every_frame_has_its_states() -> None:
    assert STATES.shape == (frame_count(len(WHOLE)), UNITS)
    assert STATES.dtype == np.float32
    assert STATES.std(axis=0).max() > 0.01
    assert extract(np.zeros(10, np.float32)).shape == (1, UNITS)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, frame_count(len(WHOLE)) - 1), st.integers(1, 500))
def test_a_piece_has_the_states_of_the_whole(first: int, count: int) -> None:
    last = min(first + count, len(STATES))
    assert np.allclose(extract_range(WHOLE, first, last), STATES[first:last], atol=1e-5)


def test_several_recordings_read_together_have_the_states_of_each_by_itself() -> None:
    recordings = [WHOLE, voice_like(0.02), voice_like(1.0, pitch=220.0), voice_like(2.7)]
    for together, samples in zip(extract_several(recordings), recordings, strict=True):
        assert together.shape == (frame_count(len(samples)), UNITS)
        assert np.allclose(together, extract(samples), atol=1e-5)


def test_loudness_makes_no_difference_and_another_voice_does() -> None:
    louder = extract(WHOLE * 4)
    assert np.allclose(louder, STATES, atol=1e-4)
    assert np.allclose(extract_range(WHOLE / 8, 0, len(STATES), gain=8.0), STATES, atol=1e-4)
    assert np.abs(extract(voice_like(4.37, pitch=220.0)).mean(0) - STATES.mean(0)).max() > 0.05


def test_a_memory_mapped_recording_is_read_like_an_array(tmp_path: Path) -> None:
    WHOLE.tofile(tmp_path / "samples")
    mapped = np.memmap(tmp_path / "samples", dtype=np.float32, mode="r")
    assert np.allclose(extract_range(mapped, 90, 210), STATES[90:210], atol=1e-5)


@pytest.fixture
def unread_encoder() -> object:
    encoder.cache_clear()
    yield
    encoder.cache_clear()


def test_other_numbers_than_the_published_are_refused(
    unread_encoder: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forged = tmp_path / "pretrained.pt"
    forged.write_bytes(speaker_encoder._path().read_bytes()[:-1] + b"x")
    monkeypatch.setattr(speaker_encoder, "_path", lambda: forged)
    with pytest.raises(RecognitionError) as caught:
        extract(WHOLE)
    assert caught.value.code == "weights_damaged"


def test_a_missing_package_is_named(unread_encoder: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speaker_encoder, "find_spec", lambda name: None)
    with pytest.raises(RecognitionError) as caught:
        extract(WHOLE)
    assert caught.value.code == "weights_missing"


def test_the_package_itself_is_never_imported() -> None:
    code = (
        "import sys, numpy; from ml.voice.speaker_encoder import extract; extract(numpy.ones(800, numpy.float32));"
        "sys.exit('resemblyzer' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
