"""What poor pictures cost the face network, on the same faces of FER2013's PublicTest.

In training it has met small, blurred and noisy pictures of other faces (``ml.training.face.augment.spoil``), but
neither compressed nor shaken ones.
"""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter, uniform_filter1d

from ml.data.fer2013 import SIDE, Faces
from ml.face.recogniser import FaceRecogniser
from ml.metrics.calibration import expected_calibration_error
from ml.metrics.classification import headline
from ml.results import Progress

FACES = 1200
"""Faces drawn; all conditions are judged on the same ones."""

Degrade = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def shown_at(side: int) -> Degrade:
    """Faces as a camera would give them ``side`` pixels high, enlarged to 48 as ``detection.crop_face`` does."""

    def degrade(images: np.ndarray, draws: np.random.Generator) -> np.ndarray:
        small = [cv2.resize(face, (side, side), interpolation=cv2.INTER_AREA) for face in images]
        return np.stack([cv2.resize(face, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for face in small])

    return degrade


def blurred(sigma: float) -> Degrade:
    """Faces out of focus: a Gaussian of ``sigma`` pixels at 48x48."""
    return lambda images, draws: gaussian_filter(images, sigma=(0, sigma, sigma))


def noisy(deviation: float) -> Degrade:
    """Faces in poor light: Gaussian noise of ``deviation`` grey levels (of 255)."""

    def degrade(images: np.ndarray, draws: np.random.Generator) -> np.ndarray:
        noise = draws.normal(0, deviation, images.shape)
        return np.clip(np.rint(images + noise), 0, 255).astype(np.uint8)

    return degrade


def compressed(quality: int) -> Degrade:
    """Faces as JPEG keeps them at ``quality`` (of 100): with its blocks."""

    def degrade(images: np.ndarray, draws: np.random.Generator) -> np.ndarray:
        stored = [cv2.imencode(".jpg", face, [cv2.IMWRITE_JPEG_QUALITY, quality])[1] for face in images]
        return np.stack([np.asarray(cv2.imdecode(each, cv2.IMREAD_GRAYSCALE)) for each in stored])

    return degrade


def shaken(length: int) -> Degrade:
    """Faces that moved sideways by ``length`` pixels while the picture was taken: the mean over the way."""
    return lambda images, draws: uniform_filter1d(images, length, axis=2)


CONDITIONS: dict[str, Degrade] = {
    "as they are, 48 pixels": lambda images, draws: images,
    "shown at 32 pixels": shown_at(32),
    "shown at 24 pixels": shown_at(24),
    "shown at 16 pixels": shown_at(16),
    "blurred, sigma 1 pixel": blurred(1),
    "blurred, sigma 2 pixels": blurred(2),
    "noise, 10 grey levels": noisy(10),
    "noise, 25 grey levels": noisy(25),
    "JPEG, quality 30 (not met in training)": compressed(30),
    "JPEG, quality 10 (not met in training)": compressed(10),
    "shaken by 5 pixels (not met in training)": shaken(5),
}
"""By name, the unaltered faces first."""


def face_conditions(recogniser: FaceRecogniser, faces: Faces, seed: int, tell: Progress) -> list[dict[str, Any]]:
    """Headline figures and calibration error of every condition, each with its name under "condition".

    Args:
        faces: of which ``FACES`` are drawn at random.
    """
    drawn = np.random.default_rng(seed).permutation(len(faces))[:FACES]
    sample = faces.take(np.sort(drawn))
    rows = []
    for name, degrade in CONDITIONS.items():
        probabilities = recogniser.predict(degrade(sample.images, np.random.default_rng(seed)))
        figures = headline(probabilities.argmax(axis=1), sample.labels)
        rows.append({"condition": name, **figures, "ece": expected_calibration_error(probabilities, sample.labels)})
        tell("degraded faces", len(rows), len(CONDITIONS))
    return rows
