"""Fine-tune the face network on a target video corpus and measure it there (paper sections 3.2 and 4.1).

Speakers are dealt into folds. For every fold a network is fine-tuned on the others' faces and judges the fold's clips;
the result is then fine-tuned on all. Figures and temperature are those of the folds: no clip is judged by a network
that learned from its speaker. Where the corpus names no speakers the folds are of clips, and the card says so.
"""

import json
import logging
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ml import weights as stored
from ml.config import Config
from ml.data.clip_faces import TargetFaces, collect_faces
from ml.data.folds import clip_folds
from ml.data.manifest import ANONYMOUS, read_manifest
from ml.emotions import EMOTIONS
from ml.face.descriptor import Projection
from ml.face.recogniser import pack, unpack
from ml.face.vgg16 import FaceVgg16
from ml.metrics.calibration import fit_temperature
from ml.metrics.classification import report
from ml.results import Progress
from ml.training.cache import cached, digest
from ml.training.checkpoints import plain, show_config
from ml.training.face.export import version_of
from ml.training.face.fine_tune import FineTuneOptions, fine_tune_face
from ml.training.face.network import face_logits

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TargetOptions:
    """What to fine-tune on and how.

    Attributes:
        manifest: CSV with columns path, speaker, emotion7 and, if there, corpus; the files are videos.
        weights: folder the result is written to; not the one begun with.
        start: folder of the weights to begin with; None for the shipped ones (or ``EMOREC_WEIGHTS``).
        checkpoints: folder of the clips' faces and of finished folds.
        folds: speaker-independent folds.
        per_clip: faces taken from each clip at most.
        fine_tune: of each network.
        config: how frames are sampled and faces found.
    """

    manifest: Path
    weights: Path
    start: Path | None
    checkpoints: Path
    folds: int
    per_clip: int
    fine_tune: FineTuneOptions
    config: Config = field(default_factory=lambda: Config(voice=False))


def fine_tune_on_corpus(options: TargetOptions, progress: Progress | None = None) -> dict[str, Any]:
    """Fine-tune, measure, and write ``face.safetensors``; the voice begun with is copied beside it if none is there.

    Args:
        progress: called with (what is being done, completed, total); may raise to stop. The next call with equal
            options goes on after the last clip looked at and the last fold finished.

    Returns:
        The card entry written.

    Raises:
        RecognitionError: weights_missing, weights_damaged.
        ValueError: the corpus is too small, or the result would overwrite what it began with.
        FileNotFoundError: the manifest or a clip is not there.
    """
    begun_with = stored.folder(options.start)
    if options.weights.resolve() == begun_with.resolve():
        raise ValueError("the weights begun with would be overwritten: name another folder (--weights)")
    tell = progress or (lambda what, completed, total: None)
    tensors, entry = stored.read("face", begun_with)
    network, projection, temperature = unpack(tensors, entry)
    side = int(entry["input_side"])
    show_config("face network, fine-tuning", _config(options, entry))
    faces = collect_faces(read_manifest(options.manifest), options.checkpoints, options.per_clip, options.config, tell)
    fold_of = clip_folds([clip.speaker for clip in faces.clips], options.folds, options.fine_tune.seed)
    run = _Run(options, network, projection, side, faces, entry["version"])
    logits_before = face_logits(run.network, run.projection, faces.images, size=side)
    logits_after = torch.zeros_like(logits_before)
    for fold in range(options.folds):
        aside = fold_of[faces.clip_of] == fold
        logits_after[torch.from_numpy(aside)] = run.judged_by_others(aside, f"fold {fold + 1} of {options.folds}", tell)
    fitted = fit_temperature(logits_after.numpy(), faces.labels[faces.clip_of])
    tuned = pack(run.tuned(np.ones(len(faces.images), bool), "all clips", tell), projection, fitted)
    card = {
        "version": version_of(tuned),
        "architecture": entry["architecture"],
        "input_side": side,
        "seed": options.fine_tune.seed,
        "config": _config(options, entry),
        "data": _data(faces, entry),
        "temperature": fitted,
        "as_begun": _figures(logits_before, temperature, faces),
        "fine_tuned": _figures(logits_after, fitted, faces),
    }
    if "voice" not in stored.card(options.weights) and "voice" in stored.card(begun_with):
        stored.write("voice", *stored.read("voice", begun_with), options.weights)
    return stored.write("face", tuned, card, options.weights)


@dataclass(slots=True)
class _Run:
    """A run in memory; the networks are on a GPU where there is one."""

    options: TargetOptions
    network: FaceVgg16
    projection: Projection
    side: int
    faces: TargetFaces
    version: str

    def __post_init__(self) -> None:
        device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.network, self.projection = self.network.to(device), self.projection.to(device)

    def judged_by_others(self, aside: np.ndarray, stage: str, tell: Progress) -> torch.Tensor:
        """Logits of the faces under the mask ``aside`` by a network fine-tuned on the others, computed once."""

        def judge() -> dict[str, torch.Tensor]:
            tuned = self.tuned(~aside, stage, tell)
            return {"logits": face_logits(tuned, self.projection, self.faces.images[aside], size=self.side)}

        note = {
            "faces": digest(self.faces.images),
            "labels": digest(self.faces.labels[self.faces.clip_of]),
            "aside": digest(aside),
            "network": self.version,
            "tuning": json.dumps(asdict(self.options.fine_tune), sort_keys=True),
        }
        name = stage.replace(" ", "-")
        return cached(self.options.checkpoints / f"{name}.safetensors", note, judge)["logits"]

    def tuned(self, mask: np.ndarray, stage: str, tell: Progress) -> FaceVgg16:
        """The network fine-tuned on the faces under ``mask``."""
        log.info("fine-tuning, %s: %d faces to learn from", stage, int(mask.sum()))
        return fine_tune_face(
            self.network,
            self.projection,
            self.faces.images[mask],
            self.faces.labels[self.faces.clip_of][mask],
            side=self.side,
            options=self.options.fine_tune,
            progress=lambda epoch, done, total: tell(stage, done, total),
        )


def _figures(logits: torch.Tensor, temperature: float, faces: TargetFaces) -> dict[str, Any]:
    """Figures by clip: the mean of its faces' probabilities against its label."""
    probabilities = torch.softmax(logits / temperature, 1).numpy()
    summed = np.zeros((len(faces.clips), len(EMOTIONS)))
    np.add.at(summed, faces.clip_of, probabilities)
    mean = summed / summed.sum(axis=1, keepdims=True)
    corpora, speakers = [clip.corpus for clip in faces.clips], [clip.speaker for clip in faces.clips]
    return report(mean, faces.labels, corpora, speakers)


def _data(faces: TargetFaces, entry: dict[str, Any]) -> dict[str, Any]:
    all_named = not any(clip.speaker.startswith(ANONYMOUS) for clip in faces.clips)
    return {
        "corpus": ", ".join(sorted({clip.corpus for clip in faces.clips if clip.corpus})) or "not named",
        "terms": f"those of this corpus and of {entry['version']}",
        "folds": "by speaker" if all_named else "by clip: not every speaker is named, so some may stand on both sides",
        "clips": len(faces.clips),
        "trained_on": len(faces.images),
        "unusable": sum(faces.unusable.values()),
    }


def _config(options: TargetOptions, entry: dict[str, Any]) -> dict[str, Any]:
    """The options without places on this machine."""
    return {
        **plain(options.fine_tune),
        "start": entry["version"],
        "folds": options.folds,
        "per_clip": options.per_clip,
        "sample_fps": options.config.sample_fps,
        "detection_width": options.config.detection_width,
    }
