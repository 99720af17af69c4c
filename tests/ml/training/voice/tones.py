"""A small made-up corpus: tones whose pitch and loudness tell the class, and options that learn it fast."""

import numpy as np

from ml.training.voice.fit import FitOptions
from ml.training.voice.network import NetworkOptions
from ml.voice.attention_lstm import Architecture
from ml.voice.framing import SAMPLE_RATE

CLASSES = {"anger": 5, "sad": 1, "neutral": 2}
"""Labels and how fast the tone of that class throbs, per second."""
TINY = FitOptions(
    epochs=4,
    patience=4,
    batch=8,
    learning_rate=5e-3,
    device="cpu",
    architecture=Architecture(embedding=8, hidden=6, attention=4, steps=2, decoder=8, frames_averaged=3),
)
TINY_NETWORK = NetworkOptions(components=6, hidden=8, people=3, per_mood=2, steps=30)


def utterance(label: str, speaker: int, take: int) -> np.ndarray:
    draws = np.random.default_rng([speaker, take, len(label)])
    time = np.arange(int(0.8 * SAMPLE_RATE)) / SAMPLE_RATE
    phase = 2 * np.pi * (100 + 20 * speaker) * time
    voiced = sum(np.sin(k * phase) / k for k in range(1, 12)) * (1.2 + np.sin(2 * np.pi * CLASSES[label] * time))
    return (0.05 * voiced + 0.001 * draws.standard_normal(len(time))).astype(np.float32)
