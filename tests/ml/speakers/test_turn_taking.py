"""Who has the floor: turns, pauses, answers, interruptions and back-channels of constructed conversations."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.speakers.turn_taking import alone_and_together_s, exchange_of
from ml.turns import Turn, covered_s


def stretch(start_s: float, end_s: float, speaker: int) -> Turn:
    return Turn(start_s, end_s, speaker, overlap=False, certainty=0.9)


@st.composite
def conversations(draw, voices: int = 2) -> list[Turn]:
    """Stretches of several voices; those of one voice do not overlap."""
    turns = []
    for speaker in range(1, voices + 1):
        at = draw(st.integers(0, 50))
        for gap, length in draw(st.lists(st.tuples(st.integers(1, 80), st.integers(1, 120)), min_size=1, max_size=12)):
            at += gap
            turns.append(stretch(at / 10, (at + length) / 10, speaker))
            at += length
    return turns


def test_an_answers_latency_is_exact_and_an_early_one_is_negative():
    exchange = exchange_of([stretch(0, 4, 1), stretch(4.5, 8, 2), stretch(7.8, 12, 1)])
    assert [turn.latency_s for turn in exchange.held] == [None, pytest.approx(0.5), pytest.approx(-0.2)]


def test_stretches_of_one_voice_are_one_turn_with_a_pause_however_long():
    (turn, answer) = exchange_of([stretch(0, 2, 1), stretch(3, 4, 1), stretch(14, 15, 1), stretch(16, 18, 2)]).held
    assert turn.pauses_s == pytest.approx([1, 10])
    assert turn.seconds == pytest.approx(15)
    assert answer.pauses_s == []


def test_a_short_stretch_inside_anothers_is_a_backchannel_and_takes_no_turn():
    exchange = exchange_of([stretch(0, 10, 1), stretch(5, 5.4, 2), stretch(11, 15, 1)])
    assert len(exchange.held) == 1
    assert [turn.start_s for turn in exchange.backchannels] == [5]


def test_a_long_stretch_inside_anothers_is_neither_turn_nor_backchannel():
    exchange = exchange_of([stretch(0, 10, 1), stretch(5, 7, 2)])
    assert len(exchange.held) == 1 and not exchange.backchannels


def test_stretches_of_one_voice_that_lie_in_one_another_are_one_turn_without_a_pause():
    (turn, answer) = exchange_of([stretch(0, 10, 1), stretch(2, 3, 1), stretch(12, 15, 1), stretch(16, 18, 2)]).held
    assert (turn.end_s, turn.pauses_s, answer.latency_s) == (15, [2], 1)
    assert exchange_of([stretch(0, 10, 1), stretch(2, 2.5, 1)]).backchannels == ()


def test_a_short_answer_in_silence_is_a_turn():
    assert len(exchange_of([stretch(0, 10, 1), stretch(10.2, 10.6, 2), stretch(11, 15, 1)]).held) == 3


@pytest.mark.parametrize(
    ("starts_s", "interrupts"),
    [(9.9, False), (9.7, True), (9.0, True), (8.9, False), (10.1, False)],
)
def test_who_starts_while_another_speaks_interrupts_if_that_one_stops_within_a_second(starts_s, interrupts):
    exchange = exchange_of([stretch(0, 10, 1), stretch(starts_s, 15, 2)])
    assert exchange.held[1].interrupts is interrupts
    assert (exchange.interrupted(1), exchange.interrupted(2)) == (int(interrupts), 0)


@given(conversations(voices=3))
def test_time_alone_and_together_is_all_the_time_in_which_anybody_speaks(turns):
    alone, together = alone_and_together_s(turns)
    assert sum(alone.values()) + together == pytest.approx(covered_s(turns))
    assert all(seconds >= -1e-9 for seconds in alone.values())


@given(conversations())
def test_every_turn_begins_after_the_one_before_it_and_neighbours_differ(turns):
    held = exchange_of(turns).held
    assert held
    for before, after in pairwise(held):
        assert before.speaker != after.speaker
        assert before.start_s <= after.start_s and before.end_s <= after.end_s


@given(conversations())
def test_the_order_in_which_stretches_are_given_does_not_matter(turns):
    assert exchange_of(list(reversed(turns))) == exchange_of(turns)
