"""Level, pitch and voicing of a recording every 10 ms: what a conversation is described from.

A light reading of ``ml.voice.prosody``'s spectra: of its columns only three are needed here, which take a seventh of
the time. They are kept for the whole recording, 9 bytes a frame: 6.5 MB for two hours.
"""

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ml.voice.framing import FRAME_SAMPLES, FRAMES_PER_SECOND, HOP_SAMPLES, frame_count
from ml.voice.prosody import (
    CONTEXT_FRAMES,
    VOICED_FROM,
    WINDOW_SAMPLES,
    autocorrelation,
    power_spectrum,
    track,
)

BLOCK_FRAMES = 1_500
"""15 s, looked at together."""
_SPECTRA = 256
_MARGIN = (WINDOW_SAMPLES - FRAME_SAMPLES) // 2
_FLOOR = 1e-9


@dataclass(frozen=True, slots=True)
class Contour:
    """A recording's frames, 10 ms apart.

    Attributes:
        level_db: power up to 5.5 kHz in decibels, relative to nothing in particular, float32, shape (n,).
        pitch: logarithm to base 2 of the fundamental frequency in Hz, float32, shape (n,); means nothing where
            unvoiced.
        voiced: bool, shape (n,).
    """

    level_db: np.ndarray
    pitch: np.ndarray
    voiced: np.ndarray

    def __len__(self) -> int:
        return len(self.level_db)

    def slice(self, start_s: float, end_s: float) -> slice:
        """The frames whose centres lie between two times."""
        centre = FRAME_SAMPLES / 2 / HOP_SAMPLES
        first, last = (round(seconds * FRAMES_PER_SECOND - centre) for seconds in (start_s, end_s))
        return slice(max(0, first), max(0, min(last, len(self))))


def contour_of(samples: np.ndarray, gain: float = 1.0) -> Contour:
    """The contour of a recording, gone through in blocks of 15 s.

    Args:
        samples: 16 kHz mono float32, shape (n,); an array or a ``np.memmap``.
        gain: factor that brings the speech near the reference level: what is far quieter counts as unvoiced.
    """
    total = frame_count(len(samples))
    level, pitch = np.empty(total, np.float32), np.empty(total, np.float32)
    voiced = np.empty(total, bool)
    for first in range(0, total, BLOCK_FRAMES):
        last = min(total, first + BLOCK_FRAMES)
        level[first:last], pitch[first:last], voiced[first:last] = _block(samples, first, last, total, gain)
    return Contour(level, pitch, voiced)


def _block(
    samples: np.ndarray, first: int, last: int, total: int, gain: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Level, pitch and voicing of frames ``first`` to ``last``, looked at with the frames that they depend on."""
    start, stop = max(0, first - CONTEXT_FRAMES), min(total, last + CONTEXT_FRAMES)
    begin, end = start * HOP_SAMPLES - _MARGIN, (stop - 1) * HOP_SAMPLES + FRAME_SAMPLES + _MARGIN
    section = np.asarray(samples[max(0, begin) : end], dtype=np.float32) * np.float32(gain)
    section = np.pad(section, (max(0, -begin), max(0, end - max(begin, 0) - len(section))))[: end - begin]
    windows = sliding_window_view(section, WINDOW_SAMPLES)[::HOP_SAMPLES]
    alike, power = [], []
    for at in range(0, len(windows), _SPECTRA):
        spectrum = power_spectrum(windows[at : at + _SPECTRA])
        alike.append(autocorrelation(spectrum))
        power.append(spectrum.sum(axis=1))
    total_power = np.concatenate(power)
    pitch, voicing = track(np.concatenate(alike), np.sqrt(total_power))
    voiced = voicing > VOICED_FROM
    neighbours = np.pad(voiced.astype(int), 1)
    voiced &= neighbours[:-2] + neighbours[2:] > 0  # no frame on its own
    inside = slice(first - start, last - start)
    return 10 * np.log10(total_power[inside] + _FLOOR), pitch[inside], voiced[inside]
