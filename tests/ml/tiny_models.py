"""Small real networks with seeded random weights, stored as the shipped ones are: repeatable, and right by chance."""

from pathlib import Path

import numpy as np
import torch

from ml import weights
from ml.face.descriptor import COMPONENTS, Projection, feature_length
from ml.face.recogniser import pack as pack_face
from ml.face.vgg16 import FaceVgg16
from ml.voice import features
from ml.voice.attention_lstm import Architecture, AttentionLSTM
from ml.voice.person import People
from ml.voice.recogniser import Member, VoiceRecogniser
from ml.voice.recogniser import pack as pack_voice
from ml.voice.speech_network import SpeechNetwork
from ml.voice.standardise import Statistics

FACE_ARCHITECTURE = {"hidden": 16, "dropout": 0.5, "width": 0.125}


TINY_ATTENTION = Architecture(embedding=8, hidden=4, attention=4, steps=2, decoder=6)


def tiny_member(fold: int, seed: int) -> Member:
    """One fold's networks, as stored: float16."""
    torch.manual_seed(seed)
    model = AttentionLSTM(TINY_ATTENTION).half().float().eval()
    speech = SpeechNetwork(hidden=4).eval()
    with torch.no_grad():
        speech.hidden.weight.copy_(speech.hidden.weight.half().float())
        for head in (speech.general, speech.scores):
            head.weight.copy_(head.weight.half().float())
    statistics = Statistics(
        np.full(features.N_FEATURES, -3.0, np.float32), np.full(features.N_FEATURES, 2.0, np.float32)
    )
    draws = np.random.default_rng(seed)
    moods = draws.standard_normal((7, 7))
    people = People(np.zeros(7), moods - moods.mean(axis=0), np.ones(7), np.full(7, 0.3), np.full(7, 0.5))
    return Member(model, speech, fold, 1.0 + 0.1 * fold, statistics, people)


def write_tiny_models(directory: Path) -> Path:
    """Write the models, face and voice tiny, the small one that tells speakers apart as shipped; returns the folder."""
    torch.manual_seed(11)
    network = FaceVgg16(**FACE_ARCHITECTURE)  # type: ignore[arg-type]
    components = torch.linalg.qr(torch.randn(feature_length(), COMPONENTS))[0].T
    projection = Projection(torch.zeros(feature_length()), components, torch.ones(COMPONENTS))
    card = {"version": "face-tiny", "architecture": FACE_ARCHITECTURE, "input_side": 48}
    weights.write("face", pack_face(network, projection, 1.0), card, directory)
    recogniser = VoiceRecogniser([tiny_member(0, 11), tiny_member(1, 12)], {"known": 0}, "voice-tiny", None)
    weights.write("voice", *pack_voice(recogniser), directory)
    weights.write("speakers", *weights.read("speakers"), directory)
    return directory
