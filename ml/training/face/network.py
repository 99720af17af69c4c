"""The face network as it is trained: with a second output for the FER+ votes."""

from pathlib import Path
from typing import Self

import numpy as np
import torch
from torch import nn

from ml.emotions import EMOTIONS
from ml.face.descriptor import Projection
from ml.face.vgg16 import FaceVgg16, network_input
from ml.precision import autocast
from ml.training.face.options import FaceTrainingOptions
from ml.training.face.teachers import trained


class TrainingNetwork(nn.Module):
    """The face network with its second output for the FER+ votes."""

    def __init__(self, options: FaceTrainingOptions) -> None:
        super().__init__()
        self.face = FaceVgg16(hidden=options.hidden, dropout=options.dropout, width=options.width)
        self.votes = nn.Linear(options.hidden, len(EMOTIONS))
        self._fixed = _first_stages(self.face, options.fixed_stages)
        for parameter in (p for layer in self._fixed for p in layer.parameters()):
            parameter.requires_grad_(False)

    def begin_with(self, folder: Path) -> None:
        """Take over the trained face network in a folder of weights; the second output stays new.

        Raises:
            RecognitionError: weights_missing, weights_damaged.
            ValueError: it has other sizes.
        """
        try:
            self.face.load_state_dict(trained(folder)[0].state_dict())
        except RuntimeError as error:
            raise ValueError("the network to begin with has another width or number of hidden units") from error

    def train(self, mode: bool = True) -> Self:
        """As for any module, but stages that are fixed keep their statistics of batch normalisation too."""
        super().train(mode)
        for layer in self._fixed:
            layer.eval()
        return self

    def forward(self, channels: torch.Tensor, vector: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits for the FER2013 label and for the FER+ votes, each of shape (N, 7)."""
        features = self.face.features(channels, vector)
        return self.face.classifier(features), self.votes(features)


def _first_stages(face: FaceVgg16, count: int) -> list[nn.Module]:
    """Layers of the first ``count`` stages of convolutions, pooling included."""
    layers = list(face.convolutions)
    ends = [at + 1 for at, layer in enumerate(layers) if isinstance(layer, nn.MaxPool2d | nn.AdaptiveAvgPool2d)]
    if not 0 <= count <= len(ends):
        raise ValueError(f"the network has {len(ends)} stages, so fixed_stages cannot be {count}")
    return layers[: ends[count - 1]] if count else []


def face_logits(
    network: FaceVgg16, projection: Projection, images: np.ndarray, size: int = 48, batch: int = 64
) -> torch.Tensor:
    """Logits of uint8 faces (N, 48, 48): shape (N, 7), float32, on the CPU. Leaves the network in eval mode."""
    device = next(network.parameters()).device
    network.eval()
    outputs = []
    with torch.inference_mode():
        for start in range(0, len(images), batch):
            grey = torch.from_numpy(images[start : start + batch]).to(device)
            channels, vector = network_input(grey, projection, size)
            with autocast(device):
                outputs.append(network(channels, vector).float())
    return torch.cat(outputs).cpu() if outputs else torch.zeros(0, len(EMOTIONS))
