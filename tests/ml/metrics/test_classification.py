"""Figures, held against scikit-learn and against cases worked out by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, confusion_matrix, f1_score, recall_score

from ml.emotions import EMOTIONS
from ml.metrics.classification import headline, near_ties, report


def drawn(seed: int, n: int, classes: int = 7) -> tuple[np.ndarray, np.ndarray]:
    draws = np.random.default_rng(seed)
    return draws.dirichlet(np.ones(7), n), draws.integers(0, classes, n)


@pytest.mark.filterwarnings("ignore:y_pred contains classes")
@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000), st.integers(1, 200), st.integers(1, 7))
def test_every_figure_is_scikit_learns(seed: int, n: int, classes: int) -> None:
    probabilities, labels = drawn(seed, n, classes)
    guesses, found = probabilities.argmax(1), report(probabilities, labels)
    assert found["n"] == n
    assert found["accuracy"] == pytest.approx(accuracy_score(labels, guesses))
    assert found["macro_f1"] == pytest.approx(f1_score(labels, guesses, average="macro", zero_division=0))
    assert found["confusion"] == confusion_matrix(labels, guesses, labels=range(7)).tolist()
    recalls = recall_score(labels, guesses, labels=range(7), average=None, zero_division=0)
    assert [found["per_class"][name]["recall"] for name in EMOTIONS] == pytest.approx(list(recalls))
    if len(set(labels)) > 1:
        assert found["uar"] == pytest.approx(balanced_accuracy_score(labels, guesses))


def test_a_class_that_does_not_occur_does_not_lower_the_mean_recall() -> None:
    assert headline(np.array([0, 0, 2, 2]), np.array([0, 0, 2, 3]))["uar"] == pytest.approx((1 + 1 + 0) / 3)


def test_corpora_are_reported_each_by_itself() -> None:
    probabilities = np.eye(7)[[0, 0, 3, 3]]
    found = report(probabilities, np.array([0, 0, 3, 2]), ["A", "A", "B", "B"])["per_corpus"]
    assert {name: (row["n"], row["accuracy"]) for name, row in found.items()} == {"A": (2, 1.0), "B": (2, 0.5)}


def test_nothing_to_evaluate_is_an_error() -> None:
    with pytest.raises(ValueError, match="nothing to evaluate"):
        report(np.zeros((0, 7)), np.zeros(0, int))


def test_near_ties_are_told_apart_by_the_lead_over_the_second_class() -> None:
    probabilities = np.array([[0.40, 0.38], [0.38, 0.40], [0.5, 0.35], [0.95, 0.05], [0.9, 0.1]])
    probabilities = np.pad(probabilities, ((0, 0), (0, 5)))
    assert near_ties(probabilities, np.array([0, 0, 1, 0, 0])) == [
        {"from": 0.0, "to": 0.05, "n": 2, "accuracy": 0.5},
        {"from": 0.1, "to": 0.2, "n": 1, "accuracy": 0.0},
        {"from": 0.5, "to": 1.0, "n": 2, "accuracy": 1.0},
    ]


def test_a_class_that_does_not_occur_has_no_interval_of_its_recall() -> None:
    found = report(np.eye(7)[[0, 0]], np.array([0, 0]))["per_class"]
    assert found["disgust"]["recall_ci95"] is None
    low, high = found["anger"]["recall_ci95"]
    assert low < 1.0 == high
