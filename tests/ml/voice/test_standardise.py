import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.voice import features
from ml.voice.framing import frame_count
from ml.voice.standardise import REFERENCE_RMS, Moments, gain_for, speech_rms


def everything(samples: np.ndarray) -> np.ndarray:
    return np.ones(frame_count(len(samples)), dtype=bool)


def test_standardised_features_have_mean_zero_and_deviation_one(tune: np.ndarray) -> None:
    values = features.extract(tune)
    moments = Moments()
    moments.add(values)
    standardised = moments.statistics().apply(values)
    assert np.allclose(standardised.mean(axis=0), 0, atol=1e-3)
    assert np.allclose(standardised.std(axis=0), 1, atol=1e-3)


def test_only_speech_sets_the_level(tune: np.ndarray) -> None:
    noise = np.random.default_rng(0).standard_normal(len(tune)).astype(np.float32)
    both = np.concatenate([tune, noise])
    mask = np.zeros(frame_count(len(both)), dtype=bool)
    mask[: frame_count(len(tune)) - 3] = True
    alone = speech_rms([(tune, mask[: frame_count(len(tune))])])
    assert speech_rms([(both, mask)]) == pytest.approx(alone, rel=1e-2)


@given(st.floats(-40, 20))
def test_the_level_after_the_gain_is_the_reference_whatever_it_was(decibels: float) -> None:
    draws = np.random.default_rng(1)
    samples = (0.05 * 10 ** (decibels / 20) * draws.standard_normal(8000)).astype(np.float32)
    gain = gain_for(speech_rms([(samples, everything(samples))]))
    assert np.sqrt(np.mean((samples * gain) ** 2)) == pytest.approx(REFERENCE_RMS, rel=1e-3)


def test_silence_is_not_blown_up_without_end() -> None:
    silence = np.zeros(16_000, dtype=np.float32)
    assert np.isfinite(gain_for(speech_rms([(silence, np.zeros(frame_count(16_000), dtype=bool))])))


@settings(max_examples=25)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_moments_of_parts_add_up_to_those_of_the_whole(sizes: list[int]) -> None:
    values = np.random.default_rng(sum(sizes)).standard_normal((sum(sizes), 4)) * 3 + 5
    merged = Moments(4)
    for part in np.split(values, np.cumsum(sizes)[:-1]):
        moments = Moments(4)
        moments.add(part)
        merged.merge(moments)
    assert merged.count == len(values)
    assert np.allclose(merged.statistics().mean, values.mean(axis=0), atol=1e-4)
    assert np.allclose(merged.statistics().std, np.maximum(values.std(axis=0), 1e-3), atol=1e-4)
