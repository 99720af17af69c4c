"""Fitting one contour network on the training speakers of one fold. No pass over time: seconds, not minutes."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from ml.emotions import EMOTIONS
from ml.training.voice_data import CLEAN, Prepared, level_shift, rate, sampling_weights, speaker_statistics
from ml.voice import prosody
from ml.voice.contours import (
    KEPT,
    ContourNetwork,
    ContourSizes,
    contours_of,
    scale_of,
    standardise,
    standardise_moments,
)
from ml.voice.standardise import Statistics


@dataclass(frozen=True, slots=True)
class ContourOptions:
    """How a contour network is fitted.

    Attributes:
        epochs: passes over the training speakers.
        batch: utterances per step.
        learning_rate, weight_decay: of AdamW; the rate rises over the first tenth and falls along a half cosine.
        label_smoothing: share of the target spread evenly over the classes.
        mixup: parameter of the beta distribution that two utterances' contours are mixed by; 0 for none.
        fallback: probability of the training set's statistics in place of the speaker's.
        corpus_power: see ``sampling_weights``.
    """

    epochs: int = 60
    batch: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 5e-2
    label_smoothing: float = 0.1
    mixup: float = 0.4
    fallback: float = 0.1
    corpus_power: float = 0.5
    sizes: ContourSizes = field(default_factory=ContourSizes)


@dataclass(frozen=True, slots=True)
class Contours:
    """Contours of every utterance in every version, and moments of the speaker encoder's states.

    Attributes:
        raw: of the frames as they are, shape (versions, n, FUNCTIONALS, N_CONTOURED).
        own: standardised by their speaker's statistics, the same shape.
        raw_moments, own_moments: likewise of the states, shape (versions, n, 2, UNITS).
    """

    raw: np.ndarray
    own: np.ndarray
    raw_moments: np.ndarray
    own_moments: np.ndarray

    def by(
        self, statistics: Statistics, prepared: Prepared, chosen: np.ndarray, version: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Contours at the utterances' own level and moments, standardised by a training set's statistics."""
        shifts = [
            contour_shift(prepared.samples[i][v].level) for i, v in zip(chosen.tolist(), version.tolist(), strict=True)
        ]
        mean, std = scale_of(statistics)
        # A level adds to the features what leaving it out of the mean adds.
        found = standardise(self.raw[version, chosen], mean - np.stack(shifts)[:, None], std)
        return found, standardise_moments(self.raw_moments[version, chosen], statistics)


def contour_shift(level: float) -> np.ndarray:
    """What multiplying the samples by ``level`` adds to each feature with contours, float32, shape (N_CONTOURED,)."""
    spoken = np.zeros(prosody.N_FEATURES, dtype=np.float32)
    spoken[list(prosody.LOUDNESS)] = 2 * np.log(level)
    return np.concatenate([level_shift(level)[KEPT], spoken])


def take_contours(prepared: Prepared, progress: Callable[[int, int], None] | None = None) -> Contours:
    """Contours of everything prepared; ``progress`` is called with (versions done, all versions)."""
    count = len(prepared.utterances)
    raw, own, raw_moments, own_moments = [], [], [], []
    for version in range(len(prepared.versions)):
        statistics = speaker_statistics(prepared, np.arange(count), version)
        samples = [row[version] for row in prepared.samples]
        found = [contours_of(each.frames.astype(np.float32), each.prosody.astype(np.float32)) for each in samples]
        raw.append(np.stack(found))
        moments = [each.states for each in samples]
        of = [statistics[utterance.speaker] for utterance in prepared.utterances]
        own.append(np.stack([standardise(each, *scale_of(who)) for each, who in zip(found, of, strict=True)]))
        raw_moments.append(np.stack(moments))
        own_moments.append(np.stack([standardise_moments(*pair) for pair in zip(moments, of, strict=True)]))
        if progress is not None:
            progress(version + 1, len(prepared.versions))
    return Contours(np.stack(raw), np.stack(own), np.stack(raw_moments), np.stack(own_moments))


def fit_contours(
    prepared: Prepared,
    taken: Contours,
    train: np.ndarray,
    *,
    fallback: Statistics,
    options: ContourOptions,
    seed: int,
) -> ContourNetwork:
    """Fit a network on the utterances ``train``; everything random follows from ``seed``.

    Args:
        fallback: the training set's statistics.
    """
    torch.manual_seed(seed)
    draws = np.random.default_rng(seed)
    network = ContourNetwork(options.sizes).train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    labels = torch.from_numpy(prepared.labels())
    weights = sampling_weights(prepared, train, options.corpus_power)
    per_epoch = math.ceil(len(train) / options.batch)
    for step in range(options.epochs * per_epoch):
        for group in optimiser.param_groups:
            group["lr"] = options.learning_rate * rate(step, options.epochs * per_epoch)
        chosen = draws.choice(train, options.batch, p=weights)
        version = draws.integers(len(prepared.versions), size=options.batch)
        found, moments = taken.own[version, chosen], taken.own_moments[version, chosen]
        alone = draws.random(options.batch) < options.fallback
        if alone.any():
            found[alone], moments[alone] = taken.by(fallback, prepared, chosen[alone], version[alone])
        targets = nn.functional.one_hot(labels[chosen], len(EMOTIONS)).float()
        mixed = None
        if options.mixup > 0:
            share = torch.from_numpy(draws.beta(options.mixup, options.mixup, size=options.batch)).float()
            partner = torch.from_numpy(draws.permutation(options.batch))
            targets = share.unsqueeze(1) * targets + (1 - share).unsqueeze(1) * targets[partner]
            mixed = (share, partner)
        answers = network.apart(torch.from_numpy(found), torch.from_numpy(moments), mixed)
        losses = [
            nn.functional.cross_entropy(logits, targets, label_smoothing=options.label_smoothing) for logits in answers
        ]
        loss = torch.stack(losses).sum()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    return network.eval()


def contour_logits(network: ContourNetwork, taken: Contours, indices: np.ndarray) -> np.ndarray:
    """Logits of utterances as recorded by their speakers' statistics: float32, shape (len(indices), 7)."""
    with torch.inference_mode():
        own = torch.from_numpy(taken.own[CLEAN, indices]), torch.from_numpy(taken.own_moments[CLEAN, indices])
        return network(*own).numpy()
