"""Splits of people and pictures: nobody on both sides, the same for the same seed."""

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.data.folds import clip_folds, held_out, inner_speakers, speaker_folds
from ml.data.manifest import Utterance
from ml.emotions import Emotion


def corpus(sizes: dict[str, int]) -> list[Utterance]:
    return [
        Utterance(Path(f"{name}{speaker}-{take}.wav"), f"{name}{speaker}", Emotion(take % 7), name)
        for name, speakers in sizes.items()
        for speaker in range(speakers)
        for take in range(2)
    ]


sizes = st.dictionaries(st.sampled_from(["A", "B", "C"]), st.integers(1, 25), min_size=1).filter(
    lambda found: sum(found.values()) >= 5
)


@given(sizes, st.integers(0, 50))
def test_folds_are_speaker_disjoint_and_deal_every_corpus_out_evenly(found: dict[str, int], seed: int) -> None:
    utterances = corpus(found)
    fold_of = speaker_folds(utterances, 5, seed)
    assert set(fold_of) == {utterance.speaker for utterance in utterances}
    for name, speakers in found.items():
        counts = Counter(fold for speaker, fold in fold_of.items() if speaker.startswith(name))
        assert max(counts.values()) <= -(-speakers // 5)
    assert fold_of == speaker_folds(utterances, 5, seed)


@given(sizes, st.integers(0, 50), st.integers(0, 4))
def test_speakers_set_aside_are_neither_tested_nor_too_many(found: dict[str, int], seed: int, fold: int) -> None:
    utterances = corpus(found)
    fold_of = speaker_folds(utterances, 5, seed)
    aside = inner_speakers(utterances, fold_of, fold, 0.12, seed)
    assert all(fold_of[speaker] != fold for speaker in aside)
    for name in found:
        training = [speaker for speaker, at in fold_of.items() if speaker.startswith(name) and at != fold]
        kept = [speaker for speaker in training if speaker not in aside]
        assert len(kept) >= min(3, len(training))


def test_too_few_speakers_for_the_folds_are_refused() -> None:
    with pytest.raises(ValueError, match="2 speakers"):
        speaker_folds(corpus({"A": 2}), 5, 1)


def test_nobody_is_judged_by_a_network_that_learned_from_them() -> None:
    speakers = [f"s{number % 7}" for number in range(60)]
    folds = clip_folds(speakers, 3, seed=5)
    assert len({(speaker, fold) for speaker, fold in zip(speakers, folds.tolist(), strict=True)}) == 7
    assert np.bincount(folds).min() > 0
    assert np.array_equal(folds, clip_folds(speakers, 3, seed=5))
    with pytest.raises(ValueError, match="clips of 7 speakers show a face, which cannot be dealt into 8 folds"):
        clip_folds(speakers, 8, seed=5)


def test_holding_out_never_cuts_a_group() -> None:
    groups = np.repeat(np.arange(200), 3)
    mask = held_out(groups, 0.1, seed=1)

    assert mask.sum() == 60
    assert not set(groups[mask]) & set(groups[~mask])
    assert np.array_equal(mask, held_out(groups, 0.1, seed=1))
    assert not np.array_equal(mask, held_out(groups, 0.1, seed=2))
