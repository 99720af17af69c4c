import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st

from ml.voice.contours import (
    FUNCTIONALS,
    LOCATED,
    SCALED,
    SHAPED,
    ContourNetwork,
    ContourSizes,
    contours,
    standardise,
)


def frames(seed: int, count: int = 40, features: int = 3) -> np.ndarray:
    draws = np.random.default_rng(seed)
    return (draws.standard_normal((count, features)).cumsum(axis=0) * draws.uniform(0.5, 3, features)).astype(
        np.float32
    )


def test_moments_and_quantiles_are_those_of_numpy_and_scipy() -> None:
    given_frames = frames(1).astype(np.float64)
    found = contours(given_frames)
    assert np.allclose(found[0], given_frames.mean(axis=0), atol=1e-4)
    assert np.allclose(found[1:6], np.quantile(given_frames, (0.05, 0.25, 0.5, 0.75, 0.95), axis=0), atol=1e-4)
    assert np.allclose(found[SCALED][0], given_frames.std(axis=0), atol=1e-4)
    assert np.allclose(found[SHAPED][0], scipy.stats.skew(given_frames), atol=0.01)
    kurtosis = scipy.stats.kurtosis(given_frames, fisher=False)
    assert np.allclose(found[SHAPED][1], np.log(kurtosis + 0.1), atol=0.01)


@pytest.mark.parametrize(("rise", "bow"), [(2.0, 0.0), (-0.5, 0.0), (0.0, 3.0), (1.0, -2.0)])
def test_slope_and_bend_are_found_in_a_curve_made_of_them(rise: float, bow: float) -> None:
    time = np.linspace(-1, 1, 501)[:, None]
    found = contours(5 + rise * time + bow * (3 * time**2 - 1) / 2)
    assert found[SCALED][1, 0] == pytest.approx(rise, abs=0.02)
    assert found[SCALED][2, 0] == pytest.approx(bow, abs=0.03)


def test_thirds_and_steps_follow_a_staircase() -> None:
    stairs = np.repeat([1.0, 2.0, 4.0], 10)[:, None]
    found = contours(stairs)
    assert found[LOCATED][6:, 0].tolist() == [1.0, 2.0, 4.0]
    assert found[SCALED][3, 0] == pytest.approx(3 / 29)


@given(st.integers(0, 500), st.integers(1, 60), st.floats(-5, 5), st.floats(0.2, 5))
def test_standardised_contours_are_the_contours_of_standardised_frames(
    seed: int, count: int, mean: float, std: float
) -> None:
    given_frames = frames(seed, count)
    direct = contours((given_frames - mean) / std)
    by_rule = standardise(contours(given_frames), np.full(3, mean), np.full(3, std))
    assert direct.shape == (FUNCTIONALS, 3)
    assert np.isfinite(direct).all()
    assert np.allclose(direct[LOCATED], by_rule[LOCATED], rtol=1e-3, atol=1e-3)
    assert np.allclose(direct[SCALED], by_rule[SCALED], rtol=1e-3, atol=1e-3)


@given(st.integers(1, 5))
def test_a_constant_voice_has_finite_contours(count: int) -> None:
    assert np.isfinite(contours(np.full((count, 2), 7.0, dtype=np.float32))).all()


def test_one_wild_contour_cannot_drown_the_others() -> None:
    torch.manual_seed(0)
    network = ContourNetwork(ContourSizes(inputs=3, hidden=4)).eval()
    calm = torch.zeros(1, FUNCTIONALS, 3)
    wild, wilder = calm.clone(), calm.clone()
    wild[0, 0, 0], wilder[0, 0, 0] = 10, 1e6
    with torch.inference_mode():
        assert torch.equal(network(wild), network(wilder))
        assert not torch.equal(network(calm), network(wild))
