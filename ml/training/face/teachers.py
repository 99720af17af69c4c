"""Teachers: trained face networks whose mean answer another one learns from (Hinton, Vinyals and Dean 2015).

FER2013's labels are noisy; what several networks agree on is less so, and says by how much a face is between classes.
"""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ml import weights as stored
from ml.data.fer2013 import Faces
from ml.emotions import EMOTIONS
from ml.errors import RecognitionError
from ml.face.descriptor import Projection
from ml.face.recogniser import FaceRecogniser, unpack
from ml.face.vgg16 import FaceVgg16
from ml.results import Progress
from ml.training.cache import cached, digest
from ml.training.face.options import FaceTrainingOptions

log = logging.getLogger(__name__)

_FILE = "teachers.safetensors"
_CHUNK = 512
_SPLIT = ("seed", "validation_share", "limit")
"""Options that say which faces are held out."""


def taught(options: FaceTrainingOptions, training: Faces, progress: Progress | None = None) -> np.ndarray | None:
    """The teachers' mean probabilities of every face, judged once for a run and kept beside its checkpoints.

    Every second teacher sees the faces mirrored: one look at each face by each teacher, in both directions together.

    Args:
        progress: called with ("teachers", faces judged, faces in all) for each teacher.

    Returns:
        float32, shape (N, 7); None without teachers.

    Raises:
        RecognitionError: weights_missing, weights_damaged.
    """
    folders = options.teacher_folders()
    if not folders:
        return None

    def judge() -> dict[str, torch.Tensor]:
        mean = np.zeros((len(training), len(EMOTIONS)), dtype=np.float32)
        for number, folder in enumerate(folders):
            log.info("teacher %d of %d judges %d faces", number + 1, len(folders), len(training))
            teacher = FaceRecogniser.load(folder)
            for at in range(0, len(training), _CHUNK):
                faces = training.images[at : at + _CHUNK]
                mean[at : at + _CHUNK] += teacher.predict(faces[:, :, ::-1] if number % 2 else faces) / len(folders)
                if progress is not None:
                    progress("teachers", number * len(training) + at + len(faces), len(folders) * len(training))
        return {"probabilities": torch.from_numpy(mean)}

    note = {"faces": digest(training.images), "teachers": ",".join(versions(options))}
    probabilities: np.ndarray = cached(options.checkpoints / _FILE, note, judge)["probabilities"].numpy()
    return probabilities


def versions(options: FaceTrainingOptions) -> list[str]:
    """Versions of the teachers' weights, in their order."""
    return [version_in(folder) for folder in options.teacher_folders()]


def version_in(folder: Path | str) -> str:
    """Version of the face weights in a folder.

    Raises:
        RecognitionError: weights_missing.
    """
    return str(_entry(Path(folder))["version"])


def trained(folder: Path) -> tuple[FaceVgg16, Projection]:
    """The trained network in a folder of weights, and the PCA it was trained with.

    Raises:
        RecognitionError: weights_missing, weights_damaged.
    """
    network, projection, _ = unpack(*stored.read("face", folder))
    return network, projection


def check_split(options: FaceTrainingOptions) -> None:
    """Make sure that what a run begins with, and its teachers, have not learnt from its validation faces.

    Raises:
        ValueError: one of them was trained on another part of the Training split.
        RecognitionError: weights_missing.
    """
    for folder in [Path(options.start)] * bool(options.start) + options.teacher_folders():
        config = _entry(folder).get("config", {})
        if any(config.get(name) != getattr(options, name) for name in _SPLIT):
            raise ValueError(
                f"{version_in(folder)} was trained with another {', '.join(_SPLIT[:-1])} or {_SPLIT[-1]}: "
                "it may have learnt from this run's validation faces"
            )


def _entry(folder: Path) -> dict[str, Any]:
    entry: dict[str, Any] | None = stored.card(folder).get("face")
    if entry is None:
        raise RecognitionError("weights_missing", f"{folder} holds no face weights")
    return entry
