"""Splits into training and test: every split of people or pictures is made here, each from a seed."""

import hashlib
import json
import random
from collections.abc import Iterable, Sequence

import numpy as np

from ml.data.manifest import ANONYMOUS, Utterance


def dealt(names: Iterable[str], folds: int) -> dict[str, int]:
    """Deals names into folds (0 .. folds - 1), one after the other, in their order."""
    return {name: position % folds for position, name in enumerate(names)}


def fold_hash(fold_of: dict[str, int]) -> str:
    """A short hash that names an assignment of speakers to folds."""
    return hashlib.sha256(json.dumps(fold_of, sort_keys=True).encode()).hexdigest()[:12]


def speaker_folds(utterances: Iterable[Utterance], folds: int, seed: int) -> dict[str, int]:
    """Assign every speaker to one fold, so that nobody is in both training and test.

    Every corpus is dealt out as evenly as its number of speakers allows; a corpus with fewer speakers than folds
    is missing from the test part of some.

    Returns:
        Fold number (0 .. folds - 1) by speaker.

    Raises:
        ValueError: too few speakers, or one who is not named: nobody knows on which side of a split they belong.
    """
    corpus_of = {utterance.speaker: utterance.corpus for utterance in utterances}
    if any(speaker.startswith(ANONYMOUS) for speaker in corpus_of):
        raise ValueError("every row of a manifest for training names its speaker")
    if folds < 2 or len(corpus_of) < folds:
        raise ValueError(f"{len(corpus_of)} speakers cannot be dealt into {folds} folds")
    drawn = random.Random(seed)  # noqa: S311 - a reproducible split, nothing secret
    order: list[str] = []
    for corpus in sorted(set(corpus_of.values())):
        speakers = sorted(speaker for speaker, of in corpus_of.items() if of == corpus)
        drawn.shuffle(speakers)
        order += speakers
    return dealt(order, folds)


def inner_speakers(
    utterances: Sequence[Utterance], fold_of: dict[str, int], fold: int, share: float, seed: int
) -> set[str]:
    """Training speakers of a fold set aside to decide when to stop, none of them in the test part.

    From every corpus about ``share`` of the training speakers, but only where at least three remain to learn from:
    a corpus of very few speakers (CASIA) keeps them all for learning. A share of 0 sets nobody aside.
    """
    if share == 0:
        return set()
    drawn = random.Random(f"{seed}/{fold}")  # noqa: S311 - a reproducible split, nothing secret
    aside: set[str] = set()
    by_corpus: dict[str, set[str]] = {}
    for utterance in utterances:
        if fold_of[utterance.speaker] != fold:
            by_corpus.setdefault(utterance.corpus, set()).add(utterance.speaker)
    for corpus in sorted(by_corpus):
        speakers = sorted(by_corpus[corpus])
        count = min(max(1, round(share * len(speakers))), len(speakers) - 3)
        if count > 0:
            aside.update(drawn.sample(speakers, count))
    return aside


def clip_folds(speakers: list[str], folds: int, seed: int) -> np.ndarray:
    """The fold (0 .. folds - 1) of every clip, int64, shape (M,): all clips of a speaker are in one.

    Raises:
        ValueError: fewer speakers (or clips, where nobody is named) than folds.
    """
    names = np.unique(np.array(speakers, dtype=str))
    if folds < 2 or len(names) < folds:
        raise ValueError(f"clips of {len(names)} speakers show a face, which cannot be dealt into {folds} folds")
    order = np.random.default_rng(seed).permutation(names)
    fold = dealt(order.tolist(), folds)
    return np.array([fold[speaker] for speaker in speakers], dtype=np.int64)


def held_out(groups: Sequence[int] | np.ndarray, share: float, seed: int) -> np.ndarray:
    """Choose about ``share`` of the groups at random; returns a mask over their members, bool, shape (N,).

    Members of one group are all chosen or none, so identical pictures never stand on both sides.
    """
    names = np.unique(np.asarray(groups))
    groups_held_out = np.random.default_rng(seed).permutation(names)[: round(share * len(names))]
    return np.isin(groups, groups_held_out)
