"""Sounds made for the tests of what is heard: 16 kHz mono at about the reference level."""

from collections.abc import Sequence

import numpy as np

from ml.voice.framing import SAMPLE_RATE


def buzz(phase: np.ndarray, numbers: Sequence[int]) -> np.ndarray:
    found = 0.05 * np.sum([np.sin(number * phase) / number for number in numbers], axis=0)
    return found.astype(np.float32)


def tone(hertz: float, seconds: float = 0.5, harmonics: int = 15) -> np.ndarray:
    """A buzz: harmonics falling with their number."""
    phase = 2 * np.pi * hertz * np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    numbers = [number for number in range(1, harmonics + 1) if number * hertz < SAMPLE_RATE / 2]
    return buzz(phase, numbers)


def noise(seed: int, seconds: float = 1.0) -> np.ndarray:
    draws = np.random.default_rng(seed)
    return (0.05 * draws.standard_normal(int(seconds * SAMPLE_RATE))).astype(np.float32)


def two_voices() -> np.ndarray:
    """Two buzzes with noise between them and a little under them, 1.5 s.

    For comparing what is computed in one go with what is computed in pieces. Their products are rounded differently,
    and where two peaks are equally high, as in plain noise, the last bit decides between them; here none are, not even
    after changing every sample by a millionth.
    """
    loud = np.concatenate([tone(180, 0.6), noise(5, 0.3), tone(260, 0.6)])
    found: np.ndarray = loud + np.float32(0.06) * noise(6, len(loud) / SAMPLE_RATE)
    return found
