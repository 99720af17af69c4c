import numpy as np
import pytest
import scipy.linalg
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.voice.framing import SAMPLE_RATE, frame_count
from ml.voice.prosody import (
    COLUMNS,
    N_COLUMNS,
    VOICED,
    extract,
    extract_range,
    linear_prediction,
)
from tests.ml.voice.sounds import buzz, noise, tone, two_voices


def column(found: np.ndarray, name: str) -> np.ndarray:
    return found[5:-5, COLUMNS.index(name)]


@settings(max_examples=30, deadline=None)
@given(st.floats(70, 550), st.integers(5, 20))
def test_the_pitch_of_a_harmonic_tone_is_found_within_two_per_cent(hertz: float, harmonics: int) -> None:
    found = extract(tone(hertz, harmonics=harmonics))
    assert np.allclose(2 ** column(found, "pitch"), hertz, rtol=0.02)
    assert np.all(column(found, "voiced") == 1)
    assert np.all(column(found, "voicing") > 0.9)


@pytest.mark.parametrize("hertz", [110.0, 220.0])
def test_a_missing_fundamental_is_heard_all_the_same(hertz: float) -> None:
    without = tone(hertz) - tone(hertz, harmonics=1)
    assert np.allclose(2 ** column(extract(without), "pitch"), hertz, rtol=0.02)


@given(st.integers(0, 200))
@settings(max_examples=20, deadline=None)
def test_noise_is_unvoiced(seed: int) -> None:
    assert column(extract(noise(seed)), "voiced").mean() < 0.05


def test_silence_is_unvoiced_and_finite() -> None:
    found = extract(np.zeros(SAMPLE_RATE, dtype=np.float32))
    assert np.isfinite(found).all()
    assert not found[:, VOICED].any()


@given(st.floats(0.5, 4))
@settings(max_examples=20, deadline=None)
def test_the_gain_changes_the_loudness_alone(gain: float) -> None:
    heard = tone(150) + 0.2 * noise(3, 0.5)
    quiet, loud = extract(heard), extract(heard * np.float32(gain))
    expected = np.full(N_COLUMNS, 0.0)
    expected[COLUMNS.index("loudness")] = 2 * np.log(gain)
    tolerance = np.full(N_COLUMNS, 0.05)
    tolerance[COLUMNS.index("harmonicity")] = 0.5  # decibels: the silence that frames are held against stays
    assert np.all(np.abs(loud - quiet - expected) < tolerance)
    assert np.allclose(column(loud, "pitch"), column(quiet, "pitch"), atol=1e-3)


def test_a_rising_voice_glides_up_and_a_trembling_one_has_jitter() -> None:
    time = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    steady = extract(tone(200, 1.0))
    for octaves, name in ((time, "glide"), (0.03 * np.sin(2 * np.pi * 30 * time), "jitter")):
        phase = 2 * np.pi * np.cumsum(150 * 2**octaves) / SAMPLE_RATE
        moved = extract(buzz(phase, range(1, 10)))
        assert column(moved, name).mean() > 3 * abs(column(steady, name).mean()) + 1e-3
    rising = extract(buzz(2 * np.pi * np.cumsum(150 * 2**time) / SAMPLE_RATE, [1]))
    assert column(rising, "glide").mean() == pytest.approx(0.04, abs=0.005)  # an octave per second over 40 ms


def test_a_breathy_voice_has_less_harmonicity_and_a_dull_one_falls_steeper() -> None:
    clear = extract(tone(150))
    breathy = extract(tone(150) + noise(1, 0.5))
    assert column(breathy, "harmonicity").mean() < column(clear, "harmonicity").mean() - 3
    assert column(breathy, "cepstral_peak").mean() < column(clear, "cepstral_peak").mean()
    dull = extract(tone(150, harmonics=4))
    assert column(dull, "alpha_ratio").mean() > column(clear, "alpha_ratio").mean() + 3
    assert column(dull, "centroid").mean() < column(clear, "centroid").mean()


@given(st.integers(0, 100))
@settings(deadline=None)
def test_linear_prediction_solves_the_normal_equations(seed: int) -> None:
    signal = np.random.default_rng(seed).standard_normal(300).cumsum()
    lags = np.array([np.dot(signal[: 300 - k], signal[k:]) for k in range(9)])
    expected = scipy.linalg.solve_toeplitz(lags[:-1] + np.eye(1, 8)[0] * lags[0] * 1e-6, -lags[1:])
    assert np.allclose(linear_prediction(lags[None])[0, 1:], expected, rtol=1e-3, atol=1e-3)


def test_linear_prediction_of_what_is_no_autocorrelation_stays_bounded() -> None:
    lags = np.tile([1.0, 1.001], 6)[None]
    assert np.abs(linear_prediction(lags)).max() <= 2 ** (lags.size - 1)


def test_formants_of_a_made_up_vowel_are_found() -> None:
    wanted = (700.0, 1200.0, 2600.0)
    poles = [0.97 * np.exp(2j * np.pi * hertz / SAMPLE_RATE) for hertz in wanted]
    pulses = np.zeros(8000)
    pulses[::133] = 1.0
    filtered = scipy.signal.lfilter([1.0], np.real(np.poly([*poles, *np.conj(poles)])), pulses)
    vowel = (0.05 * filtered / filtered.std()).astype(np.float32)
    found = extract(vowel)
    for name, hertz in zip(("formant_1", "formant_2", "formant_3"), wanted, strict=True):
        assert np.median(2 ** column(found, name)) == pytest.approx(hertz, rel=0.12)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_range_of_frames_equals_that_range_of_the_whole(data: st.DataObject) -> None:
    samples = two_voices()
    first = data.draw(st.integers(0, frame_count(len(samples)) - 1))
    last = data.draw(st.integers(first + 1, frame_count(len(samples))))
    whole = extract(samples * np.float32(0.5))
    assert np.allclose(extract_range(samples, first, last, gain=0.5), whole[first:last], atol=1e-3)


@given(st.integers(1, 2000))
@settings(max_examples=20, deadline=None)
def test_a_recording_of_any_length_has_as_many_frames_as_the_other_features(samples: int) -> None:
    found = extract(noise(2)[:samples])
    assert found.shape == (frame_count(samples), N_COLUMNS)
    assert np.isfinite(found).all()
