"""468 points of a face (Kartynnik et al. 2019), and what is read from them: how far the mouth is open, how the head is
turned.

The network is run by OpenCV, which is there anyway: its numbers are those of the network's own runtime within 0.0001 of
a pixel, without a second of loading (docs/adr/0027-face-landmarks-by-opencv.md).
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ml.face.detection import Box, square_around
from ml.face.landmark_model import read_model

SIDE = 192
"""Side in pixels of the picture that the network takes."""
POINTS = 468
MARGIN = 1.5
"""Side of that picture over the longer side of the detector's box."""

_POINTS_OUT, _PRESENCE_OUT = "conv2d_20", "conv2d_30"
_UPPER_LIP, _LOWER_LIP = (82, 13, 312), (87, 14, 317)
_LEFT_EYE, _RIGHT_EYE = (33, 133), (263, 362)
_CHEEKS = (234, 454)
_FOREHEAD, _CHIN = 10, 152


@dataclass(frozen=True, slots=True)
class Landmarks:
    """The points of one face.

    Attributes:
        points: x and y in the frame's pixels, z in the same unit, smaller towards the camera; float32, shape (468, 3).
        presence: how sure the network is that this is a face whose points it sees, 0-1.
    """

    points: np.ndarray
    presence: float

    @property
    def opening(self) -> float:
        """How far the mouth is open: distance of the inner lips over that of the eyes' outer corners, 0 (closed) to
        about 0.6. Both are taken in space, so that a turned head changes them little."""
        lips = np.linalg.norm(self.points[_UPPER_LIP, :] - self.points[_LOWER_LIP, :], axis=1).mean()
        eyes = np.linalg.norm(self.points[_LEFT_EYE[0]] - self.points[_RIGHT_EYE[0]])
        return float(lips / max(eyes, 1e-6))

    @property
    def yaw(self) -> float:
        """Degrees by which the head is turned aside, positive towards the right of the picture, about -90 to 90."""
        across = self.points[_CHEEKS[1]] - self.points[_CHEEKS[0]]
        return float(np.degrees(np.arctan2(across[2], np.hypot(across[0], across[1]))))

    @property
    def pitch(self) -> float:
        """Degrees by which the head is bent, positive when it looks down, about -90 to 90."""
        down = self.points[_CHIN] - self.points[_FOREHEAD]
        return float(np.degrees(np.arctan2(down[2], np.hypot(down[0], down[1]))))

    @property
    def roll(self) -> float:
        """Degrees by which the head is tilted, clockwise in the picture, -180 to 180; 0 is upright."""
        left, right = self.points[_LEFT_EYE, :].mean(axis=0), self.points[_RIGHT_EYE, :].mean(axis=0)
        return float(np.degrees(np.arctan2(right[1] - left[1], right[0] - left[0])))


class Landmarker:
    """The landmark network, read and verified when this is made.

    Args:
        folder: of the published file, by default as ``landmark_model`` decides.

    Raises:
        RecognitionError: landmarks_missing, landmarks_damaged.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._network = cv2.dnn.readNetFromTFLite(np.frombuffer(read_model(folder), np.uint8))

    def find(self, frame_rgb: np.ndarray, box: Box) -> Landmarks:
        """The points of the face in a box.

        Args:
            frame_rgb: uint8, shape (H, W, 3).
            box: in the frame's pixels; may reach beyond the frame, whose edge pixels are then repeated.
        """
        square, left, top = square_around(frame_rgb, box.centre, max(2, round(max(box.w, box.h) * MARGIN)))
        scale = square.shape[0] / SIDE
        self._network.setInput(cv2.dnn.blobFromImage(square, 1 / 255, (SIDE, SIDE)))
        points, presence = self._network.forward([_POINTS_OUT, _PRESENCE_OUT])
        in_frame = points.reshape(POINTS, 3) * np.float32(scale) + np.array([left, top, 0], np.float32)
        return Landmarks(in_frame, float(1 / (1 + np.exp(-np.clip(presence.item(), -50, 50)))))
