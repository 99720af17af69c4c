import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kurtosis, skew

from ml.voice.contours import FUNCTIONALS, contours


def test_the_functionals_are_what_they_say() -> None:
    rows = np.random.default_rng(1).standard_normal((60, 3))
    found = contours(rows)
    assert found.shape == (FUNCTIONALS, 3)
    assert found[0] == pytest.approx(rows.mean(axis=0), abs=1e-5)
    assert found[1:6] == pytest.approx(np.quantile(rows, (0.05, 0.25, 0.5, 0.75, 0.95), axis=0), abs=1e-5)
    assert found[6:9] == pytest.approx(np.stack([part.mean(axis=0) for part in np.split(rows, 3)]), abs=1e-5)
    assert found[9] == pytest.approx(rows.std(axis=0), abs=1e-5)
    assert found[12] == pytest.approx(np.abs(np.diff(rows, axis=0)).mean(axis=0), abs=1e-5)
    assert found[13] == pytest.approx(skew(rows), abs=0.01)
    assert found[14] == pytest.approx(np.log(kurtosis(rows, fisher=False) + 0.1), abs=0.01)


@given(st.floats(-3, 3), st.floats(-3, 3), st.integers(10, 200))
def test_slope_and_bend_of_a_parabola_are_its_coefficients(slope: float, bend: float, count: int) -> None:
    time = np.linspace(-1, 1, count)
    found = contours((slope * time + bend * (3 * time**2 - 1) / 2)[:, None])
    assert found[10, 0] == pytest.approx(slope, abs=0.02)
    assert found[11, 0] == pytest.approx(bend, abs=0.02 + 0.05 * abs(bend))


@given(st.integers(1, 4))
def test_a_few_frames_are_enough(count: int) -> None:
    assert np.isfinite(contours(np.ones((count, 2)))).all()
