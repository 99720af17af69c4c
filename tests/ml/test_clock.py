"""The player's clock and that of what a recording holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.clock import Clock, common_gaps

CLOCK = Clock(((2.0, 3002.0), (3010.0, 3020.0)))


def test_without_gaps_both_clocks_are_one() -> None:
    assert Clock().shown(7.5) == Clock().shown_end(7.5) == 7.5
    assert Clock().stretches(9.0) == [(0.0, 9.0)]


def test_what_begins_at_a_cut_begins_after_the_gap_and_what_ends_there_ends_before_it() -> None:
    assert CLOCK.shown_span((0.0, 2.0)) == (0.0, 2.0)
    assert CLOCK.shown_span((2.0, 10.0)) == (3002.0, 3010.0)
    assert CLOCK.shown_span((10.0, 12.0)) == (3020.0, 3022.0)


def test_the_stretches_lie_between_the_gaps() -> None:
    assert CLOCK.left_out_s == 3010
    assert CLOCK.stretches(15.0) == [(0.0, 2.0), (2.0, 10.0), (10.0, 15.0)]
    assert Clock(((0.0, 20.0),)).stretches(5.0) == [(0.0, 5.0)]


@given(st.lists(st.floats(0.01, 1e4), min_size=2, max_size=20), st.floats(0, 1e5))
def test_time_never_runs_backwards(lengths: list[float], seconds: float) -> None:
    edges = [sum(lengths[: n + 1]) for n in range(len(lengths) // 2 * 2)]
    clock = Clock(tuple(zip(edges[::2], edges[1::2], strict=True)))
    assert clock.shown(seconds) >= clock.shown_end(seconds) >= seconds
    assert clock.shown(seconds + 1) >= clock.shown(seconds) + 1 - 1e-6


@pytest.mark.parametrize(
    ("holes", "common"),
    [
        ([], []),
        ([[(2.0, 30.0)]], [(2.0, 30.0)]),
        ([[(2.0, 30.0)], []], []),
        ([[(2.0, 30.0), (40.0, 60.0)], [(5.0, 50.0)]], [(5.0, 30.0), (40.0, 50.0)]),
        ([[(2.0, 30.0)], [(25.0, 50.0)]], []),
    ],
)
def test_only_what_no_stream_holds_is_a_gap(
    holes: list[list[tuple[float, float]]], common: list[tuple[float, float]]
) -> None:
    assert common_gaps(holes, 10) == common
