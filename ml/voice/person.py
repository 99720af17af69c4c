"""How what is known of a person's voice changes the reading of it.

The speech network gives two answers: one for anybody, and *scores* that tell a person's moods apart once that person's
usual scores are taken out. Where the usual scores lie for somebody is estimated from their sessions (``ml.reference``):
the mean of the scores, less what the moods in them explain. A history of many moods says it well, however much any one
of them was misheard. A history of one mood does not: what looks usual may be the mood itself, and a lasting mood must
not disappear. So the estimate is drawn to that of people in general, and the answer for anybody keeps its say, by how
much and how varied the evidence is (empirical Bayes: variance between people against that of the estimate). The answer
for anybody gains further say in a segment that it takes for the mood that fills the history.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path

import numpy as np

from ml import weights
from ml.reference import Evidence

UNVARIED, VARIED = 0.70, 0.90
"""``Evidence.variety`` up to which a history counts as of few moods, and from which as of many."""
LEAST_SAY, MOST_SAY = 0.5, 1.0
"""Share of the personal answer where everything is known of the person, for a history of few moods and of many."""
LASTING = 1.5
"""How much of that share is lost per unit of a segment's agreement with the mood that fills the history. These five
were chosen on segments of the training folds (docs/experiments-voice.md)."""
SEGMENT_S = 2.0
"""Seconds of evidence that count as one observation: what a segment does not share with the next."""


@dataclass(frozen=True, slots=True)
class People:
    """How the scores of people in general lie, by training speakers that the network never heard.

    Attributes:
        centre: mean over people of their usual scores, shape (7,).
        moods: scores of each mood less the person's usual ones, shape (7, 7), a row per class.
        between: variance of the usual scores between people, shape (7,).
        mixed: variance between people of a mood's scores about ``moods``, shape (7,).
        within: variance between segments of one person in one mood, shape (7,).
    """

    centre: np.ndarray
    moods: np.ndarray
    between: np.ndarray
    mixed: np.ndarray
    within: np.ndarray

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], member: str) -> "People":
        """What one of the voice's members knows, from the arrays of its weights file."""
        return cls(**{each.name: arrays[f"{member}.people.{each.name}"].astype(np.float64) for each in fields(cls)})

    @classmethod
    def mean(cls, several: Sequence["People"]) -> "People":
        """What several members know together, as their scores are averaged too."""
        return cls(**{e.name: np.mean([getattr(each, e.name) for each in several], axis=0) for e in fields(cls)})


@lru_cache(maxsize=1)
def shipped_people(directory: Path | None = None) -> People:
    """What all members of the shipped voice know of people in general; read once per process, without torch.

    Args:
        directory: of the weights (see ``ml.weights.folder``).

    Raises:
        RecognitionError: weights_missing, weights_damaged.
    """
    arrays = weights.read_arrays("voice", directory)
    members = sorted({name.split(".")[0] for name in arrays if ".people." in name}, key=int)
    return People.mean([People.from_arrays(arrays, member) for member in members])


def usual_scores(people: People, evidence: Evidence) -> tuple[np.ndarray, float]:
    """A person's usual scores, and the say that the personal answer gets where no mood fills the history.

    Returns:
        Scores of shape (7,), and a share in 0-1.
    """
    varied = float(np.clip((evidence.variety - UNVARIED) / (VARIED - UNVARIED), 0.0, 1.0))
    shares = (1 - varied) * evidence.shares + varied / len(evidence.shares)
    observed = evidence.mean - shares @ people.moods
    observations = max(evidence.seconds / SEGMENT_S, 1.0)
    moods = len(evidence.shares) ** evidence.variety
    uncertain = people.within / observations
    variance = varied * uncertain + (1 - varied) * (people.mixed / moods + 2 * uncertain)
    believed = people.between / (people.between + variance)
    usual = people.centre + believed * (observed - people.centre)
    say = float(np.mean(believed)) * (LEAST_SAY + (MOST_SAY - LEAST_SAY) * varied)
    return usual, say


def personal(general: np.ndarray, scores: np.ndarray, people: People, evidence: Evidence | None) -> np.ndarray:
    """Probabilities with what is known of the person.

    Args:
        general: probabilities by general statistics, shape (n, 7).
        scores: shape (n, 7).
        evidence: None for somebody unknown.

    Returns:
        Shape (n, 7), rows sum to 1; ``general`` itself for somebody unknown.
    """
    if evidence is None:
        return general
    usual, most = usual_scores(people, evidence)
    own = scores - usual
    agreement = general @ np.maximum(evidence.shares - 1 / len(evidence.shares), 0.0)
    say = most * np.maximum(1 - LASTING * agreement, 0.0)[:, None]
    blended = (1 - say) * np.log(np.maximum(general, 1e-9)) + say * (own - _log_sum(own))
    probabilities: np.ndarray = np.exp(blended - _log_sum(blended))
    return probabilities


def _log_sum(values: np.ndarray) -> np.ndarray:
    top = values.max(axis=1, keepdims=True)
    sums: np.ndarray = top + np.log(np.exp(values - top).sum(axis=1, keepdims=True))
    return sums
