"""How many syllables were spoken, counted from the sound alone, after de Jong and Wempe (2009).

A syllable's nucleus is a peak of the level that rises clearly above the dip before and after it, is not much quieter
than the loudest speech, and is voiced. Stretches far below the loudest speech and longer than a pause are not spoken
time. How far off the count is, by corpus: docs/adr/0030.
"""

import numpy as np
from scipy.ndimage import uniform_filter1d
from scipy.signal import find_peaks

from ml.voice.framing import FRAMES_PER_SECOND

BELOW_LOUDEST_DB = 25.0
"""A nucleus, and spoken time, is at most this much below the loudest (99 %) of the speech."""
DIP_DB = 2.0
"""How far the level falls on both sides of a nucleus."""
SMOOTHING_FRAMES = 5
PAUSE_FRAMES = 30
"""Quiet this long is no spoken time: 0.3 s."""


def loudest_db(level_db: np.ndarray) -> float:
    """The level that the speech of ``level_db``, decibels, shape (n,), reaches in a hundredth of the time; n > 0."""
    return float(np.quantile(level_db, 0.99))


def nuclei(level_db: np.ndarray, voiced: np.ndarray, loudest: float) -> np.ndarray:
    """The frames at which syllables have their nucleus.

    Args:
        level_db: of frames 10 ms apart, shape (n,).
        voiced: bool, shape (n,).
        loudest: as of ``loudest_db``, of the same voice.

    Returns:
        Frame numbers, int, in order.
    """
    if not len(level_db):
        return np.zeros(0, dtype=np.int64)
    smooth = uniform_filter1d(level_db.astype(np.float64), SMOOTHING_FRAMES, mode="nearest")
    low = loudest - BELOW_LOUDEST_DB
    peaks, _ = find_peaks(np.pad(smooth, 1, constant_values=low - DIP_DB), height=low, prominence=DIP_DB)
    peaks -= 1
    return np.asarray(peaks[voiced[peaks]])


def spoken_s(level_db: np.ndarray, loudest: float) -> float:
    """Seconds of ``level_db``, shape (n,), without its pauses: quiet of at least ``PAUSE_FRAMES``."""
    quiet = np.concatenate([[False], level_db < loudest - BELOW_LOUDEST_DB, [False]])
    edges = np.flatnonzero(np.diff(quiet.astype(np.int8)))
    lengths = edges[1::2] - edges[::2]
    return float((len(level_db) - lengths[lengths >= PAUSE_FRAMES].sum()) / FRAMES_PER_SECOND)
