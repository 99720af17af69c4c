"""What the decoder writes is held against the sound."""

from dataclasses import replace

import pytest

from ml.transcript.decoder import Draft
from ml.transcript.pieces import Piece
from ml.transcript.results import Word
from ml.transcript.trust import NEAR_SPEECH_S, compression, is_sound, said

PIECE = Piece(((0.0, 5.0),))
GOOD = Draft((Word(" good", 0.5, 1.0, 0.9), Word(" morning", 1.0, 1.6, 0.9)), -0.3, 0.1)


def test_a_sure_draft_is_believed() -> None:
    assert is_sound(GOOD, PIECE)
    assert is_sound(replace(GOOD, no_speech=0.9), PIECE), "sure of its words: the doubt does not count"


@pytest.mark.parametrize(
    "draft",
    [
        replace(GOOD, mean_log_probability=-1.1),
        replace(GOOD, mean_log_probability=-0.7, no_speech=0.7),
        replace(GOOD, words=tuple(Word(" again and again and again", 0, 1, 0.9) for _ in range(20))),
        replace(GOOD, words=tuple(Word(f" w{number * 7919}", 0, 1, 0.9) for number in range(63))),
    ],
    ids=["unsure", "nobody speaks", "repeats itself", "faster than anybody speaks"],
)
def test_a_draft_is_not_believed(draft: Draft) -> None:
    assert not is_sound(draft, PIECE)


def test_text_that_repeats_itself_compresses() -> None:
    assert compression("") == 1
    assert compression("you may say so") < 1.5
    assert compression("thank you " * 20) > 2.4


def test_a_word_in_silence_was_not_said_and_the_others_are_cut_to_the_speech() -> None:
    spans = [(1.0, 2.0), (6.0, 7.0)]
    words = [
        Word(" inside", 1.2, 1.6, 0.9),
        Word(" stretched", 1.8, 4.0, 0.9),
        Word(" invented", 3.5, 4.2, 0.9),
        Word(" near", 5.6, 6.0 - NEAR_SPEECH_S / 2, 0.9),
    ]
    kept = said(words, spans)
    assert [word.text for word in kept] == [" inside", " stretched", " near"]
    assert [(word.start_s, word.end_s) for word in kept] == [(1.2, 1.6), (1.8, 2.0), (6.0, 6.0)]
