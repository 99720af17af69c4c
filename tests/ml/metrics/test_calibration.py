"""The calibration table: its figures, and what chance alone would show."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.metrics.calibration import (
    calibration,
    expected_calibration_error,
    fit_temperature,
    perfect_errors,
    reliability,
)


def answers(n: int, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (n, 7) and labels (n,) drawn by them: perfectly calibrated."""
    draws = np.random.default_rng(seed)
    probabilities = draws.dirichlet(np.full(7, 0.4), n)
    return probabilities, np.array([draws.choice(7, p=row) for row in probabilities])


def test_what_is_perfectly_calibrated_lies_where_chance_puts_it() -> None:
    row = calibration(*answers(4_000))
    assert row is not None
    assert row["ece"] <= row["ece_if_perfect_95"] < 0.05
    assert row["confidence"] == pytest.approx(row["accuracy"], abs=0.03)


def test_what_is_surer_than_right_lies_beyond_chance() -> None:
    probabilities, labels = answers(4_000)
    sharpened = probabilities**2 / (probabilities**2).sum(axis=1, keepdims=True)
    row = calibration(sharpened, labels)
    assert row is not None
    assert row["ece"] > 2 * row["ece_if_perfect_95"]
    assert row["ece"] == pytest.approx(expected_calibration_error(sharpened, labels))


def test_few_examples_are_far_from_zero_by_chance() -> None:
    few, many = (perfect_errors(answers(n)[0]).mean() for n in (8, 800))
    assert few > 0.2
    assert many < 0.06


def test_the_chance_figures_are_those_of_a_simulation_by_definition() -> None:
    """Labels drawn as the answers say, and the error taken of them, give the same mean."""
    probabilities, _ = answers(24)
    draws = np.random.default_rng(8)
    labels = [[draws.choice(7, p=row) for row in probabilities] for _ in range(1_500)]
    simulated = np.mean([expected_calibration_error(probabilities, np.array(each)) for each in labels])
    assert perfect_errors(probabilities).mean() == pytest.approx(simulated, abs=0.01)


def test_what_was_not_judged_is_left_out_and_nothing_gives_no_row() -> None:
    probabilities, labels = answers(30)
    probabilities[:10] = np.nan
    row = calibration(probabilities, labels)
    assert row is not None
    assert row["n"] == 20
    assert calibration(np.full((3, 7), np.nan), np.zeros(3, int)) is None


def test_a_label_given_no_probability_costs_a_bounded_loss() -> None:
    row = calibration(np.eye(7)[[0, 1]], np.array([1, 1]))
    assert row is not None
    assert row["log_loss"] == pytest.approx(-np.log(1e-6) / 2)


def test_confidence_that_keeps_its_word_has_no_calibration_error() -> None:
    probabilities = np.tile([0.75, 0.25, 0, 0, 0, 0, 0], (4, 1))
    assert expected_calibration_error(probabilities, np.array([0, 0, 0, 1])) == pytest.approx(0)
    assert expected_calibration_error(probabilities, np.array([1, 1, 1, 1])) == pytest.approx(0.75)


@given(st.integers(0, 10_000), st.integers(1, 100))
def test_the_calibration_error_is_the_weighted_gap_of_every_bin(seed: int, n: int) -> None:
    draws = np.random.default_rng(seed)
    probabilities, labels = draws.dirichlet(np.ones(7), n), draws.integers(0, 7, n)
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    expected = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence > low) & (confidence <= low + 1 / 15)
        if inside.any():
            expected += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    assert expected_calibration_error(probabilities, labels) == pytest.approx(expected, abs=1e-9)


def test_reliability_bins_hold_every_example_with_its_confidence() -> None:
    probabilities = np.array([[0.75, 0.25, 0, 0, 0, 0, 0]] * 4 + [[0.3, 0.7 / 3, 0.7 / 3, 0.7 / 3, 0, 0, 0]])
    rows = reliability(probabilities, np.array([0, 0, 0, 1, 0]))
    assert [(row["n"], row["accuracy"]) for row in rows] == [(1, 1.0), (4, 0.75)]
    assert [row["confidence"] for row in rows] == pytest.approx([0.3, 0.75])
    assert [row["from"] for row in rows] == pytest.approx([0.2, 0.6])


def overconfident() -> tuple[np.ndarray, np.ndarray]:
    """Logits three times as large as they should be, (4000, 7), and labels."""
    draws = np.random.default_rng(0)
    honest = draws.standard_normal((4000, 7)) * 1.5
    chances = np.exp(honest) / np.exp(honest).sum(axis=1, keepdims=True)
    return honest * 3, np.array([draws.choice(7, p=row) for row in chances])


def test_a_fitted_temperature_makes_overconfident_logits_calibrated() -> None:
    logits, labels = overconfident()
    groups = np.where(np.arange(4000) % 3 == 0, "A", "B")
    assert fit_temperature(logits, labels, groups) == pytest.approx(3, rel=0.1)


def test_every_group_weighs_the_same_in_a_fitted_temperature() -> None:
    draws = np.random.default_rng(1)
    logits = draws.standard_normal((900, 7)) * 3
    sure = np.arange(900) < 100
    labels = np.where(sure, logits.argmax(axis=1), draws.integers(0, 7, 900))
    among_all = fit_temperature(logits, labels)
    assert among_all == fit_temperature(logits, np.eye(7)[labels], np.zeros(900))
    assert fit_temperature(logits, labels, sure) < among_all
