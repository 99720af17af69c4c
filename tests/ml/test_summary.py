"""Which segments a recording has, and what they say together."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.config import Config
from ml.results import Segment
from ml.summary import bin_attention, covered_s, plan_segments, summarise


@given(st.floats(0.05, 7200), st.sampled_from([(4.0, 2.0), (4.0, 4.0), (3.0, 0.7)]))
def test_segments_cover_the_recording_without_a_hole(duration: float, lengths: tuple[float, float]) -> None:
    config = Config(segment_s=lengths[0], hop_s=lengths[1])
    spans = plan_segments(duration, config)
    assert spans[0][0] == 0
    assert spans[-1][1] == pytest.approx(duration)
    assert covered_s(spans) == pytest.approx(duration, abs=0.11)
    assert all(0 < end - start <= config.segment_s + 0.11 for start, end in spans)


def test_a_minute_has_segments_of_four_seconds_every_two() -> None:
    spans = plan_segments(60, Config())
    assert len(spans) == 29
    assert spans[:2] == [(0, 4), (2, 6)]
    assert spans[-1] == (56, 60)


def test_the_end_of_a_recording_gets_a_shorter_segment() -> None:
    assert plan_segments(9, Config())[-2:] == [(4, 8), (6, 9)]


def test_a_clip_shorter_than_a_segment_is_one_segment() -> None:
    assert plan_segments(0.3, Config()) == [(0, 0.3)]


def test_a_tenth_of_a_second_is_no_segment_of_its_own() -> None:
    assert plan_segments(8.05, Config())[-1] == (4, 8.05)


@given(st.integers(1, 400), st.integers(0, 10_000))
def test_binned_attention_keeps_its_sum_and_its_order(frames: int, seed: int) -> None:
    weights = np.random.default_rng(seed).random(frames) + 1e-3
    times = 1.0 + np.arange(frames) * 0.03
    binned = bin_attention(times, weights / weights.sum())
    assert sum(w for _, w in binned) == pytest.approx(1)
    assert [t for t, _ in binned] == sorted({t for t, _ in binned})
    assert len(binned) <= frames


def segment(start: float, probabilities: list[float] | None) -> Segment:
    return Segment(start, start + 4, None if probabilities is None else np.array(probabilities), None, None, {})


def test_gaps_count_neither_as_evidence_nor_as_emotion() -> None:
    sad, happy = [0, 0, 0.8, 0.2, 0, 0, 0], [0, 0, 0.2, 0.8, 0, 0, 0]
    found = summarise([segment(0, sad), segment(2, sad), segment(4, None), segment(20, happy), segment(22, sad)])
    assert found["evidence_s"] == 6 + 6
    assert (found["segments"], found["judged"]) == (5, 4)
    assert (found["judged_s"], found["undecided_s"]) == (11, 0)
    assert found["shares"]["sad"] == found["negative_share"] == pytest.approx(8 / 11, abs=1e-6)
    assert found["label"] == "sad"
    assert found["probabilities"]["sad"] == pytest.approx(0.65)
