"""Which boxes belong to one person: faces followed through time, so that only the chosen person's emotion counts.

From one sampled frame to the next a face stays near its place and size; that is enough within a second. A face that was
away longer (turned aside, behind hands) continues its track if it comes back at the same place, in the same size and in
the same colours of hair, clothes and background; otherwise it is another face, and ``ml.face.persons`` decides whether
it is the same person's. The colours are compared within a second too, so that a cut to another person ends the track.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy.optimize import linear_sum_assignment

from ml.face.detection import Box

GAP_S = 1.0
"""Seconds without the face that place and size alone bridge (or two and a half sampled frames, if that is longer)."""

RETURN_S = 60.0
"""Seconds after which a face that comes back is a new track."""

# Likeness of colours on real clips: of one person within a clip at least 0.85, of two in the same studio 0.07-0.84.
_NEAR_IOU, _NEAR_DISTANCE, _NEAR_RATIO, _NEAR_LIKENESS = 0.2, 0.6, 1.6, 0.35
_BACK_IOU, _BACK_RATIO, _BACK_LIKENESS = 0.3, 1.4, 0.8
_IMPOSSIBLE = 1e6
_LEVELS = 8
_BANDS = 3
_SAMPLES = 24


@dataclass(slots=True)
class Follow:
    """One face followed so far.

    Attributes:
        number: 0, 1, ... in order of first appearance.
        start_s, end_s: times of the first and the last frame with it.
        followed_s: time with the face, gaps beyond ``GAP_S`` left out.
        n_frames: frames with it.
        confidence, size: sums over these frames, of confidence (0-1) and box size (pixels).
        box, signature: of the last frame.
        passages: stretches in sight, first and last time of each; gaps beyond ``GAP_S`` lie between them.
    """

    number: int
    start_s: float
    end_s: float
    followed_s: float
    n_frames: int
    confidence: float
    size: float
    box: Box
    signature: np.ndarray | None
    passages: list[tuple[float, float]]


@dataclass(slots=True)
class Tracker:
    """Assigns the boxes of each frame to faces.

    Attributes:
        frame_s: seconds between two sampled frames.
        follows: every face so far, in order of first appearance.
    """

    frame_s: float
    follows: list[Follow] = field(default_factory=list)
    _open: list[Follow] = field(default_factory=list)

    @property
    def gap_s(self) -> float:
        """Seconds that place and size alone bridge; a little more, as times are sums of fractions."""
        return max(GAP_S, 2.5 * self.frame_s) + 1e-3

    def update(
        self, time_s: float, boxes: Sequence[Box], signatures: Sequence[np.ndarray | None] | None = None
    ) -> list[int]:
        """Take the boxes of the next frame.

        Args:
            time_s: seconds from the start; must not decrease.
            boxes: faces in this frame.
            signatures: what ``signature`` says of each, if colours shall be compared.

        Returns:
            For each box the number of its face.
        """
        looks = list(signatures) if signatures is not None else [None] * len(boxes)
        self._close(time_s)
        costs = np.array(
            [
                [self._cost(follow, time_s, box, look) for follow in self._open]
                for box, look in zip(boxes, looks, strict=True)
            ]
        ).reshape(len(boxes), len(self._open))
        matched = {
            row: self._open[column]
            for row, column in zip(*linear_sum_assignment(costs), strict=True)
            if costs[row, column] < _IMPOSSIBLE
        }
        numbers = []
        for row, (box, look) in enumerate(zip(boxes, looks, strict=True)):
            follow = matched.get(row)
            if follow is None:
                numbers.append(self._begin(time_s, box, look).number)
            else:
                self._go_on(follow, time_s, box, look)
                numbers.append(follow.number)
        return numbers

    def _close(self, time_s: float) -> None:
        for follow in self._open:
            if time_s - follow.end_s > RETURN_S:
                follow.signature = None
        self._open = [follow for follow in self._open if time_s - follow.end_s <= RETURN_S]

    def _begin(self, time_s: float, box: Box, look: np.ndarray | None) -> Follow:
        number, passages = len(self.follows), [(time_s, time_s)]
        follow = Follow(number, time_s, time_s, self.frame_s, 1, box.confidence, box.size, box, look, passages)
        self.follows.append(follow)
        self._open.append(follow)
        return follow

    def _go_on(self, follow: Follow, time_s: float, box: Box, look: np.ndarray | None) -> None:
        gap = time_s - follow.end_s
        if gap <= self.gap_s:
            follow.followed_s += gap
            follow.passages[-1] = (follow.passages[-1][0], time_s)
        else:
            follow.followed_s += self.frame_s
            follow.passages.append((time_s, time_s))
        follow.end_s = time_s
        follow.n_frames += 1
        follow.confidence += box.confidence
        follow.size += box.size
        follow.box, follow.signature = box, look

    def _cost(self, follow: Follow, time_s: float, box: Box, look: np.ndarray | None) -> float:
        """How badly the box fits the face: 0 perfect, ``_IMPOSSIBLE`` not the same."""
        overlap = intersection_over_union(follow.box, box)
        distance = float(np.hypot(*np.subtract(follow.box.centre, box.centre))) / max(follow.box.size, box.size)
        ratio = max(follow.box.size, box.size) / min(follow.box.size, box.size)
        likeness = _likeness(follow.signature, look)
        if time_s - follow.end_s <= self.gap_s:
            near = overlap >= _NEAR_IOU or distance <= _NEAR_DISTANCE
            possible = near and ratio <= _NEAR_RATIO and likeness >= _NEAR_LIKENESS
            return 1 - overlap + distance if possible else _IMPOSSIBLE
        possible = overlap >= _BACK_IOU and ratio <= _BACK_RATIO and likeness >= _BACK_LIKENESS
        return 10 - overlap + distance if possible else _IMPOSSIBLE


def intersection_over_union(one: Box, other: Box) -> float:
    """Area common to two boxes over the area of both, 0-1."""
    width = min(one.x + one.w, other.x + other.w) - max(one.x, other.x)
    height = min(one.y + one.h, other.y + other.h) - max(one.y, other.y)
    common = max(0.0, width) * max(0.0, height)
    return common / (one.w * one.h + other.w * other.h - common)


def signature(frame_rgb: np.ndarray, box: Box) -> np.ndarray:
    """Colours of a face and what is around it: hair, shoulders, some background.

    Args:
        frame_rgb: uint8, shape (H, W, 3).
        box: the face, in the frame's pixels.

    Returns:
        Shares of 512 colours (8 levels of red, green and blue) in each of three bands: hair and eyes, mouth and neck,
        shoulders. float32, shape (1536,), sum 1.
    """
    rows = np.linspace(box.y - 0.25 * box.h, box.y + 2 * box.h, _SAMPLES).round().astype(int)
    columns = np.linspace(box.x - 0.5 * box.w, box.x + 1.5 * box.w, _SAMPLES).round().astype(int)
    bands = np.arange(_SAMPLES) * _BANDS // _SAMPLES
    inside = (rows >= 0) & (rows < frame_rgb.shape[0])
    columns = columns[(columns >= 0) & (columns < frame_rgb.shape[1])]
    levels = frame_rgb[rows[inside][:, None], columns].astype(np.int64) * _LEVELS // 256
    colour = ((bands[inside][:, None] * _LEVELS + levels[..., 0]) * _LEVELS + levels[..., 1]) * _LEVELS + levels[..., 2]
    counts = np.bincount(colour.ravel(), minlength=_BANDS * _LEVELS**3).astype(np.float32)
    return counts / max(1, colour.size)


def _likeness(one: np.ndarray | None, other: np.ndarray | None) -> float:
    """Bhattacharyya coefficient of two signatures, 0-1; 1 where one is missing."""
    return 1.0 if one is None or other is None else float(np.sqrt(one * other).sum())
