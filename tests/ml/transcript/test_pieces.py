"""Which stretches are listened to."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ml.transcript.pieces import (
    CLOSED_GAP_S,
    JOINED_GAP_S,
    LEAST_SPEECH_S,
    MARGIN_S,
    PIECE_S,
    WINDOW_S,
    Piece,
    pieces,
    speech_spans,
)


def probabilities(*stretches: tuple[float, float]) -> np.ndarray:
    """Windows of (seconds, probability), one stretch after the other."""
    return np.concatenate([np.full(round(seconds / WINDOW_S), value, np.float32) for seconds, value in stretches])


def test_silence_has_no_span() -> None:
    assert speech_spans(probabilities((60, 0.1))) == []
    assert speech_spans(np.zeros(0, np.float32)) == []
    assert pieces([]) == []


def test_a_voice_is_found_with_a_margin_and_a_short_pause_does_not_divide_it() -> None:
    (span,) = speech_spans(probabilities((2, 0), (1, 0.9), (CLOSED_GAP_S - 0.05, 0.1), (1, 0.9), (2, 0)))
    assert abs(span[0] - (2 - MARGIN_S)) < 2 * WINDOW_S
    assert abs(span[1] - (4.3 + MARGIN_S)) < 2 * WINDOW_S


def test_a_cough_is_no_speech() -> None:
    assert speech_spans(probabilities((2, 0), (LEAST_SPEECH_S - 0.05, 0.9), (2, 0))) == []


def test_speech_without_a_pause_is_cut_where_it_is_least_certain() -> None:
    spans = speech_spans(probabilities((20, 0.9), (0.1, 0.6), (20, 0.9)))
    assert len(spans) == 2
    assert abs(spans[0][1] - 20) < 0.5


def test_far_apart_spans_are_never_in_one_piece() -> None:
    near, far = (0.0, 2.0), (2.0 + JOINED_GAP_S + 0.1, 8.0)
    assert [piece.spans for piece in pieces([near, far])] == [(near,), (far,)]


def test_a_full_piece_is_cut_at_its_longest_late_pause() -> None:
    spans = [(0.0, 8.0), (8.5, 17.0), (19.0, 24.0), (24.5, 29.5)]
    assert [len(piece.spans) for piece in pieces(spans)] == [2, 2]


def test_halves_are_cut_at_the_longest_pause() -> None:
    piece = Piece(((0, 1), (1.5, 3), (5, 6)))
    assert [half.spans for half in piece.halves()] == [((0, 1), (1.5, 3)), ((5, 6),)]
    assert Piece(((0, 1),)).halves() == ()


@given(st.lists(st.tuples(st.floats(0.1, 40), st.sampled_from([0.0, 0.4, 0.5, 0.9])), max_size=30))
def test_every_span_is_in_one_piece_and_none_is_too_long(stretches: list[tuple[float, float]]) -> None:
    spans = speech_spans(probabilities((0.1, 0), *stretches))
    packed = pieces(spans)
    assert [span for piece in packed for span in piece.spans] == spans
    assert all(piece.end_s - piece.start_s <= PIECE_S + 1e-6 for piece in packed)
    assert all(earlier[1] <= later[0] for earlier, later in pairwise(spans))
    assert all(start < end for start, end in spans)
