"""Intervals, held against published and simulated ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score

from ml.metrics.intervals import (
    confusion_by_cluster,
    mean_recall,
    uar_gain_interval,
    uar_interval,
    wilson_interval,
)


def test_wilsons_interval_is_the_published_one() -> None:
    assert wilson_interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)  # Newcombe 1998, table I


@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilsons_interval_holds_the_proportion(case: tuple[int, int]) -> None:
    low, high = wilson_interval(*case)
    assert 0 <= low <= case[0] / case[1] <= high <= 1


@pytest.mark.filterwarnings("ignore:y_pred contains classes")
@given(st.integers(0, 1000), st.integers(2, 80))
def test_the_mean_recall_of_counts_is_scikit_learns(seed: int, n: int) -> None:
    draws = np.random.default_rng(seed)
    labels, guesses = draws.integers(0, 7, n), draws.integers(0, 7, n)
    counts = confusion_by_cluster(guesses, labels, draws.integers(0, 3, n)).sum(axis=0)
    assert mean_recall(counts) == pytest.approx(balanced_accuracy_score(labels, guesses))


def test_single_examples_give_the_normal_interval_of_independent_answers() -> None:
    draws = np.random.default_rng(0)
    labels = np.repeat(np.arange(7), 200)
    guesses = np.where(draws.random(1400) < 0.6, labels, (labels + 1) % 7)
    low, high = uar_interval(guesses, labels) or (0, 0)
    half = 1.96 * np.sqrt(0.6 * 0.4 / 1400)
    assert (high - low) / 2 == pytest.approx(half, rel=0.1)


def speakers_who_differ() -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Twenty speakers, each recognised always or never: one hundred recordings tell no more than one."""
    labels = np.tile(np.arange(7), 20 * 10)
    speaker = np.repeat(np.arange(20), 70)
    guesses = np.where(speaker % 2 == 0, labels, (labels + 1) % 7)
    return guesses, labels, [f"s{number}" for number in speaker]


def test_recordings_of_one_speaker_do_not_count_as_independent() -> None:
    guesses, labels, speakers = speakers_who_differ()
    alone, clustered = uar_interval(guesses, labels) or (0, 0), uar_interval(guesses, labels, speakers) or (0, 0)
    assert alone[1] - alone[0] < 0.06
    assert (clustered[1] - clustered[0]) / 2 == pytest.approx(1.96 * 0.5 / np.sqrt(20), rel=0.15)


def test_intervals_are_the_same_every_time_and_none_is_made_of_one_speaker() -> None:
    guesses, labels, speakers = speakers_who_differ()
    assert uar_interval(guesses, labels, speakers) == uar_interval(guesses, labels, speakers)
    assert uar_interval(guesses[:70], labels[:70], speakers[:70]) is None


def test_speakers_are_resampled_within_their_corpus() -> None:
    guesses, labels, speakers = speakers_who_differ()
    corpora = ["good" if int(name[1:]) % 2 == 0 else "bad" for name in speakers]
    low, high = uar_interval(guesses, labels, speakers, corpora) or (0, 1)
    assert (low, high) == pytest.approx((0.5, 0.5))


def test_a_gain_is_compared_on_the_same_speakers() -> None:
    guesses, labels, speakers = speakers_who_differ()
    better = guesses.copy()
    better[::10] = labels[::10]
    low, high = uar_gain_interval(guesses, better, labels, speakers) or (0, 0)
    assert 0 < low < 0.05 < high < 0.1
    assert uar_gain_interval(guesses, guesses, labels, speakers) == (0, 0)
