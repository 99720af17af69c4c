"""How far up a voice reaches: a telephone call ends near 4 kHz and is not to be compared with wide-band speech."""

from collections.abc import Iterator

import numpy as np

from ml.voice.activity import THRESHOLD, WINDOW_SAMPLES
from ml.voice.framing import SAMPLE_RATE

NARROW_BELOW_HZ = 4_800
"""By this measure telephone codecs (mu-law, A-law, AMR) end between 3.5 and 4.7 kHz, whole speech above 6 kHz."""
DROP_DB = 50.0
"""The voice reaches as far up as its mean spectrum lies within this of its highest point."""
_SMOOTH = 5
_BLOCK_WINDOWS = 1_875
_LEAST_WINDOWS = 30
"""About a second of speech."""


def bandwidth_hz(samples: np.ndarray, speech: np.ndarray) -> int | None:
    """The frequency up to which the speech of a recording has energy, from the mean spectrum over its speech.

    Args:
        samples: 16 kHz mono, the separated voice; an array or a ``np.memmap`` (read in blocks of 60 s).
        speech: ``activity.speech_probabilities(samples)``.

    Returns:
        Hz, at most 8000 (what 16 kHz can show); None with less than a second of speech.
    """
    window = np.hanning(WINDOW_SAMPLES).astype(np.float32)
    total, count = np.zeros(WINDOW_SAMPLES // 2 + 1), 0
    for windows in _spoken_windows(samples, speech):
        total += np.square(np.abs(np.fft.rfft(windows * window, axis=1))).sum(axis=0)
        count += len(windows)
    if count < _LEAST_WINDOWS or not total.any():
        return None
    smooth = np.convolve(total, np.ones(_SMOOTH) / _SMOOTH, "same")
    reached = np.flatnonzero(smooth >= smooth.max() * 10 ** (-DROP_DB / 10))
    return round(int(reached[-1]) * SAMPLE_RATE / WINDOW_SAMPLES)


def _spoken_windows(samples: np.ndarray, speech: np.ndarray) -> Iterator[np.ndarray]:
    """The windows with speech, in blocks of shape (n, WINDOW_SAMPLES)."""
    whole = min(len(speech), len(samples) // WINDOW_SAMPLES)
    for first in range(0, whole, _BLOCK_WINDOWS):
        last = min(whole, first + _BLOCK_WINDOWS)
        inside = speech[first:last] >= THRESHOLD
        if inside.any():
            block = np.asarray(samples[first * WINDOW_SAMPLES : last * WINDOW_SAMPLES])
            yield block.reshape(-1, WINDOW_SAMPLES)[inside]
