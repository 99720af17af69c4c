"""People with ways of their own are told apart; people without are not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.evaluation.identification import equal_error_rate, told_apart
from ml.reference import Evidence


def evidence(centre: np.ndarray, draws: np.random.Generator) -> Evidence | None:
    scores = centre + draws.normal(size=7)
    probabilities = np.exp(scores) / np.exp(scores).sum()
    return Evidence.of_recording("test", np.array([2.0]), probabilities[None], scores[None])


def crowd(spread: float, people: int = 20, items: int = 40) -> tuple[list[Evidence | None], list[str]]:
    draws = np.random.default_rng(3)
    found, names = [], []
    for person in range(people):
        centre = draws.normal(size=7) * spread
        found += [evidence(centre, draws) for _ in range(items)]
        names += [f"person {person}"] * items
    return found, names


def test_people_with_a_way_of_their_own_are_told_apart():
    figures = told_apart(*crowd(spread=3.0))
    assert figures["equal_error_rate"] < 0.02
    assert (figures["people"], figures["sessions"]) == (20, 80)
    assert figures["matching_pairs"] == 20 * 6


def test_people_who_do_not_differ_are_not():
    assert told_apart(*crowd(spread=0.0))["equal_error_rate"] == pytest.approx(0.5, abs=0.1)


def test_what_was_not_judged_and_nobody_s_items_are_left_out():
    items, people = crowd(spread=3.0, people=4)
    assert told_apart([*items, None], [*people, "person 0"]) == told_apart(items, people)
    assert told_apart([*items, items[0]], [*people, ""]) == told_apart(items, people)


def test_one_person_alone_cannot_be_told_apart():
    assert told_apart(*crowd(spread=3.0, people=1)) is None


def test_only_people_whom_the_same_networks_judge_are_compared():
    items, people = crowd(spread=3.0, people=4)
    figures = told_apart(items, people, {"person 0": 0, "person 1": 0, "person 2": 1, "person 3": 1})
    assert figures["matching_pairs"] == 4 * 6


@given(st.lists(st.tuples(st.floats(0, 9), st.booleans()), min_size=2))
def test_the_rate_lies_between_none_and_all(pairs):
    distances, matching = (np.array(each) for each in zip(*pairs, strict=True))
    if matching.any() and not matching.all():
        assert 0 <= equal_error_rate(distances, matching) <= 1


def test_a_clean_cut_has_no_error():
    assert equal_error_rate(np.array([1.0, 2.0, 3.0, 4.0]), np.array([True, True, False, False])) == 0.0
    assert equal_error_rate(np.array([1.0, 2.0, 3.0, 4.0]), np.array([False, False, True, True])) == 1.0
