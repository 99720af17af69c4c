"""Which way up a recording's picture is: some cameras lie on their side and say nothing of it, or the wrong thing."""

from collections.abc import Sequence

import numpy as np

from ml.face.detection import FaceDetector
from ml.face.landmarks import Landmarker

TURNS = (0, 1, 3, 2)
"""Quarter turns counter-clockwise that are tried, upright first."""
LOOKED_AT = 8
"""Frames looked at in every orientation."""
GOOD = 0.5
"""Mean score from which upright is taken without looking further."""
BETTER_BY = 0.25
"""How much better than upright another orientation must score."""
_LEAST_PRESENCE, _MOST_ROLL = 0.9, 35.0


def quarter_turns(frames: Sequence[np.ndarray], detector: FaceDetector, landmarker: Landmarker) -> int:
    """By how many quarter turns counter-clockwise frames are to be turned so that faces are upright: 0-3.

    Args:
        frames: uint8 (H, W, 3), the first of a recording; few of them are looked at.
    """
    chosen = [frames[int(n)] for n in np.unique(np.linspace(0, len(frames) - 1, LOOKED_AT).round())] if frames else []
    if not chosen:
        return 0
    scores = {0: _score(chosen, 0, detector, landmarker)}
    if scores[0] >= GOOD:
        return 0
    scores |= {turn: _score(chosen, turn, detector, landmarker) for turn in TURNS[1:]}
    best = max(scores, key=lambda turn: scores[turn])
    return best if scores[best] >= scores[0] + BETTER_BY else 0


def _score(frames: Sequence[np.ndarray], turn: int, detector: FaceDetector, landmarker: Landmarker) -> float:
    """Mean over the frames of the surest upright face's confidence, 0-1."""
    total = 0.0
    for frame in frames:
        turned = np.ascontiguousarray(np.rot90(frame, turn))
        for box in detector.detect(turned)[:1]:
            found = landmarker.find(turned, box)
            if (
                found.presence >= _LEAST_PRESENCE
                and abs(found.roll) <= _MOST_ROLL
                and found.points[152, 1] > found.points[10, 1]
            ):
                total += box.confidence
    return total / len(frames)
