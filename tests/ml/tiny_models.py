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
from ml.voice.contours import ContourNetwork, ContourSizes
from ml.voice.recogniser import Member, VoiceRecogniser
from ml.voice.recogniser import pack as pack_voice
from ml.voice.standardise import Statistics

FACE_ARCHITECTURE = {"hidden": 16, "dropout": 0.5, "width": 0.125}


def write_tiny_models(directory: Path) -> Path:
    """Write both models; returns the folder."""
    torch.manual_seed(11)
    network = FaceVgg16(**FACE_ARCHITECTURE)  # type: ignore[arg-type]
    components = torch.linalg.qr(torch.randn(feature_length(), COMPONENTS))[0].T
    projection = Projection(torch.zeros(feature_length()), components, torch.ones(COMPONENTS))
    card = {"version": "face-tiny", "architecture": FACE_ARCHITECTURE, "input_side": 48}
    weights.write("face", pack_face(network, projection, 1.0), card, directory)
    voice = AttentionLSTM(Architecture(embedding=8, hidden=4, attention=4, steps=2, decoder=6)).eval()
    statistics = Statistics(
        np.full(features.N_FEATURES, -3.0, np.float32), np.full(features.N_FEATURES, 2.0, np.float32), 1.0, 0
    )
    outline = ContourNetwork(ContourSizes(hidden=6, hidden_states=4)).eval()
    members = [Member(voice, outline, 0, 1.0, 1.5, statistics), Member(voice, outline, 1, 2.0, 2.5, statistics)]
    recogniser = VoiceRecogniser(members, {"known": 0}, "voice-tiny")
    weights.write("voice", *pack_voice(recogniser), directory)
    return directory
