"""Small pictures of the people in a recording, so that a person can tell who is who."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from ml.face.detection import Box, square_around
from ml.face.landmarks import Landmarks
from ml.face.persons import Passage
from ml.results import Thumbnail

SIDE = 96
"""Side of a thumbnail in pixels."""
AROUND = 1.7
"""Side of what it shows over the size of the face's box."""
PER_PERSON = 5
"""Thumbnails of one person: the best, and the best of the others spread over the time in sight."""
_QUALITY = 80
_STRETCH_S = 60.0
"""Of every passage the best of each minute is kept until the end."""


@dataclass(slots=True)
class Album:
    """The best picture so far of each followed face, passage and minute."""

    _best: dict[tuple[int, int, int], tuple[float, float, bytes]] = field(default_factory=dict)

    def offer(self, key: tuple[int, int], time_s: float, frame_rgb: np.ndarray, box: Box, found: Landmarks) -> None:
        """Keep the frame's face if it is better than what there is.

        Args:
            key: number of the followed face and of its passage.
            frame_rgb: uint8, shape (H, W, 3).
        """
        place = (*key, int(time_s // _STRETCH_S))
        square, _, _ = square_around(frame_rgb, box.centre, max(2, round(box.size * AROUND)))
        method = cv2.INTER_AREA if square.shape[0] > SIDE else cv2.INTER_CUBIC
        picture = cv2.resize(square, (SIDE, SIDE), interpolation=method)
        score = _score(picture, box, found)
        if place not in self._best or score > self._best[place][0]:
            flags = [int(cv2.IMWRITE_JPEG_QUALITY), _QUALITY]
            _, jpeg = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), flags)
            self._best[place] = (score, time_s, jpeg.tobytes())

    def thumbnails(self, track: int, follows: Sequence[int], passages: Sequence[Passage]) -> list[Thumbnail]:
        """Those of one person, the best first, at most ``PER_PERSON``.

        Args:
            track: the person's number.
            follows: numbers of the person's followed faces.
            passages: stretches in which the person is in sight, rising.
        """
        own = sorted(
            (time_s, score, jpeg) for place, (score, time_s, jpeg) in self._best.items() if place[0] in follows
        )
        if not own:
            return []
        best = max(own, key=lambda each: each[1])
        others = [each for each in own if each is not best]
        positions = np.linspace(0, len(others) - 1, PER_PERSON - 1).round() if others else np.zeros(0)
        chosen = [best, *(others[int(position)] for position in np.unique(positions))]
        return [Thumbnail(track, time_s, *_passage_of(time_s, passages), jpeg) for time_s, _, jpeg in chosen]


def _score(picture: np.ndarray, box: Box, found: Landmarks) -> float:
    """Sharp, frontal, sure, large: the more the better."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    sharp = float(cv2.Laplacian(grey, cv2.CV_32F).std())
    frontal = np.cos(np.radians(found.yaw)) * np.cos(np.radians(found.roll))
    size = min(1.0, box.size / (SIDE / AROUND))
    return float(found.presence * box.confidence * max(0.0, frontal) ** 2 * size * np.log1p(sharp))


def _passage_of(time_s: float, passages: Sequence[Passage]) -> Passage:
    return next(((start, end) for start, end in passages if start <= time_s <= end), (time_s, time_s))
