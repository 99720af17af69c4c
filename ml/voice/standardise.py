"""Level and standardisation: subtract the mean, divide by the standard deviation (paper section 2.3, eq. 3-4).

The paper normalises training and test set each by its own statistics. In use the counterpart is never the recording's
own statistics alone: a session in one mood would lose that mood. The rule:

- the level first: the recording is brought to ``REFERENCE_RMS`` over its speech, one gain for the whole of it, so that
  quiet recordings and loud ones look alike while loud and soft moments within a recording keep their difference;
- then mean and deviation of people in general, those of the training speakers;
- what is known of the person from their own sessions moves the answer, not the features (``ml.voice.person``).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from ml.voice import features
from ml.voice.framing import HOP_SAMPLES

REFERENCE_RMS = 0.05
"""-26 dB relative to full scale, the active speech level that ITU-T P.56 material is commonly set to."""
MAX_GAIN = 300.0
"""Nothing is amplified by more than about 50 dB: below that there is only noise."""
MIN_STD = 1e-3
"""A feature that hardly moves is not blown up."""
_LEVEL_BLOCK = 60 * 16_000


@dataclass(frozen=True, slots=True)
class Statistics:
    """Statistics of the three feature families over many people's speech.

    Attributes:
        mean, std: float32, shape (N_FEATURES,); std is at least ``MIN_STD``.
    """

    mean: np.ndarray
    std: np.ndarray

    def apply(self, values: np.ndarray) -> np.ndarray:
        """X = (X - mean) / std for features of shape (..., N_FEATURES)."""
        return (values - self.mean) / self.std


class Moments:
    """Running count, sum and sum of squares per feature; they add up over blocks, files and speakers."""

    def __init__(self, size: int = features.N_FEATURES) -> None:
        self.count = 0.0
        self.total = np.zeros(size)
        self.squares = np.zeros(size)

    def add(self, values: np.ndarray) -> None:
        """Count in frames of shape (T, size)."""
        self.count += len(values)
        self.total += values.sum(axis=0, dtype=np.float64)
        self.squares += np.square(values, dtype=np.float64).sum(axis=0)

    def merge(self, other: "Moments", weight: float = 1.0) -> None:
        """Count in another set of moments, its frames counting ``weight`` times."""
        self.count += weight * other.count
        self.total += weight * other.total
        self.squares += weight * other.squares

    def statistics(self) -> Statistics:
        """Mean and (population) standard deviation so far."""
        count = max(self.count, 1.0)
        mean = self.total / count
        variance = np.maximum(self.squares / count - mean**2, 0)
        return Statistics(mean.astype(np.float32), np.maximum(np.sqrt(variance), MIN_STD).astype(np.float32))


def gain_for(rms: float) -> float:
    """The factor that brings a root mean square level to ``REFERENCE_RMS``, at most ``MAX_GAIN``."""
    return float(min(MAX_GAIN, REFERENCE_RMS / max(rms, 1e-9)))


def speech_rms(recordings: Iterable[tuple[np.ndarray, np.ndarray]]) -> float:
    """Root mean square of the samples with speech, over one or more recordings of one speaker.

    Args:
        recordings: pairs of 16 kHz mono samples (array or memmap) and a boolean per frame (see ``frame_count``).

    Returns:
        The level; over all samples where no frame has speech.
    """
    speech = np.zeros(2)
    everything = np.zeros(2)
    for samples, mask in recordings:
        for start in range(0, len(samples), _LEVEL_BLOCK):
            block = np.square(np.asarray(samples[start : start + _LEVEL_BLOCK], dtype=np.float64))
            frame = np.minimum(np.arange(start, start + len(block)) // HOP_SAMPLES, len(mask) - 1)
            inside = block[mask[frame]]
            speech += (inside.sum(), inside.size)
            everything += (block.sum(), block.size)
    total, count = speech if speech[1] else everything
    return float(np.sqrt(total / max(count, 1)))
