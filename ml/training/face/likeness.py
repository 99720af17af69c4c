"""Fit what ``ml.face.likeness`` compares faces by, on FER2013's training faces: what varies among strangers who express
something, so that it weighs little. No face's identity is known or used.
"""

import io
from pathlib import Path

import cv2
import numpy as np

from ml.atomic import replaced
from ml.data.fer2013 import Faces
from ml.face.detection import Box
from ml.face.framing import FER2013_FRAMING
from ml.face.landmarks import Landmarker
from ml.face.likeness import gradients, upright
from ml.results import Progress

COUNT = 6000
COMPONENTS = 300
RIDGE = 0.02
"""Share of the mean variance added to every direction's, so that the weakest are not blown up."""
LEAST_PRESENCE = 0.9
_ENLARGED, _BORDER = 144, 48


def fit_likeness(faces: Faces, file: Path, progress: Progress, seed: int = 0) -> int:
    """Describe faces, weigh the directions in which they differ, and write the projection.

    Args:
        faces: of which ``COUNT`` are drawn.
        file: written; float32 "mean" (900,), int8 "directions" (900, 300) and float32 "scale" (300,).

    Returns:
        The number of faces used.
    """
    landmarker, described, labels = Landmarker(), [], []
    drawn = np.sort(np.random.default_rng(seed).permutation(len(faces))[:COUNT])
    for done, index in enumerate(drawn):
        picture = _in_a_picture(faces.images[index])
        side = _ENLARGED / FER2013_FRAMING
        corner = (picture.shape[0] - side) / 2
        found = landmarker.find(picture, Box(corner, corner, side, side, 1.0))
        if found.presence >= LEAST_PRESENCE:
            described.append(gradients(upright(picture, found.points)))
            labels.append(int(faces.labels[index]))
        progress("faces", done + 1, len(drawn))
    mean, projection = _projection(np.stack(described), np.array(labels))
    scale = np.abs(projection).max(axis=0) / 127
    content = io.BytesIO()
    np.savez_compressed(
        content,
        mean=mean.astype(np.float32),
        directions=np.round(projection / scale).astype(np.int8),
        scale=scale.astype(np.float32),
    )
    with replaced(file) as out:
        out.write(content.getvalue())
    return len(described)


def _in_a_picture(face: np.ndarray) -> np.ndarray:
    """A face of 48x48, three times as large, its edges carried on: uint8 RGB."""
    large = cv2.resize(face, (_ENLARGED, _ENLARGED), interpolation=cv2.INTER_CUBIC)
    framed = cv2.copyMakeBorder(large, _BORDER, _BORDER, _BORDER, _BORDER, cv2.BORDER_REPLICATE)
    return np.asarray(cv2.cvtColor(framed, cv2.COLOR_GRAY2RGB))


def _projection(described: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean (900,) and projection (900, 300): every direction by its own deviation, without those of the classes."""
    mean = described.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov((described - mean).T))
    strongest = np.argsort(-variances)[:COMPONENTS]
    projection = directions[:, strongest] / np.sqrt(variances[strongest] + RIDGE * variances.mean())
    projected = (described - mean) @ projection
    means = np.stack([projected[labels == label].mean(axis=0) for label in np.unique(labels)])
    _, _, expressions = np.linalg.svd(means - means.mean(axis=0))
    expressions = expressions[: len(means) - 1]
    return mean, projection - projection @ expressions.T @ expressions
