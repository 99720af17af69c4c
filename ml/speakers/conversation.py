"""How a conversation went, in numbers that describe and do not judge: who spoke how much, turns, pauses, answers,
interruptions, speaking rate, loudness and pitch, each with its uncertainty.

No number is called good or bad, and none stands for a state of mind. Where something happened too seldom to say, there
is None and never 0. The words for these numbers are the reader's side's.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from ml.speakers.contour import Contour
from ml.speakers.estimates import Estimate, median_of, rate_of, ratio_of
from ml.speakers.turn_taking import Exchange, HeldTurn, alone_and_together_s, exchange_of
from ml.speakers.voice_sound import Stretches, loudness, pitch, rate, stretches_of, voices_per_frame
from ml.turns import SpeakerTurns, Turn, covered_s

VERSION = 1
"""Of what the numbers mean; numbers of different versions are not compared."""

FIGURES: tuple[str, ...] = (
    "share",  # own speech over the time in which anybody speaks, 0-1
    "turn_s",  # length of a turn, its pauses included
    "pause_s",  # length of a pause inside an own turn
    "pause_share",  # pauses over the time of own turns, 0-1
    "latency_s",  # from the end of another's turn to the beginning of an own one; negative where they overlap
    "interrupting",  # own turns begun while another spoke, who stopped within a second; per 10 min of others' speech
    "interrupted",  # the same the other way round; per 10 min of own speech
    "backchannels",  # short stretches inside others' speech; per 10 min of that
    "rate",  # syllables per second of spoken time
    "loudness_db",  # above the mean of everybody's speech in this recording
    "pitch_hz",  # median fundamental frequency
    "pitch_range_st",  # width of the middle half of the pitch in semitones
)


@dataclass(frozen=True, slots=True)
class VoiceFigures:
    """One voice in a conversation.

    Attributes:
        number: as of ``ml.turns.Speaker``.
        seconds: how long it speaks.
        alone_s: of these, how long nobody else does.
        turns: how often it has the floor.
        certainty: how sure it is that the speech is this voice's, mean over its time, 0-1.
        figures: by the names of ``FIGURES``; None where there is too little to say.
    """

    number: int
    seconds: float
    alone_s: float
    turns: int
    certainty: float
    figures: dict[str, Estimate | None]

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "id": self.number,
            "seconds": round(self.seconds, 3),
            "alone_s": round(self.alone_s, 3),
            "turns": self.turns,
            "certainty": round(self.certainty, 4),
            "figures": {name: each and each.as_dict() for name, each in self.figures.items()},
        }


@dataclass(frozen=True, slots=True)
class Conversation:
    """A whole conversation.

    Attributes:
        duration_s: length of the recording.
        overlap_s: how long several speak at once.
        silent_s: how long nobody speaks.
        silent_share: ``silent_s`` over the recording, 0-1.
        gap_s: length of the silence between two turns of different voices; turns that meet or overlap have none.
        voices: in order of their numbers; none where nobody was told apart.
        student: number of the student's voice; None where the evidence does not decide.
    """

    duration_s: float = 0.0
    overlap_s: float = 0.0
    silent_s: float = 0.0
    silent_share: Estimate | None = None
    gap_s: Estimate | None = None
    voices: tuple[VoiceFigures, ...] = ()
    student: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON; empty where nobody was told apart."""
        if not self.voices:
            return {}
        return {
            "version": VERSION,
            "duration_s": round(self.duration_s, 3),
            "overlap_s": round(self.overlap_s, 3),
            "silent_s": round(self.silent_s, 3),
            "silent_share": self.silent_share and self.silent_share.as_dict(),
            "gap_s": self.gap_s and self.gap_s.as_dict(),
            "voices": [voice.as_dict() for voice in self.voices],
            "student": self.student,
        }


def describe(turns: SpeakerTurns, contour: Contour, duration_s: float) -> Conversation:
    """Describes the conversation of one recording.

    Pure: the same input gives the same numbers (resampling has a fixed seed), and exchanging two voices exchanges
    theirs.

    Args:
        turns: who speaks when.
        contour: level, pitch and voicing of the sound that the turns were found in, the separated voice:
            ``ml.speakers.contour.contour_of(samples, gain)``. Frames beyond its end count as nobody's.
        duration_s: length of the recording.

    Returns:
        The description; one without voices, ``as_dict()`` of which is empty, where no voice was told apart.
    """
    spoken = [turn for turn in turns.turns if turn.seconds > 0]
    numbers = sorted({turn.speaker for turn in spoken})
    if not numbers:
        return Conversation()
    exchange = exchange_of(spoken)
    alone, together = alone_and_together_s(spoken)
    per_frame = voices_per_frame(spoken, contour)
    sounds = {number: stretches_of(spoken, number, contour, per_frame) for number in numbers}
    length = max(duration_s, *(turn.end_s for turn in spoken))
    return Conversation(
        duration_s=length,
        overlap_s=together,
        silent_s=length - covered_s(spoken),
        silent_share=_silent_share(spoken, length),
        gap_s=median_of(np.array([turn.latency_s for turn in exchange.held if (turn.latency_s or 0) > 0])),
        voices=tuple(_voice(number, spoken, exchange, sounds, alone[number]) for number in numbers),
        student=turns.student,
    )


def _voice(
    number: int, spoken: Sequence[Turn], exchange: Exchange, sounds: dict[int, Stretches], alone_s: float
) -> VoiceFigures:
    own = [turn for turn in spoken if turn.speaker == number]
    held = exchange.of(number)
    seconds = sum(turn.seconds for turn in own)
    others_s = covered_s([turn for turn in spoken if turn.speaker != number])
    backchannels = sum(turn.speaker == number for turn in exchange.backchannels)
    is_alone = len(sounds) < 2
    lengths = np.array([turn.seconds for turn in held])
    pitch_hz, pitch_range_st = pitch(sounds[number])
    figures = {
        "share": _share(held, own, spoken),
        "turn_s": median_of(lengths),
        "pause_s": median_of(np.array([pause for turn in held for pause in turn.pauses_s])),
        "pause_share": ratio_of(np.array([sum(turn.pauses_s) for turn in held]), lengths),
        "latency_s": median_of(np.array([turn.latency_s for turn in held if turn.latency_s is not None])),
        "interrupting": rate_of(sum(turn.interrupts for turn in held), others_s),
        "interrupted": None if is_alone else rate_of(exchange.interrupted(number), seconds),
        "backchannels": rate_of(backchannels, others_s),
        "rate": rate(sounds[number]),
        "loudness_db": loudness(sounds[number], list(sounds.values())),
        "pitch_hz": pitch_hz,
        "pitch_range_st": pitch_range_st,
    }
    certainty = sum(turn.seconds * turn.certainty for turn in own) / seconds
    return VoiceFigures(number, seconds, alone_s, len(held), certainty, figures)


def _share(held: Sequence[HeldTurn], own: Sequence[Turn], spoken: Sequence[Turn]) -> Estimate | None:
    """Own speech over the time in which anybody speaks; resampled are rounds, from one own turn to the next.

    Single stretches would make it look surer than it is: who holds the floor speaks several of them.
    """
    if len(own) == len(spoken) or not held:
        return None
    begins = np.array([turn.start_s for turn in held])

    def per_round(turns: Sequence[Turn]) -> np.ndarray:
        rounds = np.searchsorted(begins, [turn.start_s for turn in turns], side="right") - 1
        return np.bincount(np.maximum(rounds, 0), [turn.seconds for turn in turns], minlength=len(begins))

    everybody = per_round(spoken)
    once = covered_s(spoken) / everybody.sum()  # overlaps count once
    share = ratio_of(per_round(own), everybody * once)
    return share and replace(share, high=min(share.high, 1.0))


def _silent_share(spoken: Sequence[Turn], length: float) -> Estimate | None:
    """Silence over the recording; resampled are stretches of speech, whoever's, each with the silence after it."""
    islands: list[list[float]] = []
    for turn in sorted(spoken, key=lambda turn: turn.start_s):
        if islands and turn.start_s <= islands[-1][1]:
            islands[-1][1] = max(islands[-1][1], turn.end_s)
        else:
            islands.append([turn.start_s, turn.end_s])
    ends = [*islands, [length + islands[0][0], 0.0]]  # what comes before the first counts with the last
    silences = np.array([after[0] - before[1] for before, after in pairwise(ends)])
    return ratio_of(silences, silences + np.array([end - start for start, end in islands]))
