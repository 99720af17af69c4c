"""How far up a voice reaches."""

from pathlib import Path

import numpy as np
import pytest

from ml.voice.activity import WINDOW_SAMPLES, speech_probabilities
from ml.voice.bandwidth import NARROW_BELOW_HZ, bandwidth_hz
from ml.voice.framing import SAMPLE_RATE
from tests.ml.clips import ffmpeg
from tests.ml.voice.conftest import load, research_file


def spoken(samples: np.ndarray) -> np.ndarray:
    return np.ones(-(-len(samples) // WINDOW_SAMPLES), np.float32)


def band(up_to_hz: float, seconds: float = 5) -> np.ndarray:
    """Noise from 0 Hz up to a frequency."""
    spectrum = np.fft.rfft(np.random.default_rng(0).standard_normal(int(seconds * SAMPLE_RATE)))
    spectrum[int(up_to_hz * seconds) :] = 0
    return np.fft.irfft(spectrum).astype(np.float32)


@pytest.mark.parametrize("up_to_hz", [2_000, 3_400, 5_500, 7_900])
def test_the_end_of_the_band_is_found(up_to_hz: float) -> None:
    samples = band(up_to_hz)
    assert bandwidth_hz(samples, spoken(samples)) == pytest.approx(up_to_hz, abs=150)


def test_only_speech_is_looked_at_and_its_level_does_not_matter() -> None:
    samples = np.concatenate([1e-3 * band(3_400), band(7_900)])
    speech = spoken(samples)
    speech[len(speech) // 2 :] = 0
    assert bandwidth_hz(samples, speech) == pytest.approx(3_400, abs=150)


def test_with_next_to_no_speech_or_no_sound_nothing_is_said() -> None:
    samples = band(3_400, 0.5)
    assert bandwidth_hz(samples, spoken(samples)) is None
    silence = np.zeros(5 * SAMPLE_RATE, np.float32)
    assert bandwidth_hz(silence, spoken(silence)) is None
    assert bandwidth_hz(np.zeros(0, np.float32), np.zeros(0, np.float32)) is None


def test_a_long_recording_is_read_in_blocks() -> None:
    samples = np.tile(band(3_400), 30)
    assert bandwidth_hz(samples, spoken(samples)) == pytest.approx(3_400, abs=150)


@pytest.mark.data
@pytest.mark.parametrize("name", ["198-209-0000.hq.ogg", "3436-172162-0000.hq.ogg", "clean_freesound_33711.wav"])
@pytest.mark.parametrize(
    ("suffix", "arguments"),
    [
        (".wav", ("-ar", "8000", "-c:a", "pcm_mulaw")),
        (".wav", ("-ar", "8000", "-c:a", "pcm_alaw")),
        (".amr", ("-ar", "8000", "-ac", "1", "-c:a", "libopencore_amrnb")),
        (
            ".wav",
            ("-af", "lowpass=f=3400:poles=2,lowpass=f=3400:poles=2,lowpass=f=3400:poles=2,lowpass=f=3400:poles=2"),
        ),
    ],
)
def test_a_telephone_voice_is_narrow_and_the_same_voice_whole_is_not(
    tmp_path: Path, name: str, suffix: str, arguments: tuple[str, ...]
) -> None:
    whole = research_file("separation", name)
    ffmpeg("-i", whole, *arguments, tmp_path / f"coded{suffix}")
    ffmpeg("-i", tmp_path / f"coded{suffix}", "-ar", "44100", tmp_path / "telephone.wav")
    for path, is_narrow in ((whole, False), (tmp_path / "telephone.wav", True)):
        samples = load(path)
        found = bandwidth_hz(samples, speech_probabilities(samples))
        assert found is not None
        assert (found < NARROW_BELOW_HZ) == is_narrow, found
