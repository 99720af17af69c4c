"""People who have a sound channel each: on a call, or with a microphone at each collar, one stands left, one right.

Where that is so it decides, for it is better evidence than any likeness of voices, and it shows overlaps. A stereo
recording of a room is not so: everybody is in both channels, one a little louder here, another there.
"""

import numpy as np

from ml.speakers.telling_apart import turns_of_activity
from ml.speakers.vectors import CELL_S
from ml.turns import SpeakerTurns

APART_DB = 6.0
"""A channel louder than the other by as much, each measured by its own loud part, has the voice to itself."""
CLEAR_DB = 12.0
"""What the middle of such cells must reach on both sides: bleeding from one collar to the other stays below it."""
LEAST_SHARE = 0.04
"""Share of the speech that each side must have."""
MOST_SHARED = 0.35
"""Share of the speech in both channels alike beyond which it is one room's sound."""
_LOUD = 0.95
_SMOOTHED_CELLS = 3


class ChannelMeter:
    """Power of each of two channels of a stream in cells of 100 ms."""

    def __init__(self, rate: int) -> None:
        """Measure nothing yet.

        Args:
            rate: samples per second.
        """
        self._cell = round(rate * CELL_S)
        self._powers: list[np.ndarray] = []
        self._remainder = np.zeros((0, 2), dtype=np.float32)

    def add(self, block: np.ndarray) -> None:
        """Take the next samples, shape (n, 2)."""
        samples = np.concatenate([self._remainder, block])
        whole = len(samples) // self._cell
        self._remainder = samples[whole * self._cell :]
        cells = samples[: whole * self._cell].reshape(whole, self._cell, 2)
        self._powers.append(np.einsum("ijk,ijk->ik", cells, cells) / self._cell)

    def powers(self) -> np.ndarray:
        """Power of the whole cells so far, shape (cells, 2)."""
        return np.concatenate(self._powers) if self._powers else np.zeros((0, 2))


def channel_turns(powers: np.ndarray, speech: np.ndarray) -> SpeakerTurns | None:
    """The turns of two people who have a channel each; None where it is not so.

    Args:
        powers: of the channels per cell of 100 ms, shape (n, 2).
        speech: which cells have speech in the mix, bool, shape (cells,).
    """
    count = min(len(powers), len(speech))
    spoken = speech[:count]
    if not spoken.any():
        return None
    kernel = np.ones(_SMOOTHED_CELLS) / _SMOOTHED_CELLS
    smooth = np.stack([np.convolve(channel, kernel, mode="same") for channel in powers[:count].T], axis=1)
    loud = np.quantile(smooth[spoken], _LOUD, axis=0)
    if loud.min() <= 0:
        return None
    levels = 10 * np.log10(np.maximum(smooth / loud, 1e-12))
    difference = levels[:, 0] - levels[:, 1]
    left, right = spoken & (difference >= APART_DB), spoken & (difference <= -APART_DB)
    both = spoken & ~left & ~right
    enough = min(left.sum(), right.sum()) >= LEAST_SHARE * spoken.sum() and both.sum() <= MOST_SHARED * spoken.sum()
    if not enough or np.median(difference[left]) < CLEAR_DB or -np.median(difference[right]) < CLEAR_DB:
        return None
    activity = np.stack([left | both, right | both], axis=1)
    return turns_of_activity(activity, np.ones(activity.shape), several=True, channels=True)
