"""How alike two faces look, whatever they express: so that a person who was away is not taken for a stranger.

A face is laid upright by its landmarks and described by its gradients (Dalal and Triggs 2005). What varies most between
the faces of FER2013 is weighed least, and the directions in which its seven classes differ are taken out
(``ml.training.face.likeness``). Two faces' likeness is the cosine of the angle between their descriptions. The
descriptions live in memory while one recording is read; nothing of them is written anywhere.
"""

import hashlib
import io
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from ml.errors import RecognitionError

SIDE = 48
"""Side in pixels of the upright grey face that is described."""
FILE = Path(__file__).with_name("likeness.npz")
SHA256 = "db9f2cad1c089fc624266de64c1f0cd265eb1744595da551aa039c40ab9a2fa8"

_EYES, _MOUTH = ((33, 133), (263, 362)), (61, 291)
_PLACES = np.array([[32, 40], [64, 40], [48, 74]], np.float32) / 96
"""Where eyes and mouth come to lie, in units of the side."""
_HISTOGRAM = cv2.HOGDescriptor((SIDE, SIDE), (16, 16), (8, 8), (8, 8), 9)


def upright(frame_rgb: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The face with its eyes level and in their places.

    Args:
        frame_rgb: uint8, shape (H, W, 3).
        points: ``landmarks.Landmarks.points``.

    Returns:
        uint8 grey, shape (48, 48).
    """
    flat = points[:, :2]
    seen = np.array([flat[list(eye)].mean(axis=0) for eye in _EYES] + [flat[list(_MOUTH)].mean(axis=0)], np.float32)
    double, _ = cv2.estimateAffinePartial2D(seen, _PLACES * 2 * SIDE, method=cv2.LMEDS)
    if double is None:
        return np.zeros((SIDE, SIDE), np.uint8)
    face = cv2.warpAffine(frame_rgb, double, (2 * SIDE, 2 * SIDE), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(cv2.resize(cv2.cvtColor(face, cv2.COLOR_RGB2GRAY), (SIDE, SIDE), interpolation=cv2.INTER_AREA))


def gradients(face: np.ndarray) -> np.ndarray:
    """Histograms of gradients of an upright face, uint8 (48, 48): float32, shape (900,)."""
    return np.asarray(_HISTOGRAM.compute(np.ascontiguousarray(face))).ravel()


def description(face: np.ndarray) -> np.ndarray:
    """What is compared of an upright face, uint8 (48, 48): float32, shape (300,).

    Raises:
        RecognitionError: weights_missing, weights_damaged.
    """
    mean, projection = _projection()
    return np.asarray((gradients(face) - mean) @ projection)


@cache
def _projection() -> tuple[np.ndarray, np.ndarray]:
    try:
        content = FILE.read_bytes()
    except FileNotFoundError as error:
        raise RecognitionError("weights_missing", FILE.name) from error
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise RecognitionError("weights_damaged", f"{FILE.name} is another file")
    stored = np.load(io.BytesIO(content), allow_pickle=False)
    return stored["mean"], stored["directions"].astype(np.float32) * stored["scale"]


@dataclass(slots=True)
class Look:
    """How one face looks, gathered over some of its frames.

    Attributes:
        count: frames taken.
        face: sum of their ``description``, shape (300,).
        colours: sum of their ``tracking.signature``, shape (1536,).
    """

    count: int = 0
    face: np.ndarray = field(default_factory=lambda: np.zeros(1, np.float32))
    colours: np.ndarray = field(default_factory=lambda: np.zeros(1, np.float32))

    def plus(self, other: "Look") -> "Look":
        """Both together."""
        return Look(self.count + other.count, self.face + other.face, self.colours + other.colours)


def likeness(one: Look, other: Look) -> tuple[float, float]:
    """How alike two looks are: the faces (cosine, -1 to 1), and the colours of hair, clothes, background (0-1)."""
    norms = float(np.linalg.norm(one.face) * np.linalg.norm(other.face))
    faces = float(one.face @ other.face) / max(norms, 1e-9)
    both = np.sqrt(one.colours * other.colours).sum() / np.sqrt(max(1, one.count) * max(1, other.count))
    return faces, float(both)
