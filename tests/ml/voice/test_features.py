"""Our features against librosa and scipy, to 1e-3 in natural logarithms (0.1 % in power); observed: below 1e-4."""

import librosa
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.fft import dct
from scipy.signal import get_window, lfilter, spectrogram

from ml.voice import features
from ml.voice.features import FBANK, MFCC, N_MELS, N_MFCC, SPECTROGRAM, average_frames, extract, extract_range
from ml.voice.framing import FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE, frame_count

TOLERANCE = 1e-3


@pytest.fixture(params=["made up", pytest.param("real", marks=pytest.mark.data)])
def speech(request: pytest.FixtureRequest) -> np.ndarray:
    return request.getfixturevalue("tune" if request.param == "made up" else "real_speech")


def librosa_log_mel(samples: np.ndarray) -> np.ndarray:
    """(40, T) by librosa: it centres the 400-sample window in 512, hence 56 zeros at either end."""
    emphasised = lfilter([1.0, -0.97], [1.0], samples, zi=[-0.97 * samples[0]])[0]
    power = librosa.feature.melspectrogram(
        y=np.pad(emphasised, 56),
        sr=SAMPLE_RATE,
        n_fft=features.N_FFT,
        win_length=FRAME_SAMPLES,
        hop_length=HOP_SAMPLES,
        window=get_window("hamming", FRAME_SAMPLES, fftbins=False),
        center=False,
        n_mels=N_MELS,
        fmin=features.MEL_RANGE_HZ[0],
        fmax=features.MEL_RANGE_HZ[1],
    )
    return np.log(np.maximum(power, features.POWER_FLOOR))


def test_fbank_equals_librosas_log_mel_spectrogram(speech: np.ndarray) -> None:
    assert np.allclose(extract(speech)[:, FBANK][:, :N_MELS], librosa_log_mel(speech).T, atol=TOLERANCE)


def test_mfcc_equals_librosas(speech: np.ndarray) -> None:
    expected = librosa.feature.mfcc(S=librosa_log_mel(speech), n_mfcc=N_MFCC, dct_type=2, norm="ortho")
    assert np.allclose(extract(speech)[:, MFCC][:, :N_MFCC], expected.T, atol=TOLERANCE * np.sqrt(N_MELS))


def test_mfcc_is_scipys_cosine_transform_of_fbank(speech: np.ndarray) -> None:
    values = extract(speech)
    assert np.allclose(
        values[:, MFCC][:, :N_MFCC], dct(values[:, :N_MELS], type=2, norm="ortho")[:, :N_MFCC], atol=1e-4
    )


@pytest.mark.parametrize(("family", "size"), [(FBANK, N_MELS), (MFCC, N_MFCC)])
def test_first_and_second_differences_equal_librosas(speech: np.ndarray, family: slice, size: int) -> None:
    values = extract(speech)[:, family].T
    first = librosa.feature.delta(values[:size], width=5, mode="nearest")
    second = librosa.feature.delta(first, width=5, mode="nearest")
    assert np.allclose(values[size : 2 * size], first, atol=TOLERANCE)
    assert np.allclose(values[2 * size :], second, atol=TOLERANCE)


def test_the_fine_part_of_the_spectrogram_equals_scipys(speech: np.ndarray) -> None:
    emphasised = lfilter([1.0, -0.97], [1.0], speech, zi=[-0.97 * speech[0]])[0].astype(np.float32)
    window = get_window("hamming", FRAME_SAMPLES, fftbins=False)
    _, _, power = spectrogram(
        emphasised,
        fs=SAMPLE_RATE,
        window=window,
        noverlap=FRAME_SAMPLES - HOP_SAMPLES,
        nfft=features.N_FFT,
        detrend=False,
        scaling="density",
    )
    power = power * SAMPLE_RATE * np.sum(window**2) / 2
    expected = np.log(np.maximum(power[1 : features.FINE_BINS], features.POWER_FLOOR)).T
    ours = extract(speech)[:, SPECTROGRAM][:, 1 : features.FINE_BINS]
    loud = expected > np.log(10 * features.POWER_FLOOR)
    assert np.allclose(ours[loud], expected[loud], atol=10 * TOLERANCE)


def test_every_bin_belongs_to_one_band_of_the_spectrogram() -> None:
    bands = features.spectrogram_bands()
    assert np.allclose(bands.sum(axis=1), 1, atol=1e-6)
    assert np.array_equal((bands > 0).sum(axis=0), np.ones(features.N_FFT // 2 + 1))


def test_digital_silence_is_finite() -> None:
    values = extract(np.zeros(1600, dtype=np.float32))
    assert np.all(np.isfinite(values))
    assert values.shape == (frame_count(1600), features.N_FEATURES)


@settings(max_examples=30, deadline=None)
@given(st.data())
def test_a_range_of_frames_equals_that_range_of_the_whole(data: st.DataObject) -> None:
    samples = np.random.default_rng(12).standard_normal(12_000).astype(np.float32) * 0.1
    first = data.draw(st.integers(0, frame_count(12_000) - 1))
    last = data.draw(st.integers(first + 1, frame_count(12_000)))
    whole = extract(samples * np.float32(0.5))
    # Logarithms of float32 sums, whose order depends on the range.
    assert np.allclose(extract_range(samples, first, last, gain=0.5), whole[first:last], atol=1e-3)


@given(frames=st.integers(1, 50), group=st.integers(1, 7))
def test_averaging_keeps_every_frame_in_exactly_one_group(frames: int, group: int) -> None:
    values = np.random.default_rng(frames).standard_normal((frames, 3)).astype(np.float32)
    averaged = average_frames(values, group)
    assert len(averaged) == -(-frames // group)
    for number, row in enumerate(averaged):
        assert np.allclose(row, values[number * group : (number + 1) * group].mean(axis=0), atol=1e-5)
