"""The rows of the paper's Table 1 that do not ship, trained small and measured as the shipped ones are.

The shipped rows need no training here: ``python -m ml evaluate all`` measures them. The two others are fitted by one
command, resumable, and their figures are kept beside the weights in ``ablation.json``.
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ml import weights as stored
from ml.atomic import replaced
from ml.data.fer2013 import LABEL_SET, fer2013_folder, load_faces
from ml.data.folds import fold_hash, speaker_folds
from ml.data.manifest import Utterance, read_manifest, speech_manifest
from ml.data.pairs import PAIRING_SEED, partners
from ml.evaluation.tables import ABLATION
from ml.metrics.classification import headline, report
from ml.results import Progress
from ml.training.ablation.lbph_cnn import CnnOptions, judge_by_lbph_cnn
from ml.training.ablation.mfcc_lstm import LstmOptions, judge_by_mfcc_lstm
from ml.training.checkpoints import default_folder, plain

COMMAND = "python -m ml train ablation"
FOLDS = 5


@dataclass(frozen=True, slots=True)
class AblationOptions:
    """What to train on and how.

    Attributes:
        manifest: of the voices.
        faces: the official ``fer2013.csv``, or the folder with the research sheets.
        checkpoints: folder of checkpoints; other options or other data have their own folder inside.
        weights: folder ``ablation.json`` is written to; its voice card names the folds.
        seed: of everything random.
    """

    manifest: Path = field(default_factory=speech_manifest)
    faces: Path = field(default_factory=fer2013_folder)
    checkpoints: Path = field(default_factory=lambda: default_folder("ablation"))
    weights: Path | None = None
    seed: int = 2022
    voice: LstmOptions = field(default_factory=LstmOptions)
    face: CnnOptions = field(default_factory=CnnOptions)


def train_ablation(options: AblationOptions, tell: Progress) -> dict[str, Any]:
    """Fit both rows, or go on where a run with equal options stopped; measure them and write ``ablation.json``.

    Returns:
        What was written: "mfcc_lstm" (out-of-fold figures of the voices) and "lbph_cnn" (figures on PublicTest; under
        "pairs" those on the label-matched pairs that fusion is measured on), each with configuration, seed and command.

    Raises:
        FileNotFoundError, ValueError: the data are not there or make no sense.
    """
    utterances = read_manifest(options.manifest)
    labels = np.array([int(utterance.emotion) for utterance in utterances])
    corpora, speakers = [u.corpus for u in utterances], [u.speaker for u in utterances]
    fold_of = folds_for(utterances, options)
    folder = options.checkpoints / _run_name(plain(options.voice), options.seed, fold_of)
    voices = judge_by_mfcc_lstm(utterances, fold_of, options.voice, options.seed, folder=folder, tell=tell)
    rows = {
        "mfcc_lstm": {
            **report(voices, labels, corpora, speakers),
            "data": "out-of-fold voices",
            "config": plain(options.voice),
            "folds": fold_hash(fold_of),
        }
    }
    training, test = load_faces(options.faces, "Training"), load_faces(options.faces, "PublicTest")
    folder = options.checkpoints / _run_name(plain(options.face), options.seed, {"faces": len(training)})
    faces = judge_by_lbph_cnn(training, test, options.face, options.seed, folder=folder, tell=tell)
    face_of_voice = partners(labels, test.labels, PAIRING_SEED)
    rows["lbph_cnn"] = {
        **report(faces, test.labels),
        "data": "FER2013 PublicTest",
        "label_set": LABEL_SET,
        "pairs": headline(faces[face_of_voice].argmax(axis=1), labels, speakers, corpora),
        "config": plain(options.face),
    }
    ablation = {"taken": datetime.now(UTC).strftime("%Y-%m-%d"), "seed": options.seed, "command": COMMAND, "rows": rows}
    path = stored.folder(options.weights) / ABLATION
    with replaced(path) as file:
        file.write(json.dumps(ablation, indent=2, sort_keys=True).encode() + b"\n")
    return ablation


def folds_for(utterances: list[Utterance], options: AblationOptions) -> dict[str, int]:
    """The shipped voice's folds where it knows all speakers, so that the rows are compared on equal terms."""
    shipped: dict[str, int] = stored.card(options.weights).get("voice", {}).get("speakers", {})
    all_known = all(utterance.speaker in shipped for utterance in utterances)
    return dict(shipped) if all_known else speaker_folds(utterances, FOLDS, options.seed)


def _run_name(config: dict[str, Any], seed: int, data: dict[str, int]) -> str:
    """A folder name that equal options and data share, and no others."""
    described = json.dumps([config, seed, data], sort_keys=True, default=list)
    return hashlib.sha256(described.encode()).hexdigest()[:12]
