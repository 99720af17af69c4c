"""Which voice is the student's, and which speech is therefore judged."""

from dataclasses import replace

import numpy as np

from ml.turns import SpeakerTurns
from ml.voice import activity
from ml.voice.framing import SAMPLE_RATE

_WINDOW_S = activity.WINDOW_SAMPLES / SAMPLE_RATE


def with_student(turns: SpeakerTurns, chosen: int | None = None) -> SpeakerTurns:
    """The same voices with the student's named, where that is known.

    A person's choice counts, and says that several speak; of a voice that is not there, nobody is the student until
    they choose again. Without a choice, somebody who speaks alone is the student.

    Args:
        chosen: number of the voice that a person says is the student's.
    """
    numbers = {speaker.number for speaker in turns.speakers}
    if chosen is not None:
        return replace(turns, student=chosen if chosen in numbers else None, several=True)
    return replace(turns, student=next(iter(numbers)) if len(numbers) == 1 else None)


def own_speech(speech: np.ndarray, turns: SpeakerTurns) -> np.ndarray:
    """Speech probabilities with 0 wherever somebody else speaks, or it is not known who.

    Everything counts where it is not sure that more than one person speaks.

    Args:
        speech: probability of every 512-sample window (``activity``), shape (n,).
    """
    if not turns.several:
        return speech
    middles = (np.arange(len(speech)) + 0.5) * _WINDOW_S
    own, others = np.zeros(len(speech), dtype=bool), np.zeros(len(speech), dtype=bool)
    for turn in turns.turns:
        inside = (middles >= turn.start_s) & (middles < turn.end_s)
        (own if turn.speaker == turns.student else others)[inside] = True
    return np.where(own & ~others, speech, np.float32(0))
