"""How well a face can be seen in a frame, and so how far what is recognised in it is to be believed.

Thresholds were chosen on ten clips of the research data, spoiled on purpose (``docs/experiments-face.md``).
"""

import cv2
import numpy as np

REASONS: tuple[str, ...] = ("", "face_still", "face_covered", "face_dark", "face_small")
"""Why a frame counts for less or not at all. A frame has one of these numbers, the first that applies; 0 is nothing."""

LEAST_PRESENCE = 0.5
"""Presence of the landmarks below which there is no face to be seen: the back of a head, a hand, a false box."""
COVERED_FROM = 0.33
"""Share of the eyes' or the mouth's band without any structure from which it is covered."""
DARK_BELOW, BLACK_BELOW = 100.0, 35.0
"""``brightness`` of a face below which it counts for less, and is not judged."""
SMALL_BELOW, TINY_BELOW = 24.0, 12.0
"""The same for a face's size in pixels."""
LEAST_CERTAINTY = 0.4

_EYES, _MOUTH = (slice(14, 25), slice(10, 38)), (slice(31, 43), slice(13, 35))
_FACE = (slice(8, 44), slice(8, 40))
_FLAT = 0.03
_BLACK, _BLACK_WEIGHT = 8, 3


def covered_share(upright_face: np.ndarray) -> float:
    """The larger share, 0-1, of the eyes' and of the mouth's band in which nothing stands out.

    Args:
        upright_face: uint8, shape (48, 48), as ``likeness.upright`` gives it.
    """
    across = cv2.Sobel(upright_face, cv2.CV_32F, 1, 0, ksize=3)
    down = cv2.Sobel(upright_face, cv2.CV_32F, 0, 1, ksize=3)
    flat = np.hypot(across, down) / 8 < _FLAT * max(1.0, float(upright_face.std()))
    return float(max(flat[_EYES].mean(), flat[_MOUTH].mean()))


def brightness(upright_face: np.ndarray) -> float:
    """Grey level, 0-255, that the brightest twentieth of an upright face exceeds, less where much of it is black.

    Black parts tell an underexposed picture from dark skin, which has none.
    """
    face = upright_face[_FACE]
    black = float((face <= _BLACK).mean())
    return float(np.quantile(face, 0.95)) * max(0.0, 1 - _BLACK_WEIGHT * black)


def judged_by(
    presence: np.ndarray, covered: np.ndarray, light: np.ndarray, size: np.ndarray, still: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """How far each frame's face is believed, and why not fully.

    Args:
        presence, covered, light, size: of each frame, as spooled, shape (n,).
        still: whether it lies in a still picture, bool, shape (n,).

    Returns:
        Certainty 0-1, float64, shape (n,), 0 where the face is not judged; positions in ``REASONS``, int, shape (n,).
    """
    hidden = (presence < LEAST_PRESENCE) | (covered >= COVERED_FROM)
    by_light = np.where(light < BLACK_BELOW, 0.0, np.clip(light / DARK_BELOW, LEAST_CERTAINTY, 1.0))
    by_size = np.where(size < TINY_BELOW, 0.0, np.clip(size / SMALL_BELOW, LEAST_CERTAINTY, 1.0))
    certainty = np.where(still | hidden, 0.0, by_light * by_size)
    reason = np.select([still, hidden, by_light < 1, by_size < 1], [1, 2, 3, 4], default=0)
    return certainty, reason
