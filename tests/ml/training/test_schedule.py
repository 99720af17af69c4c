"""Learning rates follow from the step alone."""

import pytest

from ml.training.schedule import half_cosine, rate


def test_the_rate_rises_over_a_tenth_of_the_steps_and_falls_along_a_half_cosine() -> None:
    rates = [rate(step, 100) for step in range(100)]
    assert rates[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert rates[10] == pytest.approx(1)
    assert rates[55] == pytest.approx(0.5)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert 0 < rates[99] < 0.001


def test_a_half_cosine_begins_at_one_passes_a_half_and_ends_at_nothing() -> None:
    assert [half_cosine(done, 8) for done in (0, 4, 8)] == pytest.approx([1, 0.5, 0])
    assert half_cosine(0.25) == pytest.approx(half_cosine(2, 8)) == pytest.approx(0.853553, abs=1e-6)
