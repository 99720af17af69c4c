"""Train the face network on FER2013 (paper section 3.2, "pre-training").

SGD with Nesterov momentum over stages, each with its image side and its learning rate: early epochs may see reduced
channels, which cost half or less, the last ones the full 48x48. The rate stays over a stage or runs straight from one
value to another. The state before it first falls is kept each time, so a run that stays there longer can start from it
and is the run it would have been from the beginning.
Everything random follows from the seed and the number of the step, so a run that was cut off goes on from its last
checkpoint exactly as if it had not been.
"""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from ml.emotions import EMOTIONS
from ml.face.descriptor import Projection, fit_projection
from ml.face.vgg16 import FaceVgg16, network_input
from ml.training.checkpoints import default_folder, load_latest, save_checkpoint, seed_everything, show_config
from ml.training.face_augment import augment
from ml.training.fer2013 import Faces, data_folder, held_out, load_faces

log = logging.getLogger(__name__)

_STAGE = re.compile(r"(\d+)x(\d+)@(\d*\.?\d+)(?:-(\d*\.?\d+))?")

TrainingProgress = Callable[[str, float, float], None]
"""``progress(what, completed, total)``, called every few steps."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Epochs with faces of one size; the learning rate runs in a straight line from ``rate`` to ``last_rate``."""

    side: int
    epochs: int
    rate: float
    last_rate: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "48x15@0.02-0" (side, epochs, rate, last rate) or "32x12@0.05", whose rate stays.

        Raises:
            ValueError: it says something else.
        """
        found = _STAGE.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"a stage is written SIDExEPOCHS@RATE or SIDExEPOCHS@RATE-RATE, not {text!r}")
        side, epochs, rate, last_rate = found.groups()
        return cls(int(side), int(epochs), float(rate), float(last_rate or rate))


@dataclass(frozen=True, slots=True)
class FaceTrainingOptions:
    """What to train on and how.

    Attributes:
        source: the official ``fer2013.csv``, or the folder with the research sheets.
        checkpoints: folder of this run's checkpoints; a run found there is resumed.
        stages: see ``Stage.parse``; separated by commas.
        batch: faces per step.
        warmup_epochs: epochs over which the rate rises to the first stage's.
        least_share: faces of a class rarer than this are shown as often as brings it there (disgust is 1.5 % of the
            Training split); 0 shows every face once an epoch.
        weight_decay: of convolution and linear weights; biases and batch normalisation have none.
        label_smoothing: share of the target spread over all classes.
        votes_weight: weight of a second output that learns the FER+ votes; its labels are cleaner than FER2013's and
            shape the common layers. It is left out of the exported network. Without votes it has no effect.
        dropout, hidden, width: of ``FaceVgg16``.
        validation_share: share of the Training split held out for model choice and calibration.
        seed: of the split, the PCA, the initial weights and every step.
        save_every: checkpoints per epoch.
        threads: CPU threads; 0 leaves torch's choice.
        limit: train on that many faces at most; 0 for all.
        patience: epochs without a lower loss on the validation faces after which the run ends early; 0 for never. The
            beginning of a cycle is always worse than the end of the one before, so it must be longer than the climb.
    """

    source: Path = field(default_factory=lambda: data_folder() / "fer2013")
    checkpoints: Path = field(default_factory=lambda: default_folder("face"))
    stages: str = "32x12@0.05,40x8@0.05-0.0136364,48x3@0.0136364-0,40x4@0.02-0.015,48x12@0.015-0,48x24@0.025-0"
    batch: int = 64
    warmup_epochs: float = 1.0
    least_share: float = 0.03
    weight_decay: float = 5e-4
    label_smoothing: float = 0.1
    votes_weight: float = 0.5
    dropout: float = 0.5
    hidden: int = 512
    width: float = 1.0
    validation_share: float = 0.05
    seed: int = 2022
    save_every: int = 2
    threads: int = 0
    limit: int = 0
    patience: int = 20

    def epochs(self) -> list[Stage]:
        """The stage of every epoch, each with the rates of that epoch."""
        found: list[Stage] = []
        for stage in map(Stage.parse, self.stages.split(",")):
            rates = np.linspace(stage.rate, stage.last_rate, stage.epochs + 1).tolist()
            found += [Stage(stage.side, 1, first, last) for first, last in pairwise(rates)]
        return found


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


@dataclass(slots=True)
class Run:
    """A training run in memory: everything a checkpoint holds, and the device."""

    options: FaceTrainingOptions
    device: torch.device
    network: TrainingNetwork
    optimiser: torch.optim.Optimizer
    projection: Projection
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)

    def state(self) -> dict[str, Any]:
        """What goes into a checkpoint."""
        return {
            "step": self.step,
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "projection": {
                "mean": self.projection.mean.cpu(),
                "components": self.projection.components.cpu(),
                "scale": self.projection.scale.cpu(),
            },
            "history": self.history,
        }


def split_training(options: FaceTrainingOptions) -> tuple[Faces, Faces]:
    """The Training split as (faces to learn from, faces held out for model choice and calibration)."""
    faces = load_faces(options.source, "Training")
    if options.limit:
        faces = faces.take(np.random.default_rng(options.seed).permutation(len(faces))[: options.limit])
    validation = held_out(faces.groups, options.validation_share, options.seed)
    return faces.take(~validation), faces.take(validation)


def train_face(options: FaceTrainingOptions, progress: TrainingProgress | None = None) -> Path:
    """Train, or go on training from the last checkpoint, until the schedule ends or nothing gets better.

    The epoch with the lowest loss on the validation faces so far is kept besides (``best_folder``).

    Args:
        options: see ``FaceTrainingOptions``.
        progress: called with the epoch in words, steps done and steps in all.

    Returns:
        The folder of checkpoints; ``export_face`` makes weights of the best epoch.
    """
    if options.threads:
        torch.set_num_threads(options.threads)
    show_config("face network, training", options)
    training, validation = split_training(options)
    shown = _balanced(training.labels, options.least_share)
    epochs = options.epochs()
    per_epoch = len(shown) // options.batch
    run = start_run(options, training)
    save_at = {round(per_epoch * part / options.save_every) for part in range(1, options.save_every + 1)}
    while run.step < per_epoch * len(epochs):
        epoch, position = divmod(run.step, per_epoch)
        if position == 0 and (waited := _epochs_since_best(run.history)) >= options.patience > 0:
            log.info("ended early: no better for %d epochs", waited)
            break
        if position == 0 and _starts_to_fall(epochs, epoch):
            save_checkpoint(options.checkpoints / "plateau", run.step, run.state(), options, keep=1)
        rate = _rate(options, epochs, run.step / per_epoch)
        chosen = _epoch_order(options, shown, epoch)[position * options.batch : (position + 1) * options.batch]
        _one_step(run, training.take(chosen), epochs[epoch].side, rate)
        if progress is not None and (run.step % 10 == 0 or position + 1 == per_epoch):
            progress(f"epoch {epoch + 1} of {len(epochs)}", run.step, per_epoch * len(epochs))
        if position + 1 == per_epoch:
            _finish_epoch(run, validation, epoch, epochs[epoch].side)
            if _epochs_since_best(run.history) == 0:
                save_checkpoint(best_folder(options), run.step, run.state(), options, keep=1)
        if position + 1 in save_at:
            save_checkpoint(options.checkpoints, run.step, run.state(), options)
    return options.checkpoints


def best_folder(options: FaceTrainingOptions) -> Path:
    """Where a run keeps the state after its best epoch."""
    return options.checkpoints / "best"


def start_run(options: FaceTrainingOptions, training: Faces) -> Run:
    """A new run, or the one whose checkpoints are found in ``options.checkpoints``."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    seed_everything(options.seed)
    network = TrainingNetwork(options).to(device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    decayed = [p for p in network.parameters() if p.ndim > 1]
    others = [p for p in network.parameters() if p.ndim <= 1]
    optimiser = torch.optim.SGD(
        [{"params": decayed, "weight_decay": options.weight_decay}, {"params": others, "weight_decay": 0.0}],
        lr=options.epochs()[0].rate,
        momentum=0.9,
        nesterov=True,
    )
    found = load_latest(options.checkpoints)
    if found is None:
        log.info("fitting the PCA of the texture vector on %d faces", len(training))
        projection = fit_projection(training.images, seed=options.seed)
        return Run(options, device, network, optimiser, projection.to(device))
    step, state = found
    network.load_state_dict(state["network"])
    optimiser.load_state_dict(state["optimiser"])
    log.info("resumed at step %d", step)
    projection = Projection(**state["projection"]).to(device)
    return Run(options, device, network, optimiser, projection, step, list(state["history"]))


def _epochs_since_best(history: list[dict[str, float]]) -> int:
    losses = [row["loss"] for row in history]
    return len(losses) - 1 - int(np.argmin(losses)) if losses else 0


def _starts_to_fall(epochs: list[Stage], epoch: int) -> bool:
    def falls(number: int) -> bool:
        return epochs[number].last_rate < epochs[number].rate

    return falls(epoch) and (epoch == 0 or not falls(epoch - 1))


def _rate(options: FaceTrainingOptions, epochs: list[Stage], epochs_done: float) -> float:
    """The learning rate after so many epochs; it follows from nothing else, so resuming needs no schedule's state."""
    epoch = epochs[int(epochs_done)]
    straight = epoch.rate + (epoch.last_rate - epoch.rate) * (epochs_done % 1)
    rising = (epochs_done + 0.01) / options.warmup_epochs if options.warmup_epochs else 1.0
    return straight * min(1.0, rising)


def _balanced(labels: np.ndarray, least_share: float) -> np.ndarray:
    """Positions of the faces of one epoch: each once, those of a class rarer than ``least_share`` several times."""
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    times = np.ones(len(EMOTIONS), dtype=np.int64)
    rare = counts > 0
    times[rare] = np.maximum(1, np.rint(least_share * len(labels) / counts[rare])).astype(np.int64)
    return np.repeat(np.arange(len(labels)), times[labels])


def _epoch_order(options: FaceTrainingOptions, shown: np.ndarray, epoch: int) -> np.ndarray:
    return np.random.default_rng((options.seed, epoch)).permutation(shown)


def _one_step(run: Run, chosen: Faces, side: int, rate: float) -> None:
    torch.manual_seed(run.options.seed * 1_000_003 + run.step)
    for group in run.optimiser.param_groups:
        group["lr"] = rate
    labels = torch.from_numpy(chosen.labels).to(run.device)
    votes = torch.from_numpy(chosen.votes).to(run.device)
    grey = augment(torch.from_numpy(chosen.images).to(run.device))
    channels, vector = network_input(grey, run.projection, side)
    run.network.train()
    with torch.autocast(run.device.type, torch.bfloat16):
        logits, vote_logits = run.network(channels, vector)
    loss = functional.cross_entropy(logits.float(), labels, label_smoothing=run.options.label_smoothing)
    loss = loss + run.options.votes_weight * _vote_loss(vote_logits.float(), votes)
    run.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    run.optimiser.step()
    run.step += 1
    if run.step % 50 == 0:
        log.info("step %d loss %.4f lr %.5f", run.step, loss.item(), rate)


def _vote_loss(logits: torch.Tensor, votes: torch.Tensor) -> torch.Tensor:
    """Cross entropy against the annotators' shares; faces without votes count nothing."""
    return -(votes * functional.log_softmax(logits, dim=1)).sum() / len(votes)


def _finish_epoch(run: Run, validation: Faces, epoch: int, size: int) -> None:
    logits = face_logits(run.network.face, run.projection, validation.images, size=size)
    labels = torch.from_numpy(validation.labels)
    accuracy = (logits.argmax(1) == labels).float().mean().item()
    loss = functional.cross_entropy(logits, labels).item()
    run.history.append({"epoch": epoch + 1, "size": size, "accuracy": accuracy, "loss": loss, "time": time.time()})
    log.info("epoch %d size %d validation accuracy %.4f loss %.4f", epoch + 1, size, accuracy, loss)


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
            with torch.autocast(device.type, torch.bfloat16):
                outputs.append(network(channels, vector).float().cpu())
    return torch.cat(outputs) if outputs else torch.zeros(0, len(EMOTIONS))
