"""Sound that is too long for memory: 16 kHz samples on disk, and the level of a stream measured as it passes."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

FLOOR_DBFS = -120.0
"""What digital silence is given as."""
CELL_S = 0.1
_CLIPPED = 0.999


class SpooledSamples(np.memmap):
    """A recording's samples in a file, float32, shape (n,). A sample or a slice is read from the file.

    An ordinary ``np.memmap`` would count every page once touched as this process's memory; this one stays flat.
    """

    def __getitem__(self, index: Any) -> Any:
        """A sample or a slice with step 1 is read; anything else behaves as in ``np.memmap``."""
        if self.ndim == 1 and self.filename is not None:
            if isinstance(index, slice) and index.step in (None, 1):
                start, stop, _ = index.indices(len(self))
                return self._read(start, max(0, stop - start))
            if isinstance(index, int) and -len(self) <= index < len(self):
                return self._read(index % len(self), 1)[0]
        return super().__getitem__(index)

    def _read(self, start: int, count: int) -> np.ndarray:
        return np.fromfile(str(self.filename), self.dtype, count=count, offset=start * self.itemsize)


def spool(blocks: Iterable[np.ndarray], path: Path) -> np.ndarray:
    """Write blocks of float32 mono one after the other and give them back as one long array."""
    count = 0
    with path.open("wb") as file:
        for block in blocks:
            file.write(np.ascontiguousarray(block, dtype="<f4").tobytes())
            count += len(block)
    if count == 0:
        return np.zeros(0, dtype=np.float32)
    return SpooledSamples(path, dtype="<f4", mode="r", shape=(count,))


class LevelMeter:
    """Power and clipping of a stereo stream in cells of 100 ms."""

    def __init__(self, rate: int) -> None:
        self._cell = round(rate * CELL_S)
        self._power: list[np.ndarray] = []
        self._clipped: list[np.ndarray] = []
        self._held = np.zeros((0, 2), dtype=np.float32)

    def measured(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Pass blocks (n, 2) through, measuring them."""
        for block in blocks:
            self._measure(np.concatenate([self._held, block]))
            yield block
        if len(self._held):
            self._measure(np.concatenate([self._held, np.zeros((self._cell - len(self._held), 2), np.float32)]))

    def level_dbfs(self, start_s: float, end_s: float) -> float:
        """RMS level of a stretch in dB relative to full scale, at least ``FLOOR_DBFS``."""
        return _dbfs(self._between(self._power, start_s, end_s))

    def level_where(self, wanted: np.ndarray) -> float:
        """RMS level of the cells where ``wanted`` (bool per cell) holds; of all where it never does."""
        power = _joined(self._power)
        wanted = np.pad(wanted[: len(power)], (0, max(0, len(power) - len(wanted))))
        return _dbfs(power[wanted] if wanted.any() else power)

    def clipped_share(self, start_s: float = 0, end_s: float = np.inf) -> float:
        """Share (0-1) of the samples of a stretch that are at full scale."""
        cells = self._between(self._clipped, start_s, end_s)
        return float(cells.mean()) if cells.size else 0.0

    @staticmethod
    def _between(parts: list[np.ndarray], start_s: float, end_s: float) -> np.ndarray:
        cells = _joined(parts)
        last = len(cells) if np.isinf(end_s) else int(np.ceil(end_s / CELL_S - 1e-6))
        return cells[int(start_s / CELL_S + 1e-6) : last]

    def _measure(self, samples: np.ndarray) -> None:
        whole = len(samples) // self._cell
        self._held = samples[whole * self._cell :]
        cells = samples[: whole * self._cell].reshape(whole, self._cell * 2)
        self._power.append(np.square(cells).mean(axis=1))
        self._clipped.append((np.abs(cells) >= _CLIPPED).mean(axis=1))


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)


def _dbfs(power: np.ndarray) -> float:
    mean = float(power.mean()) if power.size else 0.0
    return max(FLOOR_DBFS, 10 * float(np.log10(mean))) if mean > 0 else FLOOR_DBFS
