"""How many voices there are, and which stretch of speech is whose, from the points of ``ml.speakers.vectors``.

Two questions are answered apart. *Whether* more than one person speaks is decided by a Bayesian hidden Markov model of
speakers (Landini et al. 2022, "Bayesian HMM clustering of x-vector sequences"): it knows how far apart people lie in
this space and how little one person moves in it, and gives up the voices that the points do not call for. It is held to
be cautious, since one person in changing moods must not be taken for two. *Whose* a stretch is, given a number of
voices, is answered better by k-means (docs/experiments-speakers.md).
"""

from dataclasses import dataclass

import numpy as np
from sklearn.cluster import KMeans

MOST_VOICES = 4
CANDIDATES = 5
"""Voices that the model begins with."""
EVIDENCE_SCALE = 0.3
"""Neighbouring windows share their sound, so each counts for so much of a look of its own (F_A)."""
PRIOR_SCALE = 10.0
"""How much a further voice has to explain (F_B)."""
STAY = 0.9
"""Probability that the same voice goes on from one window to the next."""
LEAST_SHARE = 0.06
"""A voice with less of the speech is none."""
APART = 3.5
"""Distance of two groups' means, in deviations along their line, from which two voices are guessed at all."""
_ITERATIONS = 30
_SETTLED = 1e-7
"""Relative gain in evidence below which another round changes nothing."""
_SEED = 0


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which window is whose.

    Attributes:
        shares: probability of each voice per window, shape (n, voices), rows sum to 1.
        several: whether it is sure that more than one person speaks; where not, several voices are a guess.
    """

    shares: np.ndarray
    several: bool


def grouped(points: np.ndarray, between: np.ndarray) -> Grouping:
    """The voices in a recording's windows.

    Args:
        points: in order of time, shape (n, D); n may be 0.
        between: variance of people's means along each axis, shape (D,).
    """
    if len(points) < 2:
        return Grouping(np.ones((len(points), 1)), several=False)
    scaled = points * np.sqrt(between / (1 + between))
    count = _voices_called_for(points, scaled, between)
    if count > 1:
        return Grouping(_shares(scaled, count), several=True)
    pair = _shares(scaled, 2)
    return Grouping(pair if _distance(scaled, pair) >= APART else np.ones((len(points), 1)), several=False)


def _voices_called_for(points: np.ndarray, scaled: np.ndarray, between: np.ndarray) -> int:
    count = min(CANDIDATES, len(points))
    labels = _labels(scaled, count)
    shares = np.full((len(points), count), 0.1 / max(1, count - 1))
    shares[np.arange(len(points)), labels] = 0.9
    shares = speaker_shares(points, between, shares)
    present = np.bincount(shares.argmax(axis=1), minlength=count) / len(points)
    return int(np.clip((present >= LEAST_SHARE).sum(), 1, MOST_VOICES))


def speaker_shares(points: np.ndarray, between: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """The Bayesian model's answer: probability of each speaker per window, shape (n, S), from a first guess."""
    scaled = points * np.sqrt(between)
    constant = -0.5 * (np.square(points).sum(axis=1) + points.shape[1] * np.log(2 * np.pi))
    prior = np.full(shares.shape[1], 1 / shares.shape[1])
    before = -np.inf
    for _ in range(_ITERATIONS):
        ratio = EVIDENCE_SCALE / PRIOR_SCALE
        spread = 1 / (1 + ratio * shares.sum(axis=0)[:, None] * between)
        places = ratio * spread * (shares.T @ scaled)
        likelihoods = EVIDENCE_SCALE * (
            scaled @ places.T - 0.5 * (spread + np.square(places)) @ between + constant[:, None]
        )
        shares, prior, evidence = _through_time(likelihoods, prior)
        evidence += PRIOR_SCALE * 0.5 * float((np.log(spread) - spread - np.square(places) + 1).sum())
        if evidence - before < _SETTLED * abs(evidence):
            break
        before = evidence
    return shares


def _through_time(likelihoods: np.ndarray, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Forward and backward through the windows: shares, how often each speaker begins, log evidence."""
    highest = likelihoods.max(axis=1, keepdims=True)
    emissions = np.exp(likelihoods - highest)
    move = STAY * np.eye(len(prior)) + (1 - STAY) * prior
    forward = np.empty_like(emissions)
    scale = np.empty(len(emissions))
    state = prior
    for row, emission in enumerate(emissions):
        state = (state @ move if row else state) * emission
        scale[row] = state.sum() + 1e-300
        state = state / scale[row]
        forward[row] = state
    backward = np.ones_like(emissions)
    for row in range(len(emissions) - 2, -1, -1):
        backward[row] = move @ (backward[row + 1] * emissions[row + 1]) / scale[row + 1]
    shares = forward * backward
    shares /= shares.sum(axis=1, keepdims=True)
    begun = (1 - STAY) * prior * emissions[1:] * backward[1:] / scale[1:, None]
    begins = shares[0] + begun.sum(axis=0)
    return shares, begins / begins.sum(), float(np.log(scale).sum() + highest.sum())


def _labels(scaled: np.ndarray, count: int) -> np.ndarray:
    labels: np.ndarray = KMeans(count, n_init=10, random_state=_SEED).fit(scaled).labels_
    return labels


def _shares(scaled: np.ndarray, count: int) -> np.ndarray:
    """How far each window belongs to each of ``count`` groups of k-means, shape (n, count), rows sum to 1."""
    labels = _labels(scaled, min(count, len(scaled)))
    centres = np.stack([scaled[labels == group].mean(axis=0) for group in range(labels.max() + 1)])
    distances = np.square(scaled[:, None] - centres[None]).sum(axis=2)
    weights = np.exp(-0.5 * EVIDENCE_SCALE * (distances - distances.min(axis=1, keepdims=True)))
    shares: np.ndarray = weights / weights.sum(axis=1, keepdims=True)
    return shares


def _distance(scaled: np.ndarray, pair: np.ndarray) -> float:
    """How far the means of two groups are apart, in deviations along the line between them."""
    second = pair.argmax(axis=1) == 1
    if second.all() or not second.any():
        return 0.0
    line = scaled[second].mean(axis=0) - scaled[~second].mean(axis=0)
    length = float(np.linalg.norm(line))
    along = scaled @ (line / max(length, 1e-12))
    along = along - np.where(second, along[second].mean(), along[~second].mean())
    return length / max(float(along.std()), 1e-12)
