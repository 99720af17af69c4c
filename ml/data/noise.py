"""Noise to lay under voices."""

import numpy as np
from scipy.fft import next_fast_len

from ml.voice.framing import SAMPLE_RATE


def coloured_noise(size: int, slope: float, draws: np.random.Generator) -> np.ndarray:
    """Gaussian noise of unit level whose power falls with frequency as f ** -slope (0 white, 1 pink, 2 brown)."""
    length = next_fast_len(size, real=True)
    spectrum = np.fft.rfft(draws.standard_normal(length))
    frequency = np.maximum(np.fft.rfftfreq(length, 1 / SAMPLE_RATE), 50.0)
    noise = np.fft.irfft(spectrum * frequency ** (-slope / 2), n=length)[:size]
    return (noise / np.sqrt(np.mean(noise**2))).astype(np.float32)
