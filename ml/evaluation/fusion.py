"""Decision-level fusion against face and voice alone, on the same examples."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ml.config import Config
from ml.data.fer2013 import fer2013_folder, load_faces
from ml.data.manifest import Utterance, labelled, speech_manifest
from ml.data.pairs import PAIRED, partners
from ml.errors import RecognitionError
from ml.evaluation.face import predict_faces
from ml.evaluation.face_manifest import histories, judged_whole, read_by_histories
from ml.evaluation.voice import predict_voices, read_by_history
from ml.face.pooling import softmax
from ml.fusion import fuse
from ml.metrics.calibration import calibration
from ml.metrics.classification import headline, report
from ml.metrics.intervals import uar_gain_interval
from ml.models import Models
from ml.results import Progress

RECORDED = "audio-visual recordings, each judged as a whole"


def evaluate_fusion(manifest: Path, weights: Path | None, config: Config, tell: Progress) -> dict[str, Any]:
    """Figures of fusion, voice and face on audio-visual recordings, each judged as one segment.

    The face is the pipeline's own (detection, tracking, pooling); the voice is judged as in ``evaluate_voice``,
    on the recording's mix, so that speakers of the training corpora stay out of fold.

    Args:
        manifest: columns path, speaker, emotion7 and, if there, corpus; paths relative to the file.
        config: fusion weights and face settings.

    Returns:
        The figures of ``classification.report`` for fusion; the same under "voice" and "face" for the recordings each
        could judge; "unjudged" counts recordings that neither could, which enter no figure; "own": all of these where
        each person's other recordings are their history, of voice and face alike. Without others, general statistics
        judge.
    """
    models = Models.load(weights)
    utterances = labelled(manifest)
    voices = predict_voices(models.voice, utterances, tell, config.min_speech_share)
    scores = np.full_like(voices.scores, np.nan)
    for number, utterance in enumerate(utterances):
        if (judged := judged_whole(utterance.path, models, config)) is not None:
            scores[number] = judged.scores
        tell("recordings", number + 1, len(utterances))
    return {
        **compare(softmax(scores), voices.general, utterances, config),
        "own": compare(
            read_by_histories(scores, histories(scores, [u.speaker for u in utterances], config.segment_s)),
            read_by_history(models.voice, utterances, voices),
            utterances,
            config,
        ),
        "examples": RECORDED,
    }


def evaluate_pairs(weights: Path | None, config: Config, seed: int, tell: Progress) -> dict[str, Any]:
    """Figures on label-matched pairs (``ml.data.pairs``): every out-of-fold voice of the speech corpora with a
    face of the same class drawn from FER2013's PublicTest."""
    models = Models.load(weights)
    test = load_faces(fer2013_folder(), "PublicTest")
    faces = predict_faces(models.face, test, tell)
    utterances = labelled(speech_manifest())
    voices = predict_voices(models.voice, utterances, tell).general
    return pair_figures(faces, test.labels, voices, utterances, config, seed=seed)


def pair_figures(
    face_probabilities: np.ndarray,
    face_labels: np.ndarray,
    voices: np.ndarray,
    utterances: Sequence[Utterance],
    config: Config,
    *,
    seed: int,
) -> dict[str, Any]:
    """The figures of ``evaluate_pairs`` from the answers on all faces (m, 7) and all voices (n, 7)."""
    labels = np.array([int(utterance.emotion) for utterance in utterances])
    faces = face_probabilities[partners(labels, face_labels, seed)]
    return {**compare(faces, voices, utterances, config), "examples": PAIRED, "seed": seed}


def compare(faces: np.ndarray, voices: np.ndarray, utterances: Sequence[Utterance], config: Config) -> dict[str, Any]:
    """Figures of fusion by the rule that ships, by the paper's sum, by the product, of voice and of face.

    "gain" is what fusion adds to the mean recall of the better one; "calibration" has a row for "face", "voice" and
    "fused" (``ml.metrics.calibration``).

    Args:
        faces, voices: shape (n, 7); rows of NaN where not judged.
        utterances: n, with label, speaker and corpus.
    """
    labels = np.array([int(utterance.emotion) for utterance in utterances])
    speakers = np.array([utterance.speaker for utterance in utterances], dtype=str)
    fused, weighted, product = (
        np.array([_fused(face, voice, rule) for face, voice in zip(faces, voices, strict=True)])
        for rule in (config, replace(config, fusion="weighted"), replace(config, fusion="product"))
    )
    names = np.array([utterance.corpus for utterance in utterances], dtype=str)
    figures = {}
    for name, probabilities in (
        ("fusion", fused),
        ("weighted", weighted),
        ("product", product),
        ("voice", voices),
        ("face", faces),
    ):
        judged = ~np.isnan(probabilities[:, 0])
        parts = (probabilities[judged], labels[judged], names[judged].tolist(), speakers[judged].tolist())
        figures[name] = report(*parts) if judged.any() else None
    if figures["fusion"] is None:
        raise RecognitionError("no_usable_signal", "no recording of the manifest can be judged")
    return {
        **figures["fusion"],
        "weighted": figures["weighted"],
        "product": figures["product"],
        "voice": figures["voice"],
        "face": figures["face"],
        "calibration": {
            name: calibration(each, labels) for name, each in (("face", faces), ("voice", voices), ("fused", fused))
        },
        **_gain(fused, voices, faces, utterances),
        "unjudged": int(np.isnan(fused[:, 0]).sum()),
        "rule": config.fusion,
        "powers": [config.face_power, config.voice_power],
        "alpha": config.alpha,
        "beta": config.beta,
        "temperature": config.fusion_temperature,
    }


def _gain(fused: np.ndarray, voices: np.ndarray, faces: np.ndarray, utterances: Sequence[Utterance]) -> dict[str, Any]:
    """What fusion adds to the accuracy and mean recall of the better modality, where both could judge."""
    both = ~np.isnan(voices[:, 0]) & ~np.isnan(faces[:, 0])
    if not both.any():
        return {"gain": None}
    judged = [utterance for utterance, is_judged in zip(utterances, both, strict=True) if is_judged]
    labels = np.array([int(utterance.emotion) for utterance in judged])
    fused_guesses, *single_guesses = (answers[both].argmax(axis=1) for answers in (fused, voices, faces))
    fused_figures, *single_figures = (headline(guesses, labels) for guesses in (fused_guesses, *single_guesses))
    best = int(np.argmax([figures["uar"] for figures in single_figures]))
    interval = uar_gain_interval(
        single_guesses[best], fused_guesses, labels, [u.speaker for u in judged], [u.corpus for u in judged]
    )
    return {
        "gain": {
            "n": len(labels),
            "accuracy_gain": fused_figures["accuracy"] - max(figures["accuracy"] for figures in single_figures),
            "uar_gain": fused_figures["uar"] - single_figures[best]["uar"],
            "uar_gain_ci95": None if interval is None else list(interval),
        }
    }


def _fused(face: np.ndarray, voice: np.ndarray, config: Config) -> np.ndarray:
    known_face = None if np.isnan(face[0]) else face
    known_voice = None if np.isnan(voice[0]) else voice
    probabilities = fuse(known_face, known_voice, config).probabilities
    return np.full(7, np.nan) if probabilities is None else probabilities
