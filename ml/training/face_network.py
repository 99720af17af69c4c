"""The face network as it is trained: with a second output for the FER+ votes."""

import numpy as np
import torch
from torch import nn

from ml.emotions import EMOTIONS
from ml.face.descriptor import Projection
from ml.face.vgg16 import FaceVgg16, autocast, network_input
from ml.training.face_options import FaceTrainingOptions


class TrainingNetwork(nn.Module):
    """The face network with its second output for the FER+ votes."""

    def __init__(self, options: FaceTrainingOptions) -> None:
        super().__init__()
        self.face = FaceVgg16(hidden=options.hidden, dropout=options.dropout, width=options.width)
        self.votes = nn.Linear(options.hidden, len(EMOTIONS))

    def forward(self, channels: torch.Tensor, vector: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits for the FER2013 label and for the FER+ votes, each of shape (N, 7)."""
        features = self.face.features(channels, vector)
        return self.face.classifier(features), self.votes(features)


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
