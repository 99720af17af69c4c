"""Everything the voice networks read of one recording at one level, computed once however often it is asked for.

The recording is gone through in blocks of 15 s, each by itself, so that a moment gets the same features whichever
segment asks for it. The blocks looked at last are kept: overlapping segments in their order need each block once, and
memory does not grow with the recording's length.
"""

from collections import OrderedDict
from collections.abc import Callable

import numpy as np
import torch

from ml.voice import features, prosody
from ml.voice.framing import HOP_SAMPLES, frame_count
from ml.voice.whisper_encoder import STATE_SAMPLES, WIDTH, WhisperEncoder, log_mel

BLOCK_FRAMES = 1_500
"""15 s."""
KEPT_BLOCKS = 4
"""One minute, about 11 MB."""
LAYERS = (2, 3, 4)
"""Layers of the encoder whose states are read (by experiment: docs/experiments-voice.md)."""
CELL_FRAMES = 10
"""The encoder's states are averaged over cells of 100 ms."""
STATE_WIDTH = len(LAYERS) * WIDTH
_CELL_STATES = CELL_FRAMES * HOP_SAMPLES // STATE_SAMPLES


class RecordingFeatures:
    """Features of ``samples`` times ``gain``; not for several threads at once."""

    def __init__(self, samples: np.ndarray, gain: float, encoder: WhisperEncoder | None = None) -> None:
        """Look at nothing yet.

        Args:
            samples: the whole recording, 16 kHz mono; an array or a ``np.memmap``.
            gain: factor applied to the samples first.
            encoder: needed for ``states`` alone.
        """
        self.samples = samples
        self.gain = gain
        self.total = frame_count(len(samples))
        self._encoder = encoder
        self._families = _Blocks(lambda first, last: features.extract_range(samples, first, last, gain))
        self._prosody = _Blocks(lambda first, last: prosody.extract_range(samples, first, last, gain))
        self._states = _Blocks(self._encoded)

    def families(self, first: int, last: int) -> np.ndarray:
        """The three feature families of 10 ms frames ``first`` to ``last`` (exclusive), (n, features.N_FEATURES)."""
        return self._families.between(first, last, self.total, 1)

    def prosody(self, first: int, last: int) -> np.ndarray:
        """Pitch, voice quality and loudness of the same frames, shape (n, prosody.N_COLUMNS)."""
        return self._prosody.between(first, last, self.total, 1)

    def states(self, first: int, last: int) -> np.ndarray:
        """States of ``LAYERS`` side by side in the cells that hold those frames.

        Returns:
            float32, shape (cells, STATE_WIDTH); the first cell is number ``first // CELL_FRAMES``.
        """
        return self._states.between(first, last, self.total, CELL_FRAMES)

    def _encoded(self, first: int, last: int) -> np.ndarray:
        if self._encoder is None:
            raise ValueError("these features were made without a speech encoder")
        end = len(self.samples) if last == self.total else last * HOP_SAMPLES
        block = np.asarray(self.samples[first * HOP_SAMPLES : end], dtype=np.float32) * np.float32(self.gain)
        return encoded(self._encoder, block, -(-(last - first) // CELL_FRAMES))


def encoded(encoder: WhisperEncoder, block: np.ndarray, cells: int) -> np.ndarray:
    """States of one block of sound, averaged over cells of 100 ms: float32, shape (cells, STATE_WIDTH).

    A last cell that the sound fills in part is averaged over that part.
    """
    with torch.inference_mode():
        bands = torch.from_numpy(log_mel(block))[None]
        layers = encoder.states(bands)
        states = torch.cat([layers[number][0].float() for number in LAYERS], dim=1)
    states = states[: cells * _CELL_STATES]
    missing = cells * _CELL_STATES - len(states)
    if missing:
        states = torch.cat([states, states[-1:].expand(missing, -1)])
    averaged: np.ndarray = states.view(cells, _CELL_STATES, STATE_WIDTH).mean(dim=1).numpy()
    return averaged


class _Blocks:
    """Rows computed block by block, the last few blocks kept."""

    def __init__(self, compute: Callable[[int, int], np.ndarray]) -> None:
        self._compute = compute
        self._blocks: OrderedDict[int, np.ndarray] = OrderedDict()

    def between(self, first: int, last: int, total: int, per_row: int) -> np.ndarray:
        """Rows of frames ``first`` to ``last`` (exclusive, at least one) of ``total``; ``per_row`` frames a row."""
        parts = []
        for number in range(first // BLOCK_FRAMES, (last - 1) // BLOCK_FRAMES + 1):
            start = number * BLOCK_FRAMES
            begin, end = max(first - start, 0), min(last - start, BLOCK_FRAMES)
            parts.append(self._block(number, total)[begin // per_row : -(-end // per_row)])
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def _block(self, number: int, total: int) -> np.ndarray:
        if number in self._blocks:
            self._blocks.move_to_end(number)
            return self._blocks[number]
        first = number * BLOCK_FRAMES
        block = self._compute(first, min(total, first + BLOCK_FRAMES))
        self._blocks[number] = block
        if len(self._blocks) > KEPT_BLOCKS:
            self._blocks.popitem(last=False)
        return block
