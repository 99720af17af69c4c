"""The temperature of the paper's weighted sum (``ml.fusion``), fitted on label-matched pairs.

Faces are those of FER2013's Training split that no network learned from, voices are judged out of fold. PublicTest
takes no part, so the calibration error that ``evaluate fusion`` reports is on other faces, though on the same voices.
Pairs are easier than people, whose face and voice err together: on recordings the answers may be surer than they are
right.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ml.config import Config
from ml.data.manifest import labelled, speech_manifest
from ml.data.pairs import partners
from ml.evaluation.face import predict_faces
from ml.evaluation.voice import predict_voices
from ml.fusion import fuse
from ml.metrics.calibration import expected_calibration_error, fit_temperature
from ml.models import Models
from ml.results import Progress
from ml.training.face.options import FaceTrainingOptions
from ml.training.face.train import split_training

_LEAST = 1e-12
"""Fused probabilities below count as this much."""


def fit_fusion(weights: Path | None, seed: int, tell: Progress) -> dict[str, Any]:
    """The temperature with the least negative log likelihood, with n and the calibration error before and after.

    Args:
        weights: folder; see ``ml.weights.folder``.
        seed: of the pairing.
        tell: progress.

    Raises:
        FileNotFoundError: the research data are not there.
        RecognitionError: weights_missing, weights_damaged.
    """
    models = Models.load(weights)
    _, held_out = split_training(FaceTrainingOptions())
    face_probabilities = predict_faces(models.face, held_out, tell)
    utterances = labelled(speech_manifest())
    voices = predict_voices(models.voice, utterances, tell).general
    labels = np.array([int(utterance.emotion) for utterance in utterances])
    faces = face_probabilities[partners(labels, held_out.labels, seed)]
    return {"seed": seed, **best_temperature(faces, voices, labels, Config())}


def best_temperature(faces: np.ndarray, voices: np.ndarray, labels: np.ndarray, config: Config) -> dict[str, Any]:
    """As ``fit_fusion``, from the answers of both modalities on the same examples, each of shape (n, 7)."""

    def fused(temperature: float) -> np.ndarray:
        pairs = zip(faces, voices, strict=True)
        rule = replace(config, fusion="weighted", fusion_temperature=temperature)
        return np.array([fuse(f, v, rule).probabilities for f, v in pairs])

    sums = fused(1.0)
    temperature = round(fit_temperature(np.log(np.maximum(sums, _LEAST)), labels), 2)
    return {
        "temperature": temperature,
        "n": len(labels),
        "ece_before": expected_calibration_error(sums, labels),
        "ece_after": expected_calibration_error(fused(temperature), labels),
    }
