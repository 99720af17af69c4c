"""How loud a recording is and how much of it is clipped, measured on the sound as it is stored.

Measuring comes first and by itself: the level is set before the vocals are separated, since separation takes what is
quiet for noise, and clipping is only seen before the sound is resampled, which turns flat tops into ripple.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from ml import media
from ml.errors import RecognitionError

FLOOR_DBFS = -120.0
"""What digital silence is given as."""
CELL_S = 0.1
TARGET_LEVEL = 0.1
"""RMS level (-20 dB) at which the loud part of every recording is brought to separation."""
FULL_SCALE = 0.975
"""Magnitude from which a sample counts as clipped: mu-law ends at 0.980, A-law at 0.984, 8 bits at 0.992."""
_GATE = 0.1
"""Cells 10 dB below the mean are left out of the loud part."""
_FLAT_SHARE = 0.995
_FLAT_STEP = 1e-4
"""Three successive samples within 0.5 % of the peak that differ by less than this are a flat top."""
_FLAT_LEAST = 0.05
"""Peak below which flat tops are not looked for: there they are the steps of the quantisation."""
_CEILING_SHARE = 0.99


class LevelMeter:
    """Power, peaks and clipping of a stream in cells of 100 ms; a constant offset counts as nothing.

    Of several channels the loudest counts, so that a dead one changes nothing.

    Attributes:
        cell_s: exact length of a cell in seconds.
    """

    def __init__(self, rate: int, beyond_full_scale: bool = False) -> None:
        """Measure nothing yet.

        Args:
            rate: samples per second of every channel.
            beyond_full_scale: samples are floating-point numbers that may exceed 1 without being clipped; then only
                flat tops count as clipping.
        """
        self._cell = max(1, round(rate * CELL_S))
        self.cell_s = self._cell / rate
        self._full_scale = np.inf if beyond_full_scale else FULL_SCALE
        self._power: list[np.ndarray] = []
        self._peak: list[np.ndarray] = []
        self._clipped: list[np.ndarray] = []
        self._highest = 0.0
        self._channels: np.ndarray = np.zeros(1)
        self._remainder: np.ndarray | None = None

    def add(self, block: np.ndarray) -> None:
        """Take the next samples, shape (n, channels), n as it comes."""
        samples = block if self._remainder is None else np.concatenate([self._remainder, block])
        whole = len(samples) // self._cell
        self._remainder = samples[whole * self._cell :]
        if whole:
            self._measure(samples[: whole * self._cell].reshape(whole, self._cell, -1))

    def finish(self) -> None:
        """Measure the last, incomplete cell."""
        if self._remainder is not None and len(self._remainder):
            self._measure(self._remainder[None])
        self._remainder = None

    def level_dbfs(self, start_s: float, end_s: float) -> float:
        """RMS level of a stretch in dB relative to full scale, at least ``FLOOR_DBFS``."""
        return _dbfs(self._between(_joined(self._power), start_s, end_s))

    def level_where(self, mask: np.ndarray) -> float:
        """RMS level of the cells where ``mask`` (bool per cell) holds; of all where it never does."""
        power = _joined(self._power)
        mask = np.pad(mask[: len(power)], (0, max(0, len(power) - len(mask))))
        return _dbfs(power[mask] if mask.any() else power)

    def clipped_share(self, start_s: float = 0, end_s: float = np.inf) -> float:
        """Share (0-1) of the samples of a stretch that are at full scale, or in flat tops at the recording's peak."""
        peak = _joined(self._peak)
        at_ceiling = peak >= min(self._full_scale, _CEILING_SHARE * self._highest)
        cells = self._between(_joined(self._clipped) * at_ceiling, start_s, end_s)
        return float(cells.mean()) if cells.size else 0.0

    def gain(self) -> float:
        """The factor that brings the loud part of the recording to ``TARGET_LEVEL``; 1 for digital silence.

        The loud part is what lies above a gate 10 dB below the mean power (as in EBU R 128, but without its absolute
        gate), so neither pauses nor the level of the file matter: a file k times as loud gets 1/k of the gain.
        """
        power = _joined(self._power).astype(np.float64)
        mean = power.mean() if power.size else 0.0
        for _ in range(2):
            if mean > 0:
                mean = power[power >= _GATE * mean].mean()
        return TARGET_LEVEL / float(np.sqrt(mean)) if mean > 0 else 1.0

    def live_channel(self, dead_share: float) -> int | None:
        """The number of the one live channel of two, where the other has less than ``dead_share`` of its power."""
        if len(self._channels) != 2 or self._channels.min() >= dead_share * self._channels.max():
            return None
        return int(self._channels.argmax())

    def _between(self, cells: np.ndarray, start_s: float, end_s: float) -> np.ndarray:
        last = len(cells) if np.isinf(end_s) else int(np.ceil(end_s / self.cell_s - 1e-6))
        return cells[int(start_s / self.cell_s + 1e-6) : last]

    def _measure(self, cells: np.ndarray) -> None:
        """Measure whole cells, shape (cells, samples, channels)."""
        cells = np.ascontiguousarray(cells.transpose(0, 2, 1))
        peak = np.maximum(cells.max(axis=2), -cells.min(axis=2))
        self._highest = max(self._highest, float(peak.max()))
        clipped = np.zeros(len(cells))
        for number in np.flatnonzero(peak.max(axis=1) >= min(self._full_scale, _CEILING_SHARE * self._highest)):
            size = np.abs(cells[number])
            full = (size >= self._full_scale).mean(axis=1)
            clipped[number] = max(full.max(), _flat_share(cells[number], size, peak[number]))
        self._clipped.append(clipped)
        self._peak.append(peak.max(axis=1))
        cells -= cells.mean(axis=2, keepdims=True)
        energy = np.einsum("ijk,ijk->ij", cells, cells)
        self._channels = self._channels + energy.sum(axis=0, dtype=np.float64)
        self._power.append(energy.max(axis=1) / cells.shape[2])


def measure(
    path: Path, info: media.MediaInfo, max_duration_s: float, tell: Callable[[float], None] = lambda seconds: None
) -> LevelMeter:
    """The level of a recording's chosen audio stream, in a pass of its own over the sound as it is stored.

    Args:
        path: the recording.
        info: of the same file.
        max_duration_s: what lies beyond is not read.
        tell: told after every block; may raise ``ml.errors.Cancelled``.

    Raises:
        RecognitionError: damaged_file when nothing decodes; decoder_failed when ffmpeg stalls.
    """
    meter: LevelMeter | None = None
    seconds = 0.0
    for rate, block in media.stored_audio(path, info, max_duration_s):
        meter = meter or LevelMeter(rate, info.audio is not None and info.audio.codec.startswith("pcm_f"))
        meter.add(block)
        seconds += len(block) / rate
        tell(seconds)
    if meter is None:
        raise RecognitionError("damaged_file", "no sound can be decoded")
    meter.finish()
    return meter


def _flat_share(samples: np.ndarray, size: np.ndarray, peak: np.ndarray) -> float:
    """Share of the samples of one cell that lie in flat tops at its peak, in the channel that has most of them.

    Args:
        samples, size: the samples and their magnitudes, shape (channels, n).
        peak: shape (channels,).
    """
    near = size >= np.maximum(_FLAT_SHARE * peak, _FLAT_LEAST)[:, None]
    still = near[:, 1:] & (np.abs(np.diff(samples)) < _FLAT_STEP)
    run = still[:, 1:] & still[:, :-1]
    flat = np.zeros(near.shape, dtype=bool)
    for shift in range(3):
        flat[:, shift : shift + run.shape[1]] |= run
    return float(flat.mean(axis=1).max())


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0)


def _dbfs(power: np.ndarray) -> float:
    mean = float(power.mean()) if power.size else 0.0
    return max(FLOOR_DBFS, 10 * float(np.log10(mean))) if mean > 0 else FLOOR_DBFS
