"""The calibration table: its figures, and what chance alone would show."""

import numpy as np
import pytest

from ml.evaluation.calibration import calibration, perfect_errors
from ml.evaluation.metrics import expected_calibration_error


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
