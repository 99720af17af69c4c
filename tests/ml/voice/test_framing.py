import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import get_window, lfilter

from ml.voice.framing import FRAME_SAMPLES, HOP_SAMPLES, frame_count, frames, hamming, pre_emphasis, windowed_frames


@given(st.integers(2, 2000))
def test_the_window_is_the_papers_hamming_formula(length: int) -> None:
    n = np.arange(length)
    assert np.allclose(hamming(length), 0.54 - 0.46 * np.cos(2 * np.pi * n / (length - 1)), atol=1e-12)
    assert np.allclose(hamming(length), get_window("hamming", length, fftbins=False), atol=1e-12)


def test_the_window_is_eight_hundredths_at_both_ends_and_one_in_the_middle() -> None:
    window = hamming(401)
    assert window[0] == pytest.approx(0.08)
    assert window[-1] == pytest.approx(0.08)
    assert window[200] == pytest.approx(1.0)


def test_pre_emphasis_is_the_first_order_filter_scipy_computes(tune: np.ndarray) -> None:
    expected = lfilter([1.0, -0.97], [1.0], tune, zi=[-0.97 * tune[0]])[0]
    assert np.allclose(pre_emphasis(tune), expected, atol=1e-6)


@given(st.integers(1, 999))
def test_pre_emphasis_of_a_continued_signal_has_no_seam(cut: int) -> None:
    samples = np.random.default_rng(3).standard_normal(1000).astype(np.float32)
    joined = np.concatenate([pre_emphasis(samples[:cut]), pre_emphasis(samples[cut:], previous=samples[cut - 1])])
    assert np.allclose(joined, pre_emphasis(samples), atol=1e-6)


@given(st.integers(0, 5000))
def test_frames_are_25_ms_every_10_ms_and_all_inside(samples: int) -> None:
    signal = np.arange(samples, dtype=np.float32)
    cut = frames(signal)
    assert cut.shape == (frame_count(samples), FRAME_SAMPLES)
    if samples >= FRAME_SAMPLES:
        assert np.array_equal(cut[:, 0], np.arange(len(cut)) * HOP_SAMPLES)
        assert cut[-1, -1] <= samples - 1 < cut[-1, -1] + HOP_SAMPLES


def test_windowing_multiplies_every_frame_by_the_window(tune: np.ndarray) -> None:
    assert np.allclose(windowed_frames(tune)[5], tune[800:1200] * hamming(400), atol=1e-7)
