"""All figures of the model card in one pass: every example is judged once, every table is made of the same answers."""

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ml import weights
from ml.atomic import replaced
from ml.config import Config
from ml.data.fer2013 import fer2013_folder, load_faces
from ml.data.manifest import labelled, speech_manifest
from ml.data.pairs import PAIRING_SEED
from ml.errors import RecognitionError
from ml.evaluation.face import face_figures, predict_faces
from ml.evaluation.face_conditions import face_conditions
from ml.evaluation.fusion import pair_figures
from ml.evaluation.sessions import PER_CORPUS, evaluate_sessions
from ml.evaluation.sound import PER_CORPUS as SOUND_PER_CORPUS
from ml.evaluation.sound import evaluate_sound
from ml.evaluation.voice import figures_of, predict_voices, voice_figures, voice_groups
from ml.evaluation.voice_conditions import interference_in_words, voice_conditions
from ml.models import Models
from ml.results import Progress
from ml.voice.separation import Separator
from ml.voice.separation_model import default_model_folder, verify_model

MEASURED = "evaluation.json"
SPLIT = "PublicTest"


def measure(directory: Path | None, tell: Progress) -> dict[str, Any]:
    """Take every figure on the research data and keep them beside the weights in ``evaluation.json``.

    Returns:
        What was written: "figures" (sessions, sound, face, voice, fusion: as the commands of these names print them;
        attention_lstm: the paper's network alone),
        "groups" (the voice by language and sex), "voice_conditions", "face_conditions", the day, the seconds it took
        by the clock and of processor time, the seed and the hashes of the weights.

    Raises:
        FileNotFoundError: the research data are not there.
        RecognitionError: weights_missing, weights_damaged.
    """
    started = time.monotonic()
    models = Models.load(directory)
    test = load_faces(fer2013_folder(), SPLIT)
    face_probabilities = predict_faces(models.face, test, tell)
    degraded = face_conditions(models.face, test, PAIRING_SEED, tell)
    utterances = labelled(speech_manifest())
    sessions = evaluate_sessions(
        speech_manifest(), directory, Config(face=False), seed=PAIRING_SEED, per_corpus=PER_CORPUS, tell=tell
    )
    sounds = evaluate_sound(
        speech_manifest(), directory, Config(face=False), seed=PAIRING_SEED, per_corpus=SOUND_PER_CORPUS, tell=tell
    )
    voices = predict_voices(models.voice, utterances, tell)
    disturbed = voice_conditions(models.voice, utterances, usable_separator(), PAIRING_SEED, tell)
    card = weights.card(directory)
    measurement = {
        "taken": datetime.now(UTC).strftime("%Y-%m-%d"),
        "seconds": round(time.monotonic() - started),
        "processor_seconds": round(time.process_time()),
        "seed": PAIRING_SEED,
        "weights": {name: card[name]["sha256"] for name in weights.NAMES},
        "figures": {
            "face": face_figures(face_probabilities, test, SPLIT, models.face.version),
            "voice": voice_figures(voices, utterances, models.voice),
            "attention_lstm": figures_of(voices.attended, utterances),
            "fusion": pair_figures(
                face_probabilities, test.labels, voices.general, utterances, Config(), seed=PAIRING_SEED
            ),
            "sessions": sessions,
            "sound": sounds,
        },
        "groups": voice_groups(voices.general, utterances),
        "face_conditions": degraded,
        "voice_conditions": disturbed,
        "interference": interference_in_words(),
    }
    path = weights.folder(directory) / MEASURED
    with replaced(path) as file:
        file.write(json.dumps(measurement, indent=2, sort_keys=True).encode() + b"\n")
    return measurement


def usable_separator() -> Separator | None:
    """The separator, or None where its model has not been fetched: the other figures do not need it."""
    try:
        verify_model(default_model_folder())
    except RecognitionError:
        return None
    return Separator()
