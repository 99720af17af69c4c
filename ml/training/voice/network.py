"""Fitting the speech network of one fold on segments of sessions: a loop one can read in one sitting.

A batch holds several people, each with as many segments of every class they have. The general answer learns from the
segments as they are; the scores learn to tell a person's moods apart after the mean of that person's scores in the
batch, in which every mood weighs the same, is taken out.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from sklearn.decomposition import PCA
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ml.emotions import EMOTIONS
from ml.training.averaging import running_average
from ml.training.schedule import rate
from ml.training.voice.rounds import Segments
from ml.voice.person import People
from ml.voice.segment_features import PROSODY, STATES
from ml.voice.speech_network import HIDDEN, Answers, SpeechNetwork, standardised

PCA_SEGMENTS = 6_000
"""Segments that the principal components are taken of."""
_CHUNK = 4_096


@dataclass(frozen=True, slots=True)
class NetworkOptions:
    """How a speech network is fitted.

    Attributes:
        components: principal components of the encoder's moments that the hidden layer reads.
        prosody_scale: factor on the standardised contours beside them.
        hidden: units.
        dropout_in, dropout: share of inputs and of hidden units zeroed in training.
        people, per_mood: people in a batch, and segments of each of their moods.
        steps: batches; the rate rises, then falls along a half cosine.
        learning_rate, weight_decay: of AdamW.
        label_smoothing: share of the target spread evenly over the classes.
        average: decay per step of the running average of the weights over the second half, which is what is kept.
        corpus_power: a corpus is drawn in proportion to its number of speakers to this power.
    """

    components: int = 384
    prosody_scale: float = 0.5
    hidden: int = HIDDEN
    dropout_in: float = 0.3
    dropout: float = 0.5
    people: int = 8
    per_mood: int = 4
    steps: int = 1_800
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    label_smoothing: float = 0.05
    average: float = 0.98
    corpus_power: float = 0.4


class LearningNetwork(nn.Module):
    """The speech network while it learns: projection, dropout and batch norm around its hidden layer."""

    mean: Tensor
    std: Tensor
    projection: Tensor
    offset: Tensor

    def __init__(self, features: np.ndarray, options: NetworkOptions, seed: int) -> None:
        """Take statistics and principal components of training segments, float, shape (n, N_SEGMENT_FEATURES)."""
        super().__init__()
        self.options = options
        self.register_buffer("mean", torch.from_numpy(np.nanmean(features, axis=0, dtype=np.float64)).float())
        deviation = np.nanstd(features.astype(np.float32), axis=0, dtype=np.float64)
        self.register_buffer("std", torch.from_numpy(np.maximum(deviation, 1e-3)).float())
        drawn = np.random.default_rng(seed).choice(len(features), min(PCA_SEGMENTS, len(features)), replace=False)
        scaled = standardised(torch.from_numpy(features[drawn].astype(np.float32)), self.mean, self.std).numpy()[
            :, STATES
        ]
        count = min(options.components, *scaled.shape)
        components = PCA(count, svd_solver="randomized", random_state=seed).fit(scaled)
        shrunk = (components.components_ / components.explained_variance_[:, None] ** 0.25).astype(np.float32)
        self.register_buffer("projection", torch.from_numpy(shrunk))
        self.register_buffer("offset", torch.from_numpy((shrunk @ components.mean_).astype(np.float32)))
        inputs = count + PROSODY.stop - PROSODY.start
        self.hidden = nn.Linear(inputs, options.hidden)
        self.norm = nn.BatchNorm1d(options.hidden)
        self.general = nn.Linear(options.hidden, len(EMOTIONS))
        self.scores = nn.Linear(options.hidden, len(EMOTIONS))
        self.dropout_in, self.dropout = nn.Dropout(options.dropout_in), nn.Dropout(options.dropout)

    def projected(self, features: Tensor) -> Tensor:
        """What the hidden layer reads of segment features, shape (n, inputs)."""
        scaled = standardised(features, self.mean, self.std)
        moments = scaled[:, STATES] @ self.projection.T - self.offset
        return torch.cat([moments, self.options.prosody_scale * scaled[:, PROSODY]], dim=1)

    def forward(self, inputs: Tensor) -> Answers:
        """Answers on ``projected`` features."""
        hidden = self.dropout(torch.relu(self.norm(self.hidden(self.dropout_in(inputs)))))
        return Answers(self.general(hidden), self.scores(hidden))

    @torch.no_grad()
    def folded(self, temperature: float = 1.0, scores_temperature: float = 1.0) -> SpeechNetwork:
        """The same function as it ships, both answers divided by their temperature."""
        shipped = SpeechNetwork(self.options.hidden)
        shipped.mean.copy_(self.mean)
        shipped.std.copy_(self.std)
        spread, middle = self.norm.running_var, self.norm.running_mean
        if spread is None or middle is None:
            raise ValueError("the batch norm keeps no running statistics")
        scale = self.norm.weight / torch.sqrt(spread + self.norm.eps)
        count = len(self.projection)
        on_moments = self.hidden.weight[:, :count]
        weight = torch.cat(
            [on_moments @ self.projection, self.options.prosody_scale * self.hidden.weight[:, count:]], dim=1
        )
        shipped.hidden.weight.copy_(scale[:, None] * weight)
        bias = self.hidden.bias - on_moments @ self.offset - middle
        shipped.hidden.bias.copy_(scale * bias + self.norm.bias)
        for own, other, by in (
            (shipped.general, self.general, temperature),
            (shipped.scores, self.scores, scores_temperature),
        ):
            own.weight.copy_(other.weight / by)
            own.bias.copy_(other.bias / by)
        return shipped.eval()


def fit_network(
    segments: Segments, keep: np.ndarray, corpus_of: Mapping[str, str], options: NetworkOptions, seed: int
) -> LearningNetwork:
    """Fit one network.

    Args:
        keep: indices of the segments learned from.
        corpus_of: corpus by speaker.
        seed: of everything random.
    """
    draws = np.random.default_rng(seed)
    torch.manual_seed(seed)
    network = LearningNetwork(segments.features[keep], options, seed)
    with torch.no_grad():
        parts = [
            torch.from_numpy(segments.features[keep[at : at + _CHUNK]].astype(np.float32))
            for at in range(0, len(keep), _CHUNK)
        ]
        inputs = torch.cat([network.projected(part) for part in parts])
    labels = torch.from_numpy(segments.labels[keep])
    of_person = _by_person(segments.speakers[keep], segments.labels[keep].argmax(axis=1))
    people, chances = _chances(list(of_person), corpus_of, options.corpus_power)
    optimiser = torch.optim.AdamW(network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    averaged = running_average(network, options.average, buffers=True)
    network.train()
    for step in range(options.steps):
        for group in optimiser.param_groups:
            group["lr"] = options.learning_rate * rate(step, options.steps)
        batch: list[int] = []
        persons: list[int] = []
        for number, person in enumerate(draws.choice(len(people), size=options.people, p=chances)):
            for members in of_person[people[person]]:
                batch += draws.choice(members, options.per_mood).tolist()
                persons += [number] * options.per_mood
        loss = _loss(network(inputs[batch]), labels[batch], torch.tensor(persons), options)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        if step >= options.steps // 2:
            averaged.update_parameters(network)
    network.load_state_dict(averaged.module.state_dict())
    return network.eval()


@torch.no_grad()
def answers_of(network: SpeechNetwork, features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """General logits and scores of segments, each float64 of shape (n, 7)."""
    general, scores = [], []
    for at in range(0, len(features), _CHUNK):
        answers = network(torch.from_numpy(features[at : at + _CHUNK].astype(np.float32)))
        general.append(answers.general.double().numpy())
        scores.append(answers.scores.double().numpy())
    return np.concatenate(general), np.concatenate(scores)


def centred(scores: np.ndarray, labels: np.ndarray, speakers: np.ndarray) -> np.ndarray:
    """Scores less every speaker's usual ones: the mean over that speaker's moods, each weighing the same."""
    differences = scores.copy()
    for speaker in np.unique(speakers):
        own = speakers == speaker
        differences[own] -= np.mean(
            [scores[own & (labels == mood)].mean(axis=0) for mood in np.unique(labels[own])], axis=0
        )
    return differences


def people_of(scores: np.ndarray, labels: np.ndarray, speakers: np.ndarray, least: int = 3) -> People:
    """How people's scores lie, from segments of one mood each by people whom the network never heard.

    Args:
        scores: shape (n, 7).
        labels: class indices, shape (n,).
        speakers: shape (n,).
        least: a person's moods of fewer segments are left out, unless nobody has that many.
    """
    everything = {
        (str(speaker), mood): scores[(speakers == speaker) & (labels == mood)]
        for speaker in np.unique(speakers)
        for mood in np.unique(labels[speakers == speaker])
    }
    enough = min(least, max(len(own) for own in everything.values()))
    cells = {place: own for place, own in everything.items() if len(own) >= enough}
    names = sorted({speaker for speaker, _ in cells})
    usual = {
        name: np.mean([own.mean(axis=0) for (speaker, _), own in cells.items() if speaker == name], axis=0)
        for name in names
    }
    moods = np.zeros((len(EMOTIONS), len(EMOTIONS)))
    for mood in range(len(EMOTIONS)):
        apart = [own.mean(axis=0) - usual[speaker] for (speaker, of), own in cells.items() if of == mood]
        moods[mood] = np.mean(apart, axis=0) if apart else 0.0
    usual = {
        name: np.mean([own.mean(axis=0) - moods[of] for (speaker, of), own in cells.items() if speaker == name], axis=0)
        for name in names
    }
    mixed = [np.square(own.mean(axis=0) - moods[of] - usual[speaker]) for (speaker, of), own in cells.items()]
    everybody = np.stack(list(usual.values()))
    return People(
        centre=everybody.mean(axis=0),
        moods=moods,
        between=np.maximum(everybody.var(axis=0), 1e-3),
        mixed=np.mean(mixed, axis=0),
        within=np.maximum(np.mean([own.var(axis=0) for own in cells.values()], axis=0), 1e-3),
    )


def _loss(answers: Answers, labels: Tensor, persons: Tensor, options: NetworkOptions) -> Tensor:
    sums = torch.zeros(int(persons.max()) + 1, len(EMOTIONS)).index_add_(0, persons, answers.scores)
    usual = sums / torch.bincount(persons)[:, None]
    own = answers.scores - usual[persons]
    smoothing = options.label_smoothing
    return cross_entropy(answers.general, labels, label_smoothing=smoothing) + cross_entropy(
        own, labels, label_smoothing=smoothing
    )


def _by_person(speakers: np.ndarray, moods: np.ndarray) -> dict[str, list[np.ndarray]]:
    """Per person the segments of each of their moods."""
    return {
        str(speaker): [
            np.flatnonzero((speakers == speaker) & (moods == mood)) for mood in np.unique(moods[speakers == speaker])
        ]
        for speaker in np.unique(speakers)
    }


def _chances(people: list[str], corpus_of: Mapping[str, str], power: float) -> tuple[list[str], np.ndarray]:
    """Probability of drawing each person: within a corpus all alike, corpora by their numbers to the power."""
    sizes: dict[str, int] = {}
    for person in people:
        sizes[corpus_of[person]] = sizes.get(corpus_of[person], 0) + 1
    weights = np.array([math.pow(sizes[corpus_of[person]], power - 1) for person in people])
    return people, weights / weights.sum()
