import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.voice import features
from ml.voice.framing import frame_count
from ml.voice.standardise import (
    MIN_OWN_SPEECH_S,
    REFERENCE_RMS,
    Moments,
    Statistics,
    gain_for,
    speech_rms,
    statistics_of,
)


def everything(samples: np.ndarray) -> np.ndarray:
    return np.ones(frame_count(len(samples)), dtype=bool)


def test_standardised_features_have_mean_zero_and_deviation_one(tune: np.ndarray) -> None:
    statistics = statistics_of([(tune, everything(tune))])
    values = statistics.apply(features.extract(tune * np.float32(statistics.gain)))
    assert np.allclose(values.mean(axis=0), 0, atol=1e-3)
    assert np.allclose(values.std(axis=0), 1, atol=1e-3)


def test_a_recording_at_another_level_is_standardised_to_the_same_values(tune: np.ndarray) -> None:
    loud, soft = (statistics_of([(signal, everything(signal))]) for signal in (tune, (tune * 0.01).astype(np.float32)))
    assert soft.gain == pytest.approx(100 * loud.gain, rel=1e-3)
    assert np.allclose(soft.mean, loud.mean, atol=1e-2)


def test_only_speech_counts(tune: np.ndarray) -> None:
    noise = np.random.default_rng(0).standard_normal(len(tune)).astype(np.float32)
    both = np.concatenate([tune, noise])
    mask = np.zeros(frame_count(len(both)), dtype=bool)
    mask[: frame_count(len(tune)) - 3] = True
    alone = np.zeros(frame_count(len(tune)), dtype=bool)
    alone[: frame_count(len(tune)) - 3] = True
    assert np.allclose(statistics_of([(both, mask)]).mean, statistics_of([(tune, alone)]).mean, atol=1e-2)


def test_statistics_of_many_short_recordings_are_those_of_all_their_frames(tune: np.ndarray) -> None:
    parts = np.split(tune, 3)
    together = statistics_of([(part, everything(part)) for part in parts])
    values = np.concatenate([features.extract(part * np.float32(together.gain)) for part in parts])
    assert together.frames == len(values)
    assert np.allclose(together.mean, values.mean(axis=0), atol=1e-3)
    assert np.allclose(together.std, values.std(axis=0), atol=1e-3)


def test_the_level_after_the_gain_is_the_reference(tune: np.ndarray) -> None:
    gain = gain_for(speech_rms([(tune, everything(tune))]))
    assert np.sqrt(np.mean((tune * gain) ** 2)) == pytest.approx(REFERENCE_RMS, rel=1e-3)


def test_silence_is_not_blown_up_without_end() -> None:
    silence = np.zeros(16_000, dtype=np.float32)
    statistics = statistics_of([(silence, np.zeros(frame_count(16_000), dtype=bool))])
    assert np.isfinite(statistics.gain)
    assert statistics.frames == 0


def test_too_little_speech_falls_back_on_the_training_sets_statistics() -> None:
    size = features.N_FEATURES
    training = Statistics(np.ones(size), np.full(size, 2.0), 1.0, 0)
    frames = int(MIN_OWN_SPEECH_S * 100)
    short = Statistics(np.zeros(size), np.ones(size), 5.0, frames - 1)
    enough = Statistics(np.zeros(size), np.ones(size), 5.0, frames)
    assert short.or_fallback(training).mean[0] == 1
    assert short.or_fallback(training).gain == 5.0
    assert enough.or_fallback(training).mean[0] == 0


def test_a_mask_of_the_wrong_length_is_refused(tune: np.ndarray) -> None:
    with pytest.raises(ValueError, match="mask"):
        statistics_of([(tune, np.ones(3, dtype=bool))])


@settings(max_examples=25)
@given(st.lists(st.integers(1, 40), min_size=1, max_size=6))
def test_moments_of_parts_add_up_to_those_of_the_whole(sizes: list[int]) -> None:
    values = np.random.default_rng(sum(sizes)).standard_normal((sum(sizes), 4)) * 3 + 5
    whole, merged = Moments(4), Moments(4)
    whole.add(values)
    for part in np.split(values, np.cumsum(sizes)[:-1]):
        moments = Moments(4)
        moments.add(part)
        merged.merge(moments)
    assert merged.statistics().frames == len(values)
    assert np.allclose(merged.statistics().mean, values.mean(axis=0), atol=1e-4)
    assert np.allclose(merged.statistics().std, np.maximum(values.std(axis=0), 1e-3), atol=1e-4)
    assert np.allclose(whole.statistics().std, merged.statistics().std, atol=1e-4)
