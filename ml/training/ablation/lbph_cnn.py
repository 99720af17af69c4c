"""The paper's first face row (Table 1): LBP histograms and a small CNN, trained small.

What it leaves out against the shipped face: block weights, the multi-scale partition and neighbourhoods, PCA, the grey
picture, VGG-16, FER+ votes. The network reads the LBP-coded face at one scale, and the plain histograms of its 64 equal
blocks join at the fully connected layer.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ml.data.fer2013 import Faces
from ml.data.folds import held_out
from ml.emotions import EMOTIONS
from ml.face.lbp import lbp_codes
from ml.face.vgg16 import in_channels_last
from ml.precision import autocast
from ml.results import Progress
from ml.training.checkpoints import load_latest, save_checkpoint
from ml.training.schedule import half_cosine

POINTS, RADIUS = 8, 1
"""The only neighbourhood."""
BLOCK = 6
"""Side of a block in pixels: 8x8 blocks."""
CODES = POINTS + 2


@dataclass(frozen=True, slots=True)
class CnnOptions:
    """How the network is fitted: AdamW, its learning rate falling along half a cosine.

    The epoch with the best accuracy on the faces held out of the Training split is kept.
    """

    channels: tuple[int, ...] = (16, 32, 64)
    hidden: int = 128
    dropout: float = 0.4
    epochs: int = 14
    batch: int = 64
    learning_rate: float = 1e-3
    weight_decay: float = 1e-2
    validation_share: float = 0.05


class LbphCnn(nn.Module):
    """Three convolutions over the LBP-coded face; block histograms join at the fully connected layer."""

    def __init__(self, options: CnnOptions) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inputs = 1
        for outputs in options.channels:
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()]
            layers.append(nn.MaxPool2d(2))
            inputs = outputs
        self.convolutions = nn.Sequential(*layers, nn.Flatten())
        pictures = inputs * (48 // 2 ** len(options.channels)) ** 2
        self.connected = nn.Sequential(
            nn.Dropout(options.dropout), nn.Linear(pictures + CODES * (48 // BLOCK) ** 2, options.hidden), nn.ReLU()
        )
        self.classifier = nn.Sequential(nn.Dropout(options.dropout), nn.Linear(options.hidden, len(EMOTIONS)))

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """Logits, shape (N, 7), of LBP codes 0-9, uint8, shape (N, 48, 48)."""
        picture = self.convolutions(codes[:, None].float() * (2 / (CODES - 1)) - 1)
        return self.classifier(self.connected(torch.cat([picture, block_histograms(codes)], dim=1)))


def block_histograms(codes: torch.Tensor) -> torch.Tensor:
    """Square roots of the frequencies of the ten codes in each of the 8x8 blocks, all weighing the same: (N, 640)."""
    present = functional.one_hot(codes.long(), CODES).movedim(-1, 1).float()
    return functional.avg_pool2d(present, BLOCK).sqrt().flatten(1)


def judge_by_lbph_cnn(
    training: Faces, test: Faces, options: CnnOptions, seed: int, *, folder: Path, tell: Progress
) -> np.ndarray:
    """Probabilities of the test faces, shape (n, 7), by a network fitted on the training faces.

    Args:
        folder: of the checkpoints, one per epoch; a run found there goes on.
    """
    network = fit(training, options, seed, folder, tell)
    return torch.softmax(_logits(network, coded(test.images)), dim=1).numpy()


def fit(faces: Faces, options: CnnOptions, seed: int, folder: Path, tell: Progress) -> LbphCnn:
    """Fit the network; every epoch's draws follow from (seed, epoch), so a resumed run is the run uninterrupted."""
    aside = held_out(faces.groups, options.validation_share, seed)
    training_codes, validation_codes = coded(faces.images[~aside]), coded(faces.images[aside])
    labels, truth = torch.from_numpy(faces.labels[~aside]), torch.from_numpy(faces.labels[aside])
    torch.manual_seed(seed)
    network = in_channels_last(LbphCnn(options))
    optimiser = torch.optim.AdamW(network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    epochs_done, best, best_share = 0, network.state_dict(), -1.0
    if (checkpoint := load_latest(folder)) is not None:
        epochs_done, state = checkpoint
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        best, best_share = state["best"], state["best_share"]
    for epoch in range(epochs_done, options.epochs):
        _epoch(network, optimiser, training_codes, labels, (options, seed, epoch))
        share = float((_logits(network, validation_codes).argmax(1) == truth).float().mean())
        if share > best_share:
            best = {name: value.clone() for name, value in network.state_dict().items()}
            best_share = share
        state = {"network": network.state_dict(), "optimiser": optimiser.state_dict()}
        save_checkpoint(folder, epoch + 1, {**state, "best": best, "best_share": best_share}, options, keep=1)
        tell("LBP histograms + CNN", epoch + 1, options.epochs)
    network.load_state_dict(best)
    return network


def coded(images: np.ndarray, batch: int = 1024) -> torch.Tensor:
    """LBP codes of uint8 faces (N, 48, 48): uint8, same shape."""
    parts = (torch.from_numpy(images[at : at + batch]) for at in range(0, len(images), batch))
    return torch.cat([lbp_codes(part, POINTS, RADIUS) for part in parts])


def _epoch(
    network: LbphCnn,
    optimiser: torch.optim.Optimizer,
    codes: torch.Tensor,
    labels: torch.Tensor,
    run_and_epoch: tuple[CnnOptions, int, int],
) -> None:
    """One pass over the faces, each mirrored with probability 1/2: codes keep their value, only their place changes."""
    options, seed, epoch = run_and_epoch
    torch.manual_seed(seed * 1000 + epoch)
    network.train()
    order = torch.randperm(len(labels))
    steps = math.ceil(len(order) / options.batch)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = options.learning_rate * half_cosine((epoch + step / steps) / options.epochs)
        batch = order[step * options.batch : (step + 1) * options.batch]
        pictures = codes[batch]
        mirrored = torch.rand(len(batch)) < 0.5
        pictures[mirrored] = pictures[mirrored].flip(-1)
        with autocast(torch.device("cpu")):
            logits = network(pictures)
        loss = functional.cross_entropy(logits.float(), labels[batch])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def _logits(network: LbphCnn, codes: torch.Tensor) -> torch.Tensor:
    network.eval()
    with torch.inference_mode():
        return torch.cat([network(codes[at : at + 512]) for at in range(0, len(codes), 512)])
