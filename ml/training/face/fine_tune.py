"""Transfer to a target video corpus (paper section 3.2, figure 6).

As in the paper the softmax layer is replaced and the fully connected layer adjusted; the convolutions keep what they
learnt from FER2013.
"""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ml.emotions import EMOTIONS
from ml.face.descriptor import Projection
from ml.face.vgg16 import FACE_SIZE, FaceVgg16, network_input
from ml.precision import autocast
from ml.results import Progress
from ml.training.face.augment import augment


@dataclass(frozen=True, slots=True)
class FineTuneOptions:
    """How to adjust the network.

    Attributes:
        epochs: passes over the target faces.
        batch: faces per step; the last incomplete batch of an epoch is left out unless it is the only one.
        lr: learning rate of AdamW.
        weight_decay: likewise.
        label_smoothing: share of the target spread over all classes.
        balance: weigh classes by the inverse of their frequency.
        seed: of order, augmentation, dropout and the new layer.
    """

    epochs: int = 10
    batch: int = 32
    lr: float = 1e-3
    weight_decay: float = 1e-2
    label_smoothing: float = 0.1
    balance: bool = True
    seed: int = 2022


def fine_tune_face(
    network: FaceVgg16,
    projection: Projection,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    side: int = FACE_SIZE,
    options: FineTuneOptions | None = None,
    progress: Progress | None = None,
) -> FaceVgg16:
    """Adjust a trained network to a target corpus.

    Args:
        network: pre-trained; left as it is, on the device where the work is done.
        projection: the PCA it was trained with, on the same device; unchanged.
        images: faces of the corpus, uint8, shape (N, 48, 48), N >= 2.
        labels: class numbers of ``ml.emotions``, shape (N,).
        side: image side in pixels that the network was trained with last.
        options: see ``FineTuneOptions``.
        progress: called with the epoch in words, epochs done and epochs in all.

    Returns:
        A copy with a new softmax layer and an adjusted fully connected layer, in eval mode.
    """
    options = options or FineTuneOptions()
    torch.manual_seed(options.seed)
    tuned = copy.deepcopy(network)
    tuned.classifier = nn.Linear(tuned.classifier.in_features, len(EMOTIONS)).to(tuned.classifier.weight.device)
    tuned.convolutions.requires_grad_(False)
    adjusted = [parameter for parameter in tuned.parameters() if parameter.requires_grad]
    optimiser = torch.optim.AdamW(adjusted, lr=options.lr, weight_decay=options.weight_decay)
    steps = options.epochs * max(1, len(labels) // options.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, options.lr, total_steps=steps)
    device = tuned.classifier.weight.device
    weight = _class_weights(labels).to(device) if options.balance else None
    faces, targets = torch.from_numpy(images).to(device), torch.from_numpy(labels.astype(np.int64)).to(device)
    for epoch in range(options.epochs):
        tuned.train()
        tuned.convolutions.eval()  # the statistics of batch normalisation stay FER2013's
        for index in _batches(len(labels), options.batch):
            channels, vector = network_input(augment(faces[index]), projection, side)
            with autocast(device):
                logits = tuned(channels, vector)
            loss = functional.cross_entropy(
                logits.float(), targets[index], weight, label_smoothing=options.label_smoothing
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        if progress is not None:
            progress(f"epoch {epoch + 1} of {options.epochs}", epoch + 1, options.epochs)
    return tuned.eval().requires_grad_(True)


def _batches(count: int, batch: int) -> list[torch.Tensor]:
    order = torch.randperm(count)
    return [order[start : start + batch] for start in range(0, max(1, count - batch + 1), batch)]


def _class_weights(labels: np.ndarray) -> torch.Tensor:
    """Inverse frequencies, mean 1 over the faces; classes that are absent weigh nothing."""
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    present = counts > 0
    weights = np.zeros(len(EMOTIONS), dtype=np.float32)
    weights[present] = len(labels) / (present.sum() * counts[present])
    return torch.from_numpy(weights)
