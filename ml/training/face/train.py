"""Train the face network on FER2013 (paper section 3.2, "pre-training").

SGD with Nesterov momentum over stages, each with its image side and its learning rate: early epochs may see reduced
channels, which cost half or less, the last ones the full 48x48. The rate stays over a stage or runs straight from one
value to another.
Everything random follows from the seed and the number of the step, so a run that was cut off goes on from its last
checkpoint exactly as if it had not been (on a GPU, whose sums have no fixed order, up to rounding).
"""

import logging
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from ml.data.fer2013 import Faces, load_faces
from ml.data.folds import held_out
from ml.emotions import EMOTIONS
from ml.face.descriptor import Projection, fit_projection
from ml.face.vgg16 import in_channels_last
from ml.results import Progress
from ml.training.cache import cached, digest
from ml.training.checkpoints import load_latest, save_checkpoint, seed_everything, show_config
from ml.training.face.network import TrainingNetwork, face_logits
from ml.training.face.options import FaceTrainingOptions
from ml.training.face.step import FacesAtHand, Gradients
from ml.training.face.teachers import check_split, taught, trained

log = logging.getLogger(__name__)

_PROJECTION_FILE = "projection.safetensors"


@dataclass(slots=True)
class Run:
    """A training run in memory: everything a checkpoint holds, and the device.

    ``best`` is the state after the epoch with the lowest loss on the validation faces so far: ``network``, ``step`` and
    that epoch's row of ``history``.
    """

    options: FaceTrainingOptions
    device: torch.device
    network: TrainingNetwork
    optimiser: torch.optim.Optimizer
    projection: Projection
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    best: dict[str, Any] = field(default_factory=dict)
    saved_at: float = field(default_factory=time.monotonic)

    def save(self) -> None:
        """Write a checkpoint."""
        state = {
            "step": self.step,
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "history": self.history,
            "best": self.best,
        }
        save_checkpoint(self.options.checkpoints, self.step, state, self.options)
        self.saved_at = time.monotonic()

    def epochs_since_best(self) -> int:
        """Finished epochs after the best one."""
        return len(self.history) - int(self.best["epoch"]) if self.best else 0


def split_training(options: FaceTrainingOptions) -> tuple[Faces, Faces]:
    """The Training split as (faces to learn from, faces held out for model choice and calibration)."""
    faces = load_faces(options.source, "Training")
    if options.limit:
        faces = faces.take(np.random.default_rng(options.seed).permutation(len(faces))[: options.limit])
    validation = held_out(faces.groups, options.validation_share, options.seed)
    return faces.take(~validation), faces.take(validation)


def train_face(options: FaceTrainingOptions, progress: Progress | None = None) -> Path:
    """Train, or go on training from the last checkpoint, until the schedule ends or nothing gets better.

    Args:
        options: see ``FaceTrainingOptions``.
        progress: called with the epoch in words, steps done and steps in all.

    Returns:
        The folder of checkpoints; ``export_face`` makes weights of the best epoch.
    """
    if options.threads:
        torch.set_num_threads(options.threads)
    show_config("face network, training", options)
    check_split(options)
    training, validation = split_training(options)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    projection = run_projection(options, training).to(device)
    pool = _balanced(training.labels, options.least_share)
    per_epoch = len(pool) // options.batch
    epochs = options.epochs()
    save_positions = {round(per_epoch * part / options.save_every) for part in range(1, options.save_every + 1)}
    run = start_run(options, device, projection)
    at_hand = FacesAtHand.of(training, taught(options, training, progress), device)
    gradients = Gradients(run.network, at_hand, projection, options)
    order = torch.empty(0)
    while run.step < per_epoch * len(epochs):
        epoch, position = divmod(run.step, per_epoch)
        if position == 0 and run.epochs_since_best() >= options.patience > 0:
            log.info("ended early: no better for %d epochs", run.epochs_since_best())
            break
        if position == 0 or not len(order):
            order = _epoch_order(options, pool, epoch).to(device)
        batch = order[position * options.batch : (position + 1) * options.batch]
        _one_step(run, gradients, batch, epochs[epoch].side, options.rate(run.step / per_epoch))
        if progress is not None and (run.step % 10 == 0 or position + 1 == per_epoch):
            progress(f"epoch {epoch + 1} of {len(epochs)}", run.step, per_epoch * len(epochs))
        if position + 1 == per_epoch:
            _finish_epoch(run, validation, epoch, epochs[epoch].side)
        if position + 1 in save_positions and time.monotonic() - run.saved_at >= options.save_after_s:
            run.save()
    if (checkpoint := load_latest(options.checkpoints)) is None or checkpoint[0] < run.step:
        run.save()
    return options.checkpoints


def start_run(options: FaceTrainingOptions, device: torch.device, projection: Projection) -> Run:
    """A new run, or the one whose checkpoints are found in ``options.checkpoints``."""
    # LBP codes depend on differences of a thousandth of a grey level, which TF32 would round away on a GPU.
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.benchmark = True
    seed_everything(options.seed)
    network = TrainingNetwork(options)
    if options.start:
        network.begin_with(Path(options.start))
    network = in_channels_last(network.to(device))
    decayed = [p for p in network.parameters() if p.ndim > 1]
    undecayed = [p for p in network.parameters() if p.ndim <= 1]
    optimiser = torch.optim.SGD(
        [{"params": decayed, "weight_decay": options.weight_decay}, {"params": undecayed, "weight_decay": 0.0}],
        lr=options.epochs()[0].rate,
        momentum=0.9,
        nesterov=True,
    )
    run = Run(options, device, network, optimiser, projection)
    checkpoint = load_latest(options.checkpoints)
    if checkpoint is not None:
        run.step, state = checkpoint
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        run.history, run.best = list(state["history"]), state["best"]
        log.info("resumed at step %d", run.step)
    return run


def run_projection(options: FaceTrainingOptions, training: Faces) -> Projection:
    """The PCA of the texture vector, fitted once for a run and kept beside its checkpoints; on the CPU.

    A run that begins with a trained network takes the one that network was trained with.
    """
    if options.start:
        return trained(Path(options.start))[1]

    def fit() -> dict[str, torch.Tensor]:
        log.info("fitting the PCA of the texture vector on %d faces", len(training))
        return dict(vars(fit_projection(training.images, seed=options.seed)))

    note = {"faces": digest(training.images), "seed": str(options.seed)}
    return Projection(**cached(options.checkpoints / _PROJECTION_FILE, note, fit))


def best_network(options: FaceTrainingOptions) -> tuple[TrainingNetwork, dict[str, Any], list[dict[str, float]]]:
    """The network of a run's best epoch on the CPU, what ``Run.best`` says of it, and the run's history.

    Raises:
        FileNotFoundError: the run has finished no epoch.
    """
    checkpoint = load_latest(options.checkpoints)
    if checkpoint is None or not checkpoint[1]["best"]:
        raise FileNotFoundError("there is no checkpoint of a finished epoch to export")
    best = checkpoint[1]["best"]
    network = TrainingNetwork(options)
    network.load_state_dict(best["network"])
    return network.eval(), best, checkpoint[1]["history"]


def _balanced(labels: np.ndarray, least_share: float) -> np.ndarray:
    """Positions of the faces of one epoch: each once, those of a class rarer than ``least_share`` several times."""
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    times = np.ones(len(EMOTIONS), dtype=np.int64)
    rare = counts > 0
    times[rare] = np.maximum(1, np.rint(least_share * len(labels) / counts[rare])).astype(np.int64)
    return np.repeat(np.arange(len(labels)), times[labels])


def _epoch_order(options: FaceTrainingOptions, pool: np.ndarray, epoch: int) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng((options.seed, epoch)).permutation(pool))


def _one_step(run: Run, gradients: Gradients, batch: torch.Tensor, side: int, rate: float) -> None:
    torch.manual_seed(run.options.seed * 1_000_003 + run.step)
    for group in run.optimiser.param_groups:
        group["lr"] = rate
    run.network.train()
    loss = gradients.of(batch, side)
    run.optimiser.step()
    run.step += 1
    if run.step % 50 == 0:
        log.info("step %d loss %.4f lr %.5f", run.step, loss.item(), rate)


def _finish_epoch(run: Run, validation: Faces, epoch: int, size: int) -> None:
    logits = face_logits(run.network.face, run.projection, validation.images, size=size, batch=256)
    labels = torch.from_numpy(validation.labels)
    accuracy = (logits.argmax(1) == labels).float().mean().item()
    loss = functional.cross_entropy(logits, labels).item()
    row = {"epoch": epoch + 1, "size": size, "accuracy": accuracy, "loss": loss, "time": time.time()}
    run.history.append(row)
    if not run.best or loss < run.best["loss"]:
        state = {key: value.detach().clone() for key, value in run.network.state_dict().items()}
        run.best = {**row, "step": run.step, "network": state}
    log.info("epoch %d size %d validation accuracy %.4f loss %.4f", epoch + 1, size, accuracy, loss)
