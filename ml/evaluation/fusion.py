"""Decision-level fusion against face and voice alone, on the same examples."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ml.config import Config
from ml.errors import RecognitionError
from ml.evaluation.face import default_source, predict_faces
from ml.evaluation.metrics import report
from ml.evaluation.voice import default_manifest, labelled, predict_voices
from ml.fusion import fuse
from ml.recognise import Models, recognise
from ml.training.fer2013 import Tell, load_faces

PAIRED = "label-matched pairs of a FER2013 PublicTest face and an out-of-fold voice; not recordings of one person"
RECORDED = "audio-visual recordings, each judged as a whole"
_NO_USE = frozenset({"no_usable_signal", "no_streams"})


def evaluate_fusion(manifest: Path, weights: Path | None, config: Config, tell: Tell) -> dict[str, Any]:
    """Figures of fusion, voice and face on audio-visual recordings, each judged as one segment.

    The face is the pipeline's own (detection, tracking, weighted mean); the voice is judged as in ``evaluate_voice``,
    on the recording's mix, so that speakers of the training corpora stay out of fold.

    Args:
        manifest: columns path, speaker, emotion7 and, if there, corpus; paths relative to the file.
        config: fusion weights and face settings.

    Returns:
        The figures of ``metrics.report`` for fusion; the same under "voice" and "face" for the recordings each could
        judge; "unjudged" counts recordings that neither could, which enter no figure.
    """
    models = Models.load(weights)
    utterances = labelled(manifest)
    voices = predict_voices(models.voice, utterances, True, tell)
    faces = np.full_like(voices, np.nan)
    for number, utterance in enumerate(utterances):
        faces[number] = face_of(utterance.path, models, config)
        tell("recordings", number + 1, len(utterances))
    labels = np.array([int(utterance.emotion) for utterance in utterances])
    corpora = [utterance.corpus for utterance in utterances]
    return {**compare(faces, voices, labels, corpora, config), "examples": RECORDED}


def evaluate_pairs(weights: Path | None, config: Config, seed: int, tell: Tell) -> dict[str, Any]:
    """Figures on label-matched pairs, for want of an audio-visual corpus: every out-of-fold voice of the speech corpora
    with a face of the same class drawn from FER2013's PublicTest.

    Such pairs are easier than people: face and voice err independently of each other.
    """
    models = Models.load(weights)
    test = load_faces(default_source(), "PublicTest")
    seen = predict_faces(models.face, test, tell)
    utterances = labelled(default_manifest())
    voices = predict_voices(models.voice, utterances, True, tell)
    labels = np.array([int(utterance.emotion) for utterance in utterances])
    draws = np.random.default_rng(seed)
    partners = [int(draws.choice(np.flatnonzero(test.labels == label))) for label in labels]
    figures = compare(seen[partners], voices, labels, [utterance.corpus for utterance in utterances], config)
    return {**figures, "examples": PAIRED, "seed": seed}


def compare(
    faces: np.ndarray, voices: np.ndarray, labels: np.ndarray, corpora: Sequence[str], config: Config
) -> dict[str, Any]:
    """Figures of fusion, of voice and of face.

    Args:
        faces, voices: shape (n, 7); rows of NaN where not judged.
        labels: shape (n,).
        corpora: n names.
    """
    fused = np.array([_fused(face, voice, config) for face, voice in zip(faces, voices, strict=True)])
    names = np.array(corpora, dtype=str)
    figures = {}
    for name, probabilities in (("fusion", fused), ("voice", voices), ("face", faces)):
        judged = ~np.isnan(probabilities[:, 0])
        figures[name] = report(probabilities[judged], labels[judged], names[judged].tolist()) if judged.any() else None
    if figures["fusion"] is None:
        raise RecognitionError("no_usable_signal", "no recording of the manifest can be judged")
    return {
        **figures["fusion"],
        "voice": figures["voice"],
        "face": figures["face"],
        "unjudged": int(np.isnan(fused[:, 0]).sum()),
        "alpha": config.alpha,
        "beta": config.beta,
    }


def face_of(path: Path, models: Models, config: Config) -> np.ndarray:
    """Face probabilities of a whole recording, shape (7,); NaN where no face can be judged."""
    whole = Config(
        voice=False,
        segment_s=config.max_duration_s,
        hop_s=config.max_duration_s,
        sample_fps=config.sample_fps,
        detection_width=config.detection_width,
        min_face_share=0.0,
    )
    try:
        result = recognise(path, models, whole)
    except RecognitionError as error:
        if error.code not in _NO_USE:
            raise
        return np.full(7, np.nan)
    probabilities = result.segments[0].probabilities
    return np.full(7, np.nan) if probabilities is None else probabilities


def _fused(face: np.ndarray, voice: np.ndarray, config: Config) -> np.ndarray:
    known_face = None if np.isnan(face[0]) else face
    known_voice = None if np.isnan(voice[0]) else voice
    probabilities = fuse(known_face, known_voice, config.alpha, config.beta).probabilities
    return np.full(7, np.nan) if probabilities is None else probabilities
