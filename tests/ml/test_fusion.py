"""Decision-level fusion (paper eq. 6)."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ml.config import Config
from ml.fusion import Fused, fuse

distributions = st.lists(st.floats(1e-6, 1), min_size=7, max_size=7).map(lambda w: np.array(w) / sum(w))
shares = st.floats(0, 1)
PRODUCT = Config(fusion="product")
ALMOST_LEVEL = np.array([0.9999999999999999, 0.5, 0.5, 1.0, 1.0, 1.0, 0.5])


def weighted(
    face: np.ndarray | None, voice: np.ndarray | None, alpha: float, beta: float, temperature: float = 1.0
) -> Fused:
    """The paper's rule."""
    return fuse(face, voice, Config(fusion="weighted", alpha=alpha, beta=beta, fusion_temperature=temperature))


@given(distributions, distributions, shares)
def test_the_result_is_a_distribution_between_the_two(face: np.ndarray, voice: np.ndarray, alpha: float) -> None:
    fused = weighted(face, voice, alpha, 1 - alpha).probabilities
    assert fused is not None
    assert fused.sum() == pytest.approx(1, abs=1e-12)
    assert np.all(fused >= np.minimum(face, voice) - 1e-9)
    assert np.all(fused <= np.maximum(face, voice) + 1e-9)


@given(distributions, distributions, shares)
def test_swapping_both_the_inputs_and_their_weights_changes_nothing(
    face: np.ndarray, voice: np.ndarray, alpha: float
) -> None:
    one, other = weighted(face, voice, alpha, 1 - alpha), weighted(voice, face, 1 - alpha, alpha)
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-12)


@given(distributions, distributions)
@example(ALMOST_LEVEL / sum(ALMOST_LEVEL), np.array([0.15999999999999998, 0.08, 0.12, 0.16, 0.16, 0.16, 0.16]))
def test_where_both_agree_on_the_class_so_does_fusion(face: np.ndarray, voice: np.ndarray) -> None:
    fused = weighted(face, voice, 0.6, 0.4).probabilities
    assert fused is not None
    if face.argmax() == voice.argmax():
        # Classes whose probabilities differ in the last bit only may come out level.
        assert fused[face.argmax()] >= fused.max() - 1e-12


@given(distributions, distributions)
def test_a_weight_of_one_leaves_the_other_out(face: np.ndarray, voice: np.ndarray) -> None:
    np.testing.assert_allclose(weighted(face, voice, 1, 0).probabilities, face, atol=1e-9)
    np.testing.assert_allclose(weighted(face, voice, 0, 1).probabilities, voice, atol=1e-9)


@given(distributions)
def test_a_missing_modality_leaves_the_other_alone_and_says_so(only: np.ndarray) -> None:
    by_face, by_voice = weighted(only, None, 0.6, 0.4), weighted(None, only, 0.6, 0.4)
    assert (by_face.flag, by_voice.flag) == ("face_only", "voice_only")
    np.testing.assert_allclose(by_face.probabilities, only, atol=1e-9)
    np.testing.assert_allclose(by_voice.probabilities, only, atol=1e-9)


def test_the_papers_weights_let_the_face_prevail_when_both_are_equally_sure() -> None:
    face, voice = np.eye(7)[3], np.eye(7)[2]
    fused = weighted(face, voice, 0.6, 0.4)
    assert fused.flag == ""
    assert fused.probabilities is not None
    np.testing.assert_allclose(fused.probabilities[[2, 3]], [0.4, 0.6])


def test_nothing_in_gives_nothing_out() -> None:
    assert weighted(None, None, 0.6, 0.4) == (None, "none")


@given(distributions, distributions, st.floats(0.3, 3))
def test_a_temperature_changes_how_sure_but_not_what(face: np.ndarray, voice: np.ndarray, temperature: float) -> None:
    plain = weighted(face, voice, 0.6, 0.4).probabilities
    tempered = weighted(face, voice, 0.6, 0.4, temperature).probabilities
    assert plain is not None
    assert tempered is not None
    assert tempered.sum() == pytest.approx(1)
    assert plain[tempered.argmax()] == pytest.approx(plain.max())
    if temperature < 1:
        assert tempered.max() >= plain.max() - 1e-9
    else:
        assert tempered.max() <= plain.max() + 1e-9


@given(distributions, distributions)
def test_a_temperature_of_a_half_squares_the_weighted_sum(face: np.ndarray, voice: np.ndarray) -> None:
    squares = np.square(0.6 * face + 0.4 * voice)
    fused = weighted(face, voice, 0.6, 0.4, 0.5).probabilities
    np.testing.assert_allclose(fused, squares / squares.sum(), atol=1e-9)


def test_a_temperature_near_nothing_still_gives_a_distribution() -> None:
    sides = np.array([0.2, 0.1, 0.1, 0.3, 0.1, 0.1, 0.1])
    fused = weighted(sides, sides, 0.6, 0.4, 0.001).probabilities
    np.testing.assert_allclose(fused, np.eye(7)[3], atol=1e-12)


@given(distributions, distributions)
def test_a_side_that_knows_nothing_changes_no_decision(face: np.ndarray, voice: np.ndarray) -> None:
    """The paper's sum follows the heavier side even there; the product follows the one that knows."""
    blank = np.full(7, 1 / 7)
    for known, fused in (
        (face, fuse(face, blank, PRODUCT).probabilities),
        (voice, fuse(blank, voice, PRODUCT).probabilities),
    ):
        assert fused is not None
        assert fused.sum() == pytest.approx(1)
        assert known[fused.argmax()] == pytest.approx(known.max())


def test_two_that_agree_are_surer_together_and_the_surer_prevails() -> None:
    half = np.array([0.5, 0.1, 0.1, 0.1, 0.1, 0.05, 0.05])
    agreed = fuse(half, half, PRODUCT).probabilities
    assert agreed is not None
    assert agreed[0] > 0.5
    sure = np.array([0.02, 0.9, 0.02, 0.02, 0.02, 0.01, 0.01])
    split = fuse(half, sure, PRODUCT).probabilities
    assert split is not None
    assert split.argmax() == 1


@pytest.mark.parametrize("powers", [{"face_power": 0.0}, {"voice_power": 1.5}])
def test_powers_beyond_their_range_are_refused(powers: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="power"):
        Config(**powers)  # type: ignore[arg-type]
