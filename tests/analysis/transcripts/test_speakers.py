"""Words are given to the speakers of turns that were found by other means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.transcripts.content import Word
from analysis.transcripts.speakers import NEAR_S, speakers_of

TURNS = [(4.0, 8.0, "B"), (0.0, 4.2, "A")]


@pytest.mark.parametrize(
    ("start_s", "end_s", "speaker"),
    [
        (1.0, 1.4, "A"),
        (5.0, 5.5, "B"),
        (3.8, 4.1, "A"),
        (3.9, 5.0, "B"),
        (4.0, 4.2, "A"),
        (8.0 + NEAR_S, 9.0, "B"),
        (8.1 + NEAR_S, 9.0, None),
        (4.1, 4.1, "A"),
    ],
    ids=["inside", "the other", "mostly", "mostly the other", "a tie", "near", "far", "without length"],
)
def test_a_word_is_the_speaker_s_who_speaks_longest_during_it(start_s, end_s, speaker):
    assert speakers_of([Word(" a", start_s, end_s, 1.0)], TURNS) == [speaker]


def test_many_short_turns_of_one_count_together():
    turns = [(0.0, 0.3, "A"), (0.4, 0.7, "A"), (0.3, 0.8, "B")]
    assert speakers_of([Word(" a", 0.0, 0.8, 1.0)], turns) == ["A"]


def test_without_turns_nobody_said_it():
    assert speakers_of([Word(" a", 0, 1, 1.0)], []) == [None]
    assert speakers_of([], TURNS) == []


@given(
    st.lists(st.tuples(st.floats(0, 50), st.floats(0, 5)), max_size=20),
    st.lists(st.tuples(st.floats(0, 50), st.floats(0, 9), st.sampled_from("ABC")), max_size=8),
)
def test_every_word_gets_one_answer_whatever_the_order_of_the_turns(spans, spoken):
    words = [Word(" a", start, start + length, 1.0) for start, length in spans]
    turns = [(start, start + length, speaker) for start, length, speaker in spoken]
    answer = speakers_of(words, turns)
    assert len(answer) == len(words)
    assert answer == speakers_of(words, list(reversed(turns)))
