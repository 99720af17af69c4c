"""How many voices there are and whose a stretch is, on points drawn as the model of the space says people lie."""

import numpy as np
import pytest

from ml.speakers.grouping import grouped

BETWEEN = np.linspace(9, 1, 24)


def drawn(people: int, turns: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Points and owners: people by turns, eight windows a turn, each turn in a mood of its own."""
    draws = np.random.default_rng(seed)
    means = draws.normal(size=(people, 24)) * np.sqrt(BETWEEN)
    owners = np.repeat(np.arange(turns) % people, 8)
    moods = np.repeat(draws.normal(size=(turns, 24)) * 0.7, 8, axis=0)
    return means[owners] + moods + draws.normal(size=(len(owners), 24)) * 0.7, owners


@pytest.mark.parametrize("people", [2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_people_as_far_apart_as_people_are_found(people: int, seed: int) -> None:
    points, owners = drawn(people, 18, seed)
    grouping = grouped(points, BETWEEN)
    assert grouping.several
    labels = grouping.shares.argmax(axis=1)
    named = [np.bincount(labels[owners == person]).argmax() for person in range(people)]
    assert len(set(named)) == people
    assert np.mean(labels == np.array(named)[owners]) > (0.95 if people == 2 else 0.85)


@pytest.mark.parametrize("seed", range(8))
def test_one_person_in_many_moods_is_never_several(seed: int) -> None:
    points, _ = drawn(1, 24, seed)
    assert not grouped(points, BETWEEN).several


def test_shares_of_a_window_sum_to_one_however_few_there_are() -> None:
    for count in range(5):
        shares = grouped(np.random.default_rng(0).normal(size=(count, 24)), BETWEEN).shares
        assert shares.shape[0] == count
        np.testing.assert_allclose(shares.sum(axis=1), 1)


def test_the_same_points_are_grouped_the_same() -> None:
    points, _ = drawn(2, 12, 1)
    np.testing.assert_array_equal(grouped(points, BETWEEN).shares, grouped(points, BETWEEN).shares)
