"""The face network on FER2013."""

from pathlib import Path
from typing import Any

import numpy as np

from ml.data.fer2013 import LABEL_SET, Faces, load_faces
from ml.face.recogniser import FaceRecogniser
from ml.metrics.classification import report
from ml.results import Progress

_BATCH = 256


def evaluate_face(source: Path, split: str, weights: Path | None, tell: Progress) -> dict[str, Any]:
    """Figures on a split of FER2013, against its official label.

    Args:
        source: the official CSV (columns emotion, pixels, Usage) or the folder with the research sheets.
        split: "Training", "PublicTest" or "PrivateTest" (the last in the official CSV only).
        weights: folder; see ``ml.weights.folder``.

    Raises:
        FileNotFoundError, ValueError: the data are not there or make no sense.
        RecognitionError: weights_missing, weights_damaged.
    """
    faces = load_faces(source, split)
    recogniser = FaceRecogniser.load(weights)
    probabilities = predict_faces(recogniser, faces, tell)
    return face_figures(probabilities, faces, split, recogniser.version)


def face_figures(probabilities: np.ndarray, faces: Faces, split: str, version: str) -> dict[str, Any]:
    """The figures of ``predict_faces``' answers against the official label."""
    figures = report(probabilities, faces.labels, ["FER2013"] * len(faces))
    return {**figures, "split": split, "label_set": LABEL_SET, "model": version}


def predict_faces(recogniser: FaceRecogniser, faces: Faces, tell: Progress) -> np.ndarray:
    """Probabilities of all faces, shape (n, 7)."""
    parts = []
    for at in range(0, len(faces), _BATCH):
        parts.append(recogniser.predict(faces.images[at : at + _BATCH]))
        tell("faces", min(at + _BATCH, len(faces)), len(faces))
    return np.concatenate(parts)
