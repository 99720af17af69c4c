"""Pre-emphasis, framing and windowing of speech (paper section 2.1, equations 1 and 2).

All audio here is 16 kHz mono float32 in -1..1.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

SAMPLE_RATE = 16_000
FRAME_SAMPLES = 400
"""25 ms."""
HOP_SAMPLES = 160
"""10 ms."""
FRAMES_PER_SECOND = SAMPLE_RATE // HOP_SAMPLES
PRE_EMPHASIS = 0.97


def hamming(length: int) -> np.ndarray:
    """The Hamming window w(n) = 0.54 - 0.46 cos(2 pi n / (N - 1)), 0 <= n <= N - 1 (paper eq. 2).

    Returns:
        float64, shape (length,), symmetric.
    """
    if length == 1:
        return np.ones(1)
    n = np.arange(length)
    return 0.54 - 0.46 * np.cos(2 * np.pi * n / (length - 1))


def pre_emphasis(samples: np.ndarray, previous: float | None = None, coefficient: float = PRE_EMPHASIS) -> np.ndarray:
    """y(n) = s(n) - coefficient * s(n - 1): lifts the high frequencies that speech radiates weakly.

    Args:
        samples: shape (n,).
        previous: the sample before the first one when ``samples`` continues a longer signal; without it the
            first sample stands for its own predecessor, so that a constant offset makes no click.

    Returns:
        float32, shape (n,).
    """
    emphasised = np.array(samples, dtype=np.float32)
    if emphasised.size == 0:
        return emphasised
    first = emphasised[0] if previous is None else np.float32(previous)
    emphasised[1:] -= np.float32(coefficient) * np.asarray(samples[:-1], dtype=np.float32)
    emphasised[0] -= np.float32(coefficient) * first
    return emphasised


def frame_count(samples: int) -> int:
    """Number of whole frames in a signal of that many samples; a signal shorter than one frame counts as one."""
    return 1 + max(0, samples - FRAME_SAMPLES) // HOP_SAMPLES


def frames(samples: np.ndarray) -> np.ndarray:
    """Cut into frames of 25 ms every 10 ms, without windowing.

    A signal shorter than one frame is extended with zeros to one frame; an incomplete last frame is left out.

    Returns:
        A read-only view, shape (frame_count(n), 400).
    """
    if len(samples) < FRAME_SAMPLES:
        samples = np.pad(samples, (0, FRAME_SAMPLES - len(samples)))
    return sliding_window_view(samples, FRAME_SAMPLES)[::HOP_SAMPLES]


def windowed_frames(samples: np.ndarray) -> np.ndarray:
    """S(n) = s(n) * w(n) for every frame (paper eq. 1).

    Returns:
        float32, shape (frame_count(n), 400).
    """
    return frames(samples).astype(np.float32) * hamming(FRAME_SAMPLES).astype(np.float32)
