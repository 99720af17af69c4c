"""Sound that is too long for memory: 16 kHz samples on disk."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np


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
