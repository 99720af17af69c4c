"""Whose voice is judged."""

import numpy as np

from ml.speakers.student import own_speech, with_student
from ml.turns import Speaker, SpeakerTurns, Turn

TWO = SpeakerTurns(
    (Speaker(1, 2.0), Speaker(2, 2.0)),
    (Turn(0, 2, 1, overlap=False, certainty=1.0), Turn(1.6, 3.6, 2, overlap=False, certainty=1.0)),
    several=True,
)
SPEECH = np.full(125, 0.9, dtype=np.float32)
"""Four seconds."""


def judged(turns: SpeakerTurns) -> tuple[float, float]:
    """First and last second of the speech that is judged; (0, 0) for none."""
    inside = np.flatnonzero(own_speech(SPEECH, turns)) * 0.032
    return (round(float(inside[0]), 1), round(float(inside[-1]), 1)) if len(inside) else (0, 0)


def test_somebody_who_speaks_alone_is_the_student() -> None:
    alone = with_student(SpeakerTurns((Speaker(1, 2.0),), TWO.turns[:1]))
    assert alone.student == 1
    assert judged(alone) == (0, 4.0)


def test_of_two_voices_none_is_the_student_until_somebody_says_so() -> None:
    assert with_student(TWO).student is None
    assert judged(with_student(TWO)) == (0, 0)


def test_a_choice_counts_and_what_both_say_at_once_is_nobodys() -> None:
    chosen = with_student(TWO, 2)
    assert chosen.student == 2
    assert judged(chosen) == (2.0, 3.6)
    assert judged(with_student(TWO, 1)) == (0, 1.6)


def test_a_choice_of_no_such_voice_is_none() -> None:
    gone = with_student(SpeakerTurns(TWO.speakers, TWO.turns, several=False), 7)
    assert (gone.student, gone.several) == (None, True)
    assert judged(gone) == (0, 0)


def test_where_it_is_not_sure_that_two_speak_everything_counts_until_somebody_chooses() -> None:
    unsure = SpeakerTurns(TWO.speakers, TWO.turns, several=False)
    assert judged(with_student(unsure)) == (0, 4.0)
    assert with_student(unsure, 1).several
    assert judged(with_student(unsure, 1)) == (0, 1.6)
