"""A warm start for the voice network: its second LSTM first, everything together afterwards.

With attention uniform and the first LSTM silent, the memory that the second LSTM reads is the mean and the deviation of
the frames, which needs no pass over time. A step of fitting the second LSTM on that costs a seventh of a step of the
whole, and the joint fit then begins where plain functionals leave off instead of at nothing.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ml.emotions import EMOTIONS
from ml.training.voice_data import Prepared, level_shift, speaker_statistics
from ml.voice.attention_lstm import AttentionLSTM
from ml.voice.standardise import Statistics


@dataclass(frozen=True, slots=True)
class WarmStart:
    """How the second LSTM is fitted at first.

    Attributes:
        epochs: passes over the training speakers; 0 leaves the warm start out.
        batch: utterances per step.
        learning_rate, weight_decay: of AdamW.
        label_smoothing: share of the target spread evenly over the classes.
        mixup: parameter of the beta distribution that two memories are mixed by; 0 for none.
        fallback: probability of the training set's statistics in place of the speaker's.
    """

    epochs: int = 160
    batch: int = 128
    learning_rate: float = 6e-3
    weight_decay: float = 2e-2
    label_smoothing: float = 0.1
    mixup: float = 0.4
    fallback: float = 0.1


def rate(step: int, steps: int) -> float:
    """Factor on the learning rate: up over the first tenth of all steps, then down along a half cosine."""
    warm = max(1, steps // 10)
    if step < warm:
        return (step + 1) / warm
    return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, steps - warm)))


def warm_start(
    model: AttentionLSTM,
    prepared: Prepared,
    indices: np.ndarray,
    *,
    fallback: Statistics,
    weights: np.ndarray,
    options: WarmStart,
    draws: np.random.Generator,
) -> None:
    """Fit ``model``'s second LSTM in place.

    Args:
        indices: training utterances; ``weights`` the probability of drawing each.
        fallback: the training set's statistics.
    """
    if options.epochs == 0:
        return
    device = next(model.parameters()).device
    memories = frame_memories(prepared, indices, fallback)
    labels = prepared.labels()[indices]
    _silence_first_lstm(model)
    model.train()
    optimiser = torch.optim.AdamW(
        [*model.decoder.parameters(), *model.classify.parameters()],
        lr=options.learning_rate,
        weight_decay=options.weight_decay,
    )
    steps = options.epochs * math.ceil(len(indices) / options.batch)
    for step in range(steps):
        for group in optimiser.param_groups:
            group["lr"] = options.learning_rate * rate(step, steps)
        chosen = draws.choice(len(indices), options.batch, p=weights)
        version = draws.integers(memories.shape[1], size=options.batch)
        kind = (draws.random(options.batch) < options.fallback).astype(int)
        memory = torch.from_numpy(memories[kind, version, chosen]).to(device)
        targets = nn.functional.one_hot(torch.from_numpy(labels[chosen]), len(EMOTIONS)).float().to(device)
        if options.mixup > 0:
            share = torch.from_numpy(draws.beta(options.mixup, options.mixup, size=(options.batch, 1))).to(memory)
            partner = torch.from_numpy(draws.permutation(options.batch)).to(device)
            memory = share * memory + (1 - share) * memory[partner]
            targets = share * targets + (1 - share) * targets[partner]
        logits = model.classify_memory(_beside_silence(memory, model))
        loss = nn.functional.cross_entropy(logits, targets, label_smoothing=options.label_smoothing)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()


def frame_memories(prepared: Prepared, indices: np.ndarray, fallback: Statistics) -> np.ndarray:
    """Mean and deviation over time of the standardised frames.

    Returns:
        float32, shape (2, versions, len(indices), 2 N_FEATURES); by the speaker's statistics, then by ``fallback``.
    """
    kinds: list[list[list[np.ndarray]]] = [[], []]
    for version in range(len(prepared.versions)):
        statistics = speaker_statistics(prepared, indices, version)
        rows: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
        for i in indices:
            sample = prepared.samples[i][version]
            frames = sample.frames.astype(np.float32)
            mean, deviation = frames.mean(axis=0), frames.std(axis=0)
            own = statistics[prepared.utterances[i].speaker]
            rows[0].append(np.concatenate([own.apply(mean), deviation / own.std]))
            alone = fallback.apply(mean + level_shift(sample.level))
            rows[1].append(np.concatenate([alone, deviation / fallback.std]))
        kinds[0].append(rows[0])
        kinds[1].append(rows[1])
    return np.array(kinds, dtype=np.float32)


def _silence_first_lstm(model: AttentionLSTM) -> None:
    """Let the second LSTM ignore the first one's states, and attention pay all frames the same."""
    inputs = model.architecture.inputs
    learned = model.decoder.weight_ih.shape[1] // 2
    with torch.no_grad():
        model.decoder.weight_ih[:, inputs:learned] = 0
        model.decoder.weight_ih[:, learned + inputs :] = 0
        model.score.weight.zero_()


def _beside_silence(memory: torch.Tensor, model: AttentionLSTM) -> torch.Tensor:
    """A memory of frames, (B, 2 inputs), in the places of the whole memory, (B, 2 F), zero elsewhere."""
    mean, deviation = memory.chunk(2, dim=1)
    silence = memory.new_zeros(len(memory), model.decoder.weight_ih.shape[1] // 2 - mean.shape[1])
    return torch.cat([mean, silence, deviation, silence], dim=1)
