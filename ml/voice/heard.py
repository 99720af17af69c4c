"""The features of one recording at one level, computed once however often they are asked for.

Statistics are taken over the whole recording, and then overlapping segments of it are judged. The blocks looked at last
are kept, so that a recording of a few minutes is gone through once, and a longer one twice, in bounded memory.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from ml.voice import features, prosody, speaker_encoder
from ml.voice.framing import frame_count

BLOCK_FRAMES = 1_500
"""15 s."""
KEPT_BLOCKS = 12
"""3 minutes, about 40 MB."""


class Frames(NamedTuple):
    """Successive 10 ms frames.

    Attributes:
        families: the three feature families, shape (T, features.N_FEATURES).
        prosody: columns of ``ml.voice.prosody``, shape (T, prosody.N_COLUMNS).
        states: of the speaker encoder, shape (T, speaker_encoder.UNITS).
    """

    families: np.ndarray
    prosody: np.ndarray
    states: np.ndarray


class Heard:
    """Features of ``samples`` times ``gain``; not for several threads at once."""

    def __init__(self, samples: np.ndarray, gain: float) -> None:
        """Look at nothing yet.

        Args:
            samples: the whole recording, 16 kHz mono; an array or a ``np.memmap``.
            gain: factor applied to the samples first.
        """
        self.samples = samples
        self.gain = gain
        self.total = frame_count(len(samples))
        self._blocks: OrderedDict[int, Frames] = OrderedDict()

    def frames(self, first: int, last: int) -> Frames:
        """Features of frames ``first`` to ``last`` (exclusive, at least one)."""
        parts = []
        for number in range(first // BLOCK_FRAMES, (last - 1) // BLOCK_FRAMES + 1):
            inside = slice(max(first - number * BLOCK_FRAMES, 0), last - number * BLOCK_FRAMES)
            parts.append([each[inside] for each in self._block(number)])
        if len(parts) == 1:
            return Frames(*parts[0])
        return Frames(*(np.concatenate(each) for each in zip(*parts, strict=True)))

    def blocks(self) -> Iterator[tuple[int, Frames]]:
        """Everything in order: (number of the first frame, at most ``BLOCK_FRAMES`` frames)."""
        for first in range(0, self.total, BLOCK_FRAMES):
            yield first, self._block(first // BLOCK_FRAMES)

    def _block(self, number: int) -> Frames:
        if number in self._blocks:
            self._blocks.move_to_end(number)
            return self._blocks[number]
        first = number * BLOCK_FRAMES
        last = min(self.total, first + BLOCK_FRAMES)
        found = Frames(
            features.extract_range(self.samples, first, last, self.gain),
            prosody.extract_range(self.samples, first, last, self.gain),
            speaker_encoder.extract_range(self.samples, first, last, self.gain),
        )
        self._blocks[number] = found
        if len(self._blocks) > KEPT_BLOCKS:
            self._blocks.popitem(last=False)
        return found
