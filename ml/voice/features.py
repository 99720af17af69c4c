"""The three feature families of the paper (section 2.2, figure 1), 10 ms apart.

========================  =======  ==========================================================
columns                   count    what
========================  =======  ==========================================================
``FBANK``                 120      log mel filterbank (40 bands) with first and second differences
``MFCC``                  60       discrete cosine transform of it (20), with both differences
``SPECTROGRAM``           64       log power spectrum: every bin of 31.25 Hz up to 1.25 kHz, where
                                   the harmonics show the pitch, then 24 wider bands up to 8 kHz
========================  =======  ==========================================================

Logarithms are natural, of the power of samples in -1..1 after pre-emphasis, bounded below by ``POWER_FLOOR``.
"""

from functools import cache
from itertools import pairwise

import numpy as np
from librosa.filters import mel
from scipy.fft import dct, rfft
from scipy.ndimage import correlate1d

from ml.voice.framing import (
    FRAME_SAMPLES,
    HOP_SAMPLES,
    SAMPLE_RATE,
    frame_count,
    pre_emphasis,
    windowed_frames,
)

N_FFT = 512
N_MELS = 40
N_MFCC = 20
MEL_RANGE_HZ = (20.0, 8_000.0)
FINE_BINS = 40
"""Bins of the spectrum kept one by one (0-1.25 kHz)."""
COARSE_BANDS = 24
"""Bands above, their edges in geometric progression up to 8 kHz."""
POWER_FLOOR = 1e-7
"""About the power that 16-bit rounding noise leaves in a band; keeps digital silence finite."""
DELTA_REACH = 2
"""A difference looks two frames to each side."""
CONTEXT_FRAMES = 2 * DELTA_REACH
"""Frames to each side that one frame's features depend on (the second difference)."""

FBANK = slice(0, 3 * N_MELS)
MFCC = slice(FBANK.stop, FBANK.stop + 3 * N_MFCC)
SPECTROGRAM = slice(MFCC.stop, MFCC.stop + FINE_BINS + COARSE_BANDS)
N_FEATURES = SPECTROGRAM.stop


@cache
def mel_filters() -> np.ndarray:
    """The mel filterbank (Slaney's scale, area-normalised), float32, shape (40, 257)."""
    low, high = MEL_RANGE_HZ
    return mel(sr=SAMPLE_RATE, n_fft=N_FFT, n_mels=N_MELS, fmin=low, fmax=high).astype(np.float32)


@cache
def spectrogram_bands() -> np.ndarray:
    """Averaging matrix from 257 bins to the spectrogram's 64 bands, float32, shape (64, 257), rows sum to 1."""
    edges = np.unique(np.round(np.geomspace(FINE_BINS, N_FFT // 2 + 1, COARSE_BANDS + 1)).astype(int))
    if len(edges) != COARSE_BANDS + 1:
        raise ValueError("the coarse bands are narrower than a bin")
    bands = np.zeros((FINE_BINS + COARSE_BANDS, N_FFT // 2 + 1), dtype=np.float32)
    bands[np.arange(FINE_BINS), np.arange(FINE_BINS)] = 1
    for row, (start, stop) in enumerate(pairwise(edges), start=FINE_BINS):
        bands[row, start:stop] = 1 / (stop - start)
    return bands


def power_spectrum(samples: np.ndarray, previous: float | None = None) -> np.ndarray:
    """Spectral line energy |FFT(S)|^2 of every windowed frame.

    Args:
        samples: 16 kHz mono, shape (n,).
        previous: the sample before the first, see ``pre_emphasis``.

    Returns:
        float32, shape (frame_count(n), 257).
    """
    spectrum = rfft(windowed_frames(pre_emphasis(samples, previous)), n=N_FFT, axis=1)
    return spectrum.real**2 + spectrum.imag**2


def differences(static: np.ndarray) -> np.ndarray:
    """First difference over time by regression: d_t = sum_n n (c_{t+n} - c_{t-n}) / (2 sum_n n^2), n = 1..2.

    The first and last frame stand for their missing neighbours.

    Args:
        static: shape (T, F).

    Returns:
        float32, shape (T, F).
    """
    steps = np.arange(-DELTA_REACH, DELTA_REACH + 1, dtype=np.float32)
    return correlate1d(static, steps / np.sum(steps**2), axis=0, mode="nearest")


def with_differences(static: np.ndarray) -> np.ndarray:
    """``static`` (T, F) with its first and second differences beside it: float32, shape (T, 3 F)."""
    first = differences(static)
    return np.concatenate([static, first, differences(first)], axis=1)


def log_power(power: np.ndarray) -> np.ndarray:
    """Natural logarithm, bounded below by ``POWER_FLOOR``."""
    return np.log(np.maximum(power, np.float32(POWER_FLOOR)))


def extract(samples: np.ndarray, previous: float | None = None) -> np.ndarray:
    """All three feature families of a stretch of speech.

    Args:
        samples: 16 kHz mono float32 in -1..1, shape (n,).
        previous: the sample before the first, see ``pre_emphasis``.

    Returns:
        float32, shape (frame_count(n), N_FEATURES); columns as in the module's table.
    """
    power = power_spectrum(samples, previous)
    fbank = log_power(power @ mel_filters().T)
    mfcc = dct(fbank, type=2, norm="ortho", axis=1)[:, :N_MFCC]
    spectrogram = log_power(power @ spectrogram_bands().T)
    return np.concatenate([with_differences(fbank), with_differences(mfcc), spectrogram], axis=1)


def extract_range(samples: np.ndarray, first: int, last: int, gain: float = 1.0) -> np.ndarray:
    """Features of frames ``first`` to ``last`` (exclusive) of a long recording.

    Equal to ``extract(gain * samples)[first:last]`` without looking at the rest of the recording.

    Returns:
        float32, shape (last - first, N_FEATURES).
    """
    start = max(0, first - CONTEXT_FRAMES)
    stop = min(frame_count(len(samples)), last + CONTEXT_FRAMES)
    begin, end = start * HOP_SAMPLES, (stop - 1) * HOP_SAMPLES + FRAME_SAMPLES
    stretch = np.asarray(samples[begin:end], dtype=np.float32) * np.float32(gain)
    previous = float(samples[begin - 1]) * gain if begin > 0 else None
    return extract(stretch, previous)[first - start : last - start]


def average_frames(features: np.ndarray, group: int) -> np.ndarray:
    """Mean of every ``group`` successive frames, to shorten what the network reads.

    A last group that is not full is averaged over what it has.

    Args:
        features: shape (T, F).

    Returns:
        float32, shape (ceil(T / group), F).
    """
    whole = len(features) // group * group
    averaged = features[:whole].reshape(-1, group, features.shape[1]).mean(axis=1)
    if whole == len(features):
        return averaged
    return np.concatenate([averaged, features[whole:].mean(axis=0, keepdims=True)])
