"""Fitting one voice network on the training speakers of one fold: a loop one can read in one sitting.

Every epoch's random draws follow from (seed, fold, repeat, epoch) alone, so a run resumed from the checkpoint of an
epoch goes on exactly as if it had never stopped.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.special import log_softmax
from torch import nn

from ml.emotions import EMOTIONS
from ml.training.averaging import running_average
from ml.training.checkpoints import load_latest, save_checkpoint
from ml.training.mixup import Mixup
from ml.training.schedule import rate
from ml.training.voice.batches import Augmentation, Batch, evaluation_batches, sampling_weights, training_batches
from ml.training.voice.prepare import Prepared, training_statistics
from ml.voice.attention_lstm import Architecture, AttentionLSTM
from ml.voice.standardise import Statistics


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How one network is fitted.

    Attributes:
        epochs: passes over the training speakers; the learning rate falls along a half cosine over all of them.
        patience: epochs without improvement on the inner validation speakers after which it ends early.
        batch: utterances per step.
        learning_rate, weight_decay: of AdamW; the rate rises linearly over the first tenth.
        label_smoothing: share of the target spread evenly over the classes.
        corpus_power: see ``sampling_weights``.
        average: decay per step of the running average of the weights, which is what is kept.
        device: "auto" takes CUDA where there is one.
        seed: of everything random.
    """

    epochs: int = 25
    patience: int = 10
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    label_smoothing: float = 0.1
    corpus_power: float = 0.5
    average: float = 0.99
    device: str = "auto"
    seed: int = 1
    architecture: Architecture = field(default_factory=Architecture)
    augmentation: Augmentation = field(default_factory=Augmentation)

    def torch_device(self) -> torch.device:
        """The device that ``device`` names."""
        if self.device == "auto":
            return torch.device("cuda" if torch.cuda.is_available() else "cpu")
        return torch.device(self.device)


@dataclass(frozen=True, slots=True)
class Split:
    """Indices of utterances: learned from, watched for early stopping, and (never looked at here) tested on."""

    train: np.ndarray
    inner: np.ndarray
    test: np.ndarray


@dataclass(frozen=True, slots=True)
class Fitted:
    """A network fitted on one fold.

    Attributes:
        model: in evaluation mode, on the CPU.
        statistics: the fallback statistics of its training speakers.
        epoch: the epoch it is from, counted from 1.
        loss: ``inner_loss`` at that epoch.
    """

    model: AttentionLSTM
    statistics: Statistics
    epoch: int
    loss: float


def fit(
    prepared: Prepared,
    split: Split,
    options: FitOptions,
    *,
    stream: tuple[int, ...] = (),
    folder: Path | None = None,
    progress: Callable[[int, float, float], None] | None = None,
) -> Fitted:
    """Fit one network.

    Without inner validation speakers (corpora of very few people) the training loss decides when to stop.

    Args:
        stream: numbers that tell this fit's random draws from others' (fold, repeat).
        folder: where a checkpoint is kept after every epoch, and looked for at the start.
        progress: called after every epoch with (epoch, training loss, inner loss); may raise to stop.
    """
    device = options.torch_device()
    statistics = training_statistics(prepared, split.train)
    weights = sampling_weights(prepared, split.train, options.corpus_power)
    torch.manual_seed(number_of(options.seed, *stream))
    model = AttentionLSTM(options.architecture).to(device)
    optimiser = torch.optim.AdamW(model.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    steps_per_epoch = math.ceil(len(split.train) / options.batch)
    state: dict[str, Any] = {"epoch": 0, "steps": 0, "best": None, "best_epoch": 0, "best_loss": math.inf}

    resumed = load_latest(folder) if folder is not None else None
    averaged = running_average(model, options.average, warm_up=True).eval()
    averaged.update_parameters(model)  # it begins with the network as it was drawn
    if resumed is not None:
        state = resumed[1]
        model.load_state_dict(state.pop("model"))
        averaged.module.load_state_dict(state.pop("averaged"))
        averaged.n_averaged += state["steps"]
        optimiser.load_state_dict(state.pop("optimiser"))

    while state["epoch"] < options.epochs and state["epoch"] - state["best_epoch"] < options.patience:
        epoch = state["epoch"] + 1
        number = number_of(options.seed, *stream, epoch)
        torch.manual_seed(number)
        draws = np.random.default_rng(number)
        model.train()
        losses = []
        batches = training_batches(
            prepared,
            split.train,
            statistics,
            augmentation=options.augmentation,
            weights=weights,
            size=options.batch,
            draws=draws,
        )
        for batch in batches:
            for group in optimiser.param_groups:
                group["lr"] = options.learning_rate * rate(state["steps"], options.epochs * steps_per_epoch)
            losses.append(_step(model, optimiser, batch, options, draws))
            state["steps"] += 1
            averaged.update_parameters(model)
        training_loss = float(np.mean(losses))
        stopping_loss = inner_loss(averaged.module, prepared, split.inner) if len(split.inner) else training_loss
        state["epoch"] = epoch
        if stopping_loss < state["best_loss"]:
            best = {name: value.detach().cpu().clone() for name, value in averaged.module.state_dict().items()}
            state |= {"best": best, "best_epoch": epoch, "best_loss": stopping_loss}
        if folder is not None:
            networks = {
                "model": model.state_dict(),
                "averaged": averaged.module.state_dict(),
                "optimiser": optimiser.state_dict(),
            }
            save_checkpoint(folder, epoch, {**state, **networks}, options, keep=1)
        if progress is not None:
            progress(epoch, training_loss, stopping_loss)

    fitted = AttentionLSTM(options.architecture)
    fitted.load_state_dict(state["best"])
    return Fitted(fitted.eval(), statistics, state["best_epoch"], state["best_loss"])


def logits_of(model: nn.Module, prepared: Prepared, indices: np.ndarray) -> np.ndarray:
    """Logits of utterances as recorded, in the order of ``indices``: float32, shape (len(indices), 7)."""
    device = next(model.parameters()).device
    logits = np.zeros((len(prepared.utterances), len(EMOTIONS)), dtype=np.float32)
    with torch.inference_mode():
        for numbers, batch in evaluation_batches(prepared, indices):
            logits[numbers] = model(batch.frames.to(device), batch.lengths.to(device))[0].float().cpu().numpy()
    return logits[indices]


def inner_loss(model: nn.Module, prepared: Prepared, inner: np.ndarray) -> float:
    """Cross-entropy on the inner validation speakers, every corpus weighing the same.

    It decides when to stop: on so few speakers it is steadier than the recall.
    """
    scores = log_softmax(logits_of(model, prepared, inner).astype(np.float64), axis=1)
    losses = -scores[np.arange(len(inner)), prepared.labels()[inner]]
    corpora = prepared.corpora()[inner]
    return float(np.mean([losses[corpora == corpus].mean() for corpus in np.unique(corpora)]))


def _step(
    model: AttentionLSTM,
    optimiser: torch.optim.Optimizer,
    batch: Batch,
    options: FitOptions,
    draws: np.random.Generator,
) -> float:
    device = options.torch_device()
    frames, lengths, labels = batch.frames.to(device), batch.lengths.to(device), batch.labels.to(device)
    targets = nn.functional.one_hot(labels, len(EMOTIONS)).float()
    mix = None
    if options.augmentation.mixup > 0:
        drawn = draws.beta(options.augmentation.mixup, options.augmentation.mixup, size=len(frames))
        share, partner = torch.from_numpy(drawn).to(frames), torch.from_numpy(draws.permutation(len(frames))).to(device)
        mix = Mixup(share, partner)
        targets = mix(targets)
    optimiser.zero_grad(set_to_none=True)
    logits, _ = model(frames, lengths, mix)
    loss = nn.functional.cross_entropy(logits, targets, label_smoothing=options.label_smoothing)
    loss.backward()
    nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimiser.step()
    return float(loss.detach())


def number_of(*parts: int) -> int:
    """One seed from several numbers."""
    return int(np.random.SeedSequence(parts).generate_state(1)[0])
