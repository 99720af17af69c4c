"""What the face network learns from one batch: varied faces, mixed pairs, labels and votes."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch.nn import functional

from ml.emotions import EMOTIONS
from ml.face.descriptor import Projection
from ml.face.vgg16 import autocast, network_input
from ml.training.face_augment import augment, spoil
from ml.training.face_network import TrainingNetwork
from ml.training.face_options import FaceTrainingOptions
from ml.training.fer2013 import Faces


@dataclass(frozen=True, slots=True)
class FacesAtHand:
    """Faces to learn from on the training device, so that a step copies nothing to it.

    Attributes:
        images: uint8, shape (N, 48, 48).
        labels: class numbers, int64, shape (N,).
        votes: as in ``Faces``, float32, shape (N, 7).
        taught: the teachers' answers, float32, shape (N, 7); None without teachers.
    """

    images: torch.Tensor
    labels: torch.Tensor
    votes: torch.Tensor
    taught: torch.Tensor | None

    @classmethod
    def of(cls, faces: Faces, taught: np.ndarray | None, device: torch.device) -> Self:
        """Copy them there."""
        images, labels, votes = (
            torch.from_numpy(part).to(device) for part in (faces.images, faces.labels, faces.votes)
        )
        return cls(images, labels, votes, None if taught is None else torch.from_numpy(taught).to(device))


@dataclass(frozen=True, slots=True)
class Lesson:
    """One batch: the network's input and what it should answer.

    Attributes:
        channels, vector: as ``network_input`` makes them.
        targets: shares of the classes by FER2013's label, smoothed, and by the teachers together, shape (N, 7).
        votes: shares of the classes by FER+, shape (N, 7); rows of zeros count nothing.
    """

    channels: torch.Tensor
    vector: torch.Tensor
    targets: torch.Tensor
    votes: torch.Tensor

    def mixed(self, concentration: float) -> Self:
        """Every face mixed with another of the batch, the larger part its own (Zhang et al. 2018, their eq. 1)."""
        count, device = len(self.targets), self.targets.device
        partner = torch.randperm(count, device=device)
        both = torch.full((2, count), concentration, device=device)
        own = torch.distributions.Beta(both[0], both[1], validate_args=False).sample()
        own = torch.maximum(own, 1 - own)

        def mix(part: torch.Tensor) -> torch.Tensor:
            share = own.view(count, *(1,) * (part.ndim - 1))
            return torch.lerp(part[partner], part, share)

        channels = mix(self.channels).contiguous(memory_format=torch.channels_last)
        return type(self)(channels, mix(self.vector), mix(self.targets), mix(self.votes))


def lesson(
    faces: FacesAtHand, chosen: torch.Tensor, projection: Projection, options: FaceTrainingOptions, side: int
) -> Lesson:
    """Faces ``chosen`` (positions, shape (N,)) as a batch of ``side`` pixels. Draws from torch's global generator."""
    grey = augment(faces.images[chosen], options.augmentation)
    if options.spoiled:
        grey = spoil(grey, options.spoiled)
    channels, vector = network_input(grey, projection, side)
    targets = functional.one_hot(faces.labels[chosen], len(EMOTIONS)).float()
    targets = torch.lerp(targets, torch.full_like(targets, 1 / len(EMOTIONS)), options.label_smoothing)
    if faces.taught is not None:
        targets = torch.lerp(targets, faces.taught[chosen], options.teachers_weight)
    batch = Lesson(channels, vector, targets, faces.votes[chosen])
    return batch.mixed(options.mixup) if options.mixup else batch


def lesson_loss(network: TrainingNetwork, batch: Lesson, options: FaceTrainingOptions) -> torch.Tensor:
    """Cross entropies against label and votes, weighted as the options say; a scalar."""
    with autocast(batch.channels.device):
        logits, vote_logits = network(batch.channels, batch.vector)
    loss = functional.cross_entropy(logits.float(), batch.targets)
    return loss + options.votes_weight * functional.cross_entropy(vote_logits.float(), batch.votes)
