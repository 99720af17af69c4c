"""Intervals by resampling and from counts."""

import numpy as np
import pytest

from ml.speakers.estimates import FEWEST, median_of, rate_of, ratio_of


def test_a_median_of_too_few_is_none():
    assert median_of(np.arange(FEWEST - 1.0)) is None
    assert median_of(np.arange(float(FEWEST))).value == 2


def test_a_medians_interval_covers_the_truth_about_as_often_as_it_says():
    chance = np.random.default_rng(1)
    estimates = [median_of(chance.exponential(1.0, 40)) for _ in range(200)]
    right = np.mean([estimate.low <= np.log(2) <= estimate.high for estimate in estimates])
    assert 0.9 <= right <= 1


def test_more_of_the_same_makes_it_surer():
    chance = np.random.default_rng(1)
    few, many = (median_of(chance.normal(5, 1, n)) for n in (10, 1000))
    assert many.high - many.low < (few.high - few.low) / 3


def test_a_ratio_of_nothing_is_none():
    assert ratio_of(np.zeros(9), np.zeros(9)) is None
    assert ratio_of(np.full(9, 2.0), np.full(9, 4.0)).value == 0.5


def test_a_count_has_its_exact_interval():
    rate = rate_of(10, 600.0)
    assert (rate.value, rate.n) == (10, 10)
    assert (rate.low, rate.high) == (pytest.approx(4.795, abs=0.001), pytest.approx(18.39, abs=0.01))
    assert rate_of(0, 600.0).low == 0 and rate_of(0, 600.0).high == pytest.approx(3.689, abs=0.001)
    assert rate_of(3, 59.0) is None
