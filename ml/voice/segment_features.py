"""What a segment's voice is judged by: moments of the speech encoder's states, contours of pitch and voice quality.

Of the states, mean and deviation over the segment's speech (``recording_features.LAYERS``); of pitch, voice quality and
loudness (``ml.voice.prosody``) the functionals of ``ml.voice.contours`` from the first to the last speech.
"""

import numpy as np

from ml.voice import prosody
from ml.voice.contours import FUNCTIONALS, LEAST_VOICED, contours
from ml.voice.recording_features import CELL_FRAMES, STATE_WIDTH, RecordingFeatures

STATES = slice(0, 2 * STATE_WIDTH)
"""Means of all states, then their deviations."""
PROSODY = slice(STATES.stop, STATES.stop + FUNCTIONALS * prosody.N_FEATURES)
N_SEGMENT_FEATURES = PROSODY.stop


def segment_features(recording: RecordingFeatures, mask: np.ndarray, first: int, last: int) -> np.ndarray:
    """One row of features of a segment.

    Args:
        mask: which 10 ms frames of the recording have speech, bool, shape (recording.total,).
        first, last: frames of the segment from its first to its last speech (exclusive), at least one.

    Returns:
        float32, shape (N_SEGMENT_FEATURES,); NaN where too few frames are voiced to tell.
    """
    return np.concatenate([moments(recording, mask, first, last), _contours(recording, first, last)])


def moments(recording: RecordingFeatures, mask: np.ndarray, first: int, last: int) -> np.ndarray:
    """Mean and deviation of the states over the frames with speech, or all where none has: shape (2 STATE_WIDTH,)."""
    states = recording.states(first, last)
    speech = mask[first:last] if mask[first:last].any() else np.ones(last - first, dtype=bool)
    cells = np.arange(first, last) // CELL_FRAMES - first // CELL_FRAMES
    weight = np.bincount(cells[speech], minlength=len(states)).astype(np.float32)
    weight /= weight.sum()
    mean = weight @ states
    deviation = np.sqrt(np.maximum(weight @ np.square(states) - np.square(mean), 0.0))
    return np.concatenate([mean, deviation]).astype(np.float32)


def _contours(recording: RecordingFeatures, first: int, last: int) -> np.ndarray:
    columns = recording.prosody(first, last)
    voiced = columns[columns[:, prosody.VOICED] > 0][:, prosody.WHEN_VOICED]
    parts = [
        contours(voiced) if len(voiced) >= LEAST_VOICED else np.full((FUNCTIONALS, voiced.shape[1]), np.nan),
        contours(columns[:, prosody.ALWAYS]),
    ]
    functionals: np.ndarray = np.concatenate(parts, axis=1).astype(np.float32).ravel()
    return functionals
