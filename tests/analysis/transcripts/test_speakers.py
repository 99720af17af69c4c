"""Words are given to the speakers of turns that were found by other means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.transcripts.content import Sentence, Word
from analysis.transcripts.speakers import NEAR_S, sentence_speakers, speakers_of

TURNS = [(4.0, 8.0, 2), (0.0, 4.2, 1)]


@pytest.mark.parametrize(
    ("start_s", "end_s", "speaker"),
    [
        (1.0, 1.4, 1),
        (5.0, 5.5, 2),
        (3.8, 4.1, 1),
        (3.9, 5.0, 2),
        (4.0, 4.2, 1),
        (8.0 + NEAR_S, 9.0, 2),
        (8.1 + NEAR_S, 9.0, None),
        (4.1, 4.1, 1),
    ],
    ids=["inside", "the other", "mostly", "mostly the other", "a tie", "near", "far", "without length"],
)
def test_a_word_is_the_speaker_s_who_speaks_longest_during_it(start_s, end_s, speaker):
    assert speakers_of([Word(" a", start_s, end_s, 1.0)], TURNS) == [speaker]


def test_many_short_turns_of_one_count_together():
    turns = [(0.0, 0.3, 1), (0.4, 0.7, 1), (0.3, 0.8, 2)]
    assert speakers_of([Word(" a", 0.0, 0.8, 1.0)], turns) == [1]


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


def test_a_sentence_is_whose_most_of_its_words_are():
    words = tuple(Word(" a", float(at), at + 0.5, 1.0) for at in range(8))
    sentences = [Sentence(0, 6, words[:6]), Sentence(4, 8, words[4:]), Sentence(20, 21, (Word(" b", 20.0, 21.0, 1.0),))]
    assert sentence_speakers(sentences, TURNS) == [1, 2, None]
    assert sentence_speakers(sentences, []) == [None, None, None]
