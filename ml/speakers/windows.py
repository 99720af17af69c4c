"""Stretches of speech that are short enough to be one person's and long enough to tell whose."""

from dataclasses import dataclass

import numpy as np

from ml.speakers.vectors import CELL_SAMPLES
from ml.voice import activity

WINDOW_CELLS = 15
"""1.5 s."""
HOP_CELLS = 5
PAUSE_CELLS = 3
"""Speech on both sides of a longer pause is never looked at together: another person may go on."""
LEAST_CELLS = 3
"""A window with less speech says nothing."""
THRESHOLD = 0.35
"""Speech probability from which somebody speaks: a conversation has quieter voices than what may be judged."""
ENOUGH = 0.3
"""Share of a cell with speech from which it counts as spoken."""


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows over the speech of a recording, in order of time.

    Attributes:
        spans: first cell and last (exclusive), int, shape (n, 2).
        points: mean of the points of the cells with speech, shape (n, D).
    """

    spans: np.ndarray
    points: np.ndarray


def cell_has_speech(probabilities: np.ndarray, cells: int) -> np.ndarray:
    """Which cells of 100 ms have speech, bool, shape (cells,).

    Args:
        probabilities: of every 512-sample window (``activity``).
    """
    if not probabilities.size:
        return np.zeros(cells, dtype=bool)
    centres = (np.arange(cells * 10) + 0.5) * CELL_SAMPLES / 10
    windows = (centres // activity.WINDOW_SAMPLES).astype(int)
    is_speech = (windows < len(probabilities)) & (
        probabilities[np.minimum(windows, len(probabilities) - 1)] >= THRESHOLD
    )
    return np.asarray(is_speech.reshape(cells, 10).mean(axis=1) >= ENOUGH)


def speech_windows(points: np.ndarray, speech: np.ndarray) -> Windows:
    """Windows over every stretch of speech; the last of a stretch ends with it.

    Args:
        points: of every cell, shape (cells, D).
        speech: which cells have speech, bool, shape (cells,).
    """
    spans = [
        span
        for first, last in stretches(speech, PAUSE_CELLS)
        for span in _spans(first, last)
        if speech[span[0] : span[1]].sum() >= LEAST_CELLS
    ]
    means = [points[first:last][speech[first:last]].mean(axis=0) for first, last in spans]
    return Windows(np.array(spans, dtype=int).reshape(-1, 2), np.array(means).reshape(len(spans), points.shape[1]))


def stretches(present: np.ndarray, pause: int) -> list[tuple[int, int]]:
    """Runs of True as (first, last exclusive); runs at most ``pause`` cells apart are one."""
    cells = np.flatnonzero(present)
    if not cells.size:
        return []
    parts = np.split(cells, np.flatnonzero(np.diff(cells) > pause + 1) + 1)
    return [(int(part[0]), int(part[-1]) + 1) for part in parts]


def _spans(first: int, last: int) -> list[tuple[int, int]]:
    if last - first <= WINDOW_CELLS:
        return [(first, last)]
    starts = [*range(first, last - WINDOW_CELLS, HOP_CELLS), last - WINDOW_CELLS]
    return [(start, start + WINDOW_CELLS) for start in starts]
