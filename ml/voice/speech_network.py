"""The network that judges a segment's voice by ``ml.voice.segment_features``: one hidden layer and two answers."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ml.emotions import EMOTIONS
from ml.voice.segment_features import N_SEGMENT_FEATURES

HIDDEN = 224
LIMIT = 8.0
"""Standardised features are bounded by this, so that one odd stretch of speech does not drown the rest."""


class Answers(NamedTuple):
    """What the network says of segments.

    Attributes:
        general: logits for anybody, shape (B, 7).
        scores: see ``ml.voice.person``, shape (B, 7).
    """

    general: Tensor
    scores: Tensor


class SpeechNetwork(nn.Module):
    """As it ships: what training adds (projection, batch norm, dropout) is folded into the hidden layer.

    Attributes:
        mean, std: of the features over the training speakers' segments, shape (inputs,) (paper eq. 3-4).
    """

    mean: Tensor
    std: Tensor

    def __init__(self, hidden: int = HIDDEN, inputs: int = N_SEGMENT_FEATURES) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("std", torch.ones(inputs))
        self.hidden = nn.Linear(inputs, hidden)
        self.general = nn.Linear(hidden, len(EMOTIONS))
        self.scores = nn.Linear(hidden, len(EMOTIONS))

    def forward(self, features: Tensor) -> Answers:
        """Answers on segment features of shape (B, inputs); NaN counts as the mean."""
        hidden = torch.relu(self.hidden(standardised(features, self.mean, self.std)))
        return Answers(self.general(hidden), self.scores(hidden))


def standardised(features: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """(features - mean) / std within ``LIMIT``; 0 in place of NaN."""
    return ((features - mean) / std).nan_to_num(0.0).clamp(-LIMIT, LIMIT)
