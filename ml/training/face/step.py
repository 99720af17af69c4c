"""What the face network learns from one batch: varied faces, mixed pairs, labels and votes, and their gradients."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch.nn import functional

from ml.data.fer2013 import Faces
from ml.emotions import EMOTIONS
from ml.face.descriptor import Projection
from ml.face.vgg16 import network_input
from ml.precision import autocast
from ml.training.face.augment import augment, spoil
from ml.training.face.network import TrainingNetwork
from ml.training.face.options import FaceTrainingOptions
from ml.training.mixup import Mixup


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
        """Every face mixed with another of the batch, the larger part its own (``ml.training.mixup``)."""
        count, device = len(self.targets), self.targets.device
        partner = torch.randperm(count, device=device)
        both = torch.full((2, count), concentration, device=device)
        own = torch.distributions.Beta(both[0], both[1], validate_args=False).sample()
        mix = Mixup(torch.maximum(own, 1 - own), partner)
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


class Gradients:
    """Losses of batches; each leaves its gradients in the network's parameters.

    On a CUDA device the work is recorded once for each image side and then repeated as a whole: launched one by one,
    its many small kernels leave the device waiting for Python most of the time. Mixed pairs are computed anew each
    time, for the draws that pair them have never been recorded on one.

    Args:
        network: of the run; it must stay on its device, and in training mode while it is asked.
        faces, projection: on the same device.
        options: of the run.
    """

    def __init__(
        self, network: TrainingNetwork, faces: FacesAtHand, projection: Projection, options: FaceTrainingOptions
    ) -> None:
        self._network, self._faces, self._projection, self._options = network, faces, projection, options
        self._recorded: _Recorded | None = None

    def of(self, chosen: torch.Tensor, side: int) -> torch.Tensor:
        """The loss, a scalar, of faces ``chosen`` (positions, shape (N,)) at ``side`` pixels.

        Draws from torch's global generator, on a device from the device's own.
        """
        if chosen.device.type != "cuda" or self._options.mixup:
            return self._compute(chosen, side)
        if self._recorded is None or (self._recorded.side, len(self._recorded.chosen)) != (side, len(chosen)):
            self._recorded = self._record(chosen, side)
        self._recorded.chosen.copy_(chosen)
        self._recorded.graph.replay()
        for parameter, gradient in zip(self._network.parameters(), self._recorded.gradients, strict=True):
            parameter.grad = gradient
        return self._recorded.loss

    def _compute(self, chosen: torch.Tensor, side: int) -> torch.Tensor:
        self._network.zero_grad(set_to_none=True)
        loss = lesson_loss(
            self._network, lesson(self._faces, chosen, self._projection, self._options, side), self._options
        )
        loss.backward()
        return loss.detach()

    def _record(self, chosen: torch.Tensor, side: int) -> "_Recorded":
        """Compute a few times, so that every kernel has been chosen, then record; statistics stay as they were."""
        buffers = [(buffer, buffer.clone()) for buffer in self._network.buffers()]
        random_state = torch.cuda.get_rng_state()
        positions, graph, beside = chosen.clone(), torch.cuda.CUDAGraph(), torch.cuda.Stream()
        beside.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(beside):
            for _ in range(3):
                self._compute(positions, side)
        torch.cuda.current_stream().wait_stream(beside)
        self._network.zero_grad(set_to_none=True)
        with torch.cuda.graph(graph):
            loss = self._compute(positions, side)
        for buffer, before in buffers:
            buffer.copy_(before)
        torch.cuda.set_rng_state(random_state)
        return _Recorded(side, positions, graph, loss, [parameter.grad for parameter in self._network.parameters()])


@dataclass(frozen=True, slots=True)
class _Recorded:
    """A recorded computation: the graph, what it reads, and what it writes (gradients in the parameters' order)."""

    side: int
    chosen: torch.Tensor
    graph: torch.cuda.CUDAGraph
    loss: torch.Tensor
    gradients: list[torch.Tensor | None]
