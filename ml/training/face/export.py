"""From a checkpoint to shipped weights: calibration on held-out training faces, figures on PublicTest, one file.

PublicTest takes no part in training, model choice or calibration; it is read here, for the report only.
"""

import hashlib
import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ml import weights as stored
from ml.data.fer2013 import LABEL_SET, Faces, load_faces
from ml.emotions import EMOTIONS
from ml.face.descriptor import Projection, histogram_features, lbp_images
from ml.face.recogniser import FaceRecogniser, pack
from ml.metrics.calibration import fit_temperature
from ml.metrics.classification import report
from ml.training.checkpoints import plain
from ml.training.face.network import face_logits
from ml.training.face.options import FaceTrainingOptions
from ml.training.face.teachers import version_in, versions
from ml.training.face.train import best_network, run_projection, split_training

log = logging.getLogger(__name__)


def export_face(
    options: FaceTrainingOptions, directory: Path | None = None, baselines: bool = True, note: str = ""
) -> dict[str, Any]:
    """Write the best epoch of a run as weights ``face``.

    Args:
        options: of the run; names its checkpoints and its data.
        directory: where to write; default as ``ml.weights`` decides.
        baselines: also fit and report the simplest baselines on the same data.
        note: what the configuration does not say about the run, for the card.

    Returns:
        The card entry: version, architecture, configuration, data, figures.

    Raises:
        FileNotFoundError: the run has finished no epoch.
    """
    network, best, history = best_network(options)
    training, validation = split_training(options)
    projection = run_projection(options, training)
    side = int(best["size"])
    validation_logits = face_logits(network.face, projection, validation.images, size=side)
    temperature = fit_temperature(validation_logits.numpy(), validation.labels)
    tensors = pack(network.face, projection, temperature)
    test = load_faces(options.source, "PublicTest")
    card: dict[str, Any] = {
        "version": version_of(tensors),
        "architecture": {"hidden": options.hidden, "dropout": options.dropout, "width": options.width},
        "input_side": side,
        "seed": options.seed,
        "steps": int(best["step"]),
        "config": _config(options),
        "data": {
            "corpus": "FER2013 Training split without pictures that also stand in a later split",
            "terms": "ICML 2013 / Kaggle challenge data, research use",
            "trained_on": len(training),
            "validation": len(validation),
        },
        "temperature": temperature,
        "history": [{key: row[key] for key in ("epoch", "size", "accuracy", "loss")} for row in history],
        "validation": report(torch.softmax(validation_logits / temperature, 1).numpy(), validation.labels),
    }
    if note:
        card["note"] = note
    stored.write("face", tensors, card, directory)
    probabilities = FaceRecogniser.load(directory).predict(test.images)
    card["publictest"] = {"label_set": LABEL_SET, **report(probabilities, test.labels)}
    if baselines:
        card["publictest_baselines"] = baseline_figures(training, test, projection)
    entry = stored.write("face", tensors, card, directory)
    log.info("exported version %s, PublicTest accuracy %.4f", entry["version"], card["publictest"]["accuracy"])
    return entry


def baseline_figures(training: Faces, test: Faces, projection: Projection) -> dict[str, Any]:
    """The simplest baselines: always the commonest class, and logistic regression on the texture vector."""
    from sklearn.dummy import DummyClassifier
    from sklearn.linear_model import LogisticRegression

    learn, judge = texture_vectors(training.images, projection), texture_vectors(test.images, projection)
    models = {
        "majority class": DummyClassifier(strategy="prior"),
        "logistic regression on the LBP texture vector": LogisticRegression(C=0.01, max_iter=300),
    }
    return {
        name: report(_all_classes(model.fit(learn, training.labels), judge), test.labels)
        for name, model in models.items()
    }


def texture_vectors(images: np.ndarray, projection: Projection, batch: int = 512) -> np.ndarray:
    """Standardised texture vectors of uint8 faces (N, 48, 48), shape (N, C)."""
    batches = (torch.from_numpy(images[start : start + batch]) for start in range(0, len(images), batch))
    return np.concatenate([projection.standardise(histogram_features(lbp_images(part))).numpy() for part in batches])


def _all_classes(model: Any, vectors: np.ndarray) -> np.ndarray:
    probabilities = np.zeros((len(vectors), len(EMOTIONS)))
    probabilities[:, model.classes_] = model.predict_proba(vectors)
    return probabilities


def _config(options: FaceTrainingOptions) -> dict[str, Any]:
    """The options without places on this machine: weights are named by their versions."""
    named = {key: value for key, value in plain(options).items() if key not in ("source", "checkpoints")}
    return named | {
        "start": version_in(options.start) if options.start else "",
        "teachers": ",".join(versions(options)),
    }


def version_of(tensors: dict[str, torch.Tensor]) -> str:
    """A name that follows from the trained numbers: the same weights have the same version."""
    digest = hashlib.sha256()
    for key in sorted(tensors):
        digest.update(key.encode() + tensors[key].numpy().tobytes())
    return f"face-{digest.hexdigest()[:12]}"
