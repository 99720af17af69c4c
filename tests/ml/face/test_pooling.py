"""From the frames of a segment to its scores."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.emotions import Emotion
from ml.face.pooling import FLOOR, TALKING, VIEWS, pooled_scores, softmax

raw = arrays(np.float64, st.tuples(st.integers(1, 12), st.just(7)), elements=st.floats(0.001, 1))


def rows(values: np.ndarray) -> np.ndarray:
    """Rows that sum to 1."""
    found: np.ndarray = values / values.sum(axis=1, keepdims=True)
    return found


@given(values=raw, sure=st.floats(0.01, 1))
def test_one_frame_has_exactly_the_networks_probabilities(values: np.ndarray, sure: float) -> None:
    frame = rows(values)[:1]
    np.testing.assert_allclose(softmax(pooled_scores(frame, np.array([sure]))), frame[0], atol=1e-12)


@given(values=raw, seed=st.integers(0, 99))
def test_the_order_of_frames_and_the_scale_of_confidence_do_not_matter(values: np.ndarray, seed: int) -> None:
    frames, draws = rows(values), np.random.default_rng(seed)
    sure = draws.uniform(0.6, 1, len(frames))
    order = draws.permutation(len(frames))
    np.testing.assert_allclose(pooled_scores(frames[order], sure[order] / 2), pooled_scores(frames, sure), atol=1e-9)


@given(classes=st.lists(st.integers(0, 6), min_size=1, max_size=9))
def test_frames_that_are_certain_have_finite_scores(classes: list[int]) -> None:
    scores = pooled_scores(np.eye(7)[classes], np.ones(len(classes)))
    assert np.isfinite(scores).all()
    assert scores.min() >= np.log(FLOOR) + TALKING.normal_bias
    assert abs(softmax(scores).sum() - 1) < 1e-9


def test_an_expression_in_the_peaks_counts_more_than_in_the_mean() -> None:
    calm, peak = np.full(7, 0.02), np.full(7, 0.02)
    calm[Emotion.NORMAL] = peak[Emotion.SURPRISED] = 0.88
    frames, sure = np.stack([calm] * 8 + [peak] * 2), np.ones(10)
    talking, mean = softmax(pooled_scores(frames, sure)), softmax(pooled_scores(frames, sure, VIEWS))
    assert talking[Emotion.SURPRISED] > 1.5 * mean[Emotion.SURPRISED]


def test_a_frame_that_is_hardly_a_face_makes_no_peak() -> None:
    calm, odd = np.full(7, 0.02), np.full(7, 0.02)
    calm[Emotion.NORMAL] = odd[Emotion.ANGER] = 0.88
    frames = np.stack([calm] * 7 + [odd])
    unsure, certain = (pooled_scores(frames, np.array([1.0] * 7 + [sure])) for sure in (0.1, 1.0))
    assert unsure[Emotion.ANGER] < certain[Emotion.ANGER]
