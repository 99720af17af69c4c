"""Who speaks when: what ``ml.speakers`` finds out and everything after it reads. Times are seconds from the start."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ml.clock import Clock

SAMPLE_S = 5.0
"""Length of a voice's sample at most."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch in which one voice speaks without a pause that counts.

    Attributes:
        speaker: number of the voice.
        overlap: whether somebody else speaks at the same time for most of it.
        certainty: how sure it is that this voice speaks, 0-1.
    """

    start_s: float
    end_s: float
    speaker: int
    overlap: bool
    certainty: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end_s - self.start_s

    def as_dict(self) -> dict[str, Any]:
        """As in the JSON contract of ``python -m ml speakers --json``."""
        return {
            "start_s": round(self.start_s, 3),
            "end_s": round(self.end_s, 3),
            "speaker": self.speaker,
            "overlap": self.overlap,
            "certainty": round(self.certainty, 4),
        }


@dataclass(frozen=True, slots=True)
class Speaker:
    """One voice.

    Attributes:
        number: 1, 2, ... in order of first speech.
        seconds: how long it speaks.
        channel: number of the sound channel or track it has to itself; None where voices share one.
        face: number of the face track whose lips move with it; None where none does.
        enrolled: whether it is the voice of a counsellor who enrolled it.
    """

    number: int
    seconds: float
    channel: int | None = None
    face: int | None = None
    enrolled: bool = False

    def as_dict(self) -> dict[str, Any]:
        """As in the JSON contract."""
        return {
            "id": self.number,
            "seconds": round(self.seconds, 3),
            "channel": self.channel,
            "face": self.face,
            "enrolled": self.enrolled,
        }


@dataclass(frozen=True, slots=True)
class SpeakerTurns:
    """The voices of a recording and their turns in order of time.

    Attributes:
        student: number of the voice that is the student's; None where the evidence does not decide.
        several: whether it is sure that more than one person speaks. Where it is not, the voices are a guess, and all
            speech counts as the student's until somebody says otherwise.
    """

    speakers: tuple[Speaker, ...] = ()
    turns: tuple[Turn, ...] = ()
    student: int | None = None
    several: bool = False

    def of(self, number: int) -> tuple[Turn, ...]:
        """The turns of one voice."""
        return tuple(turn for turn in self.turns if turn.speaker == number)

    def on(self, clock: Clock) -> "SpeakerTurns":
        """The same on the player's clock."""
        spans = [clock.shown_span((turn.start_s, turn.end_s)) for turn in self.turns]
        turns = (replace(turn, start_s=s, end_s=e) for turn, (s, e) in zip(self.turns, spans, strict=True))
        return replace(self, turns=tuple(turns))

    def sample(self, number: int) -> tuple[float, float] | None:
        """At most ``SAMPLE_S`` of a long and sure turn in which this voice speaks alone; None without any."""
        alone = [turn for turn in self.of(number) if not turn.overlap]
        if not alone:
            return None
        best = max(alone, key=lambda turn: (min(turn.seconds, SAMPLE_S) * turn.certainty, -turn.start_s))
        middle = (best.start_s + best.end_s) / 2
        half = min(best.seconds, SAMPLE_S) / 2
        return middle - half, middle + half

    def as_dict(self) -> dict[str, Any]:
        """The JSON contract of ``python -m ml speakers --json``."""
        return {
            "speakers": [speaker.as_dict() for speaker in self.speakers],
            "turns": [turn.as_dict() for turn in self.turns],
            "student": self.student,
            "several": self.several,
        }


def covered_s(turns: Sequence[Turn]) -> float:
    """Seconds in which anybody speaks: overlaps counted once."""
    total, until = 0.0, 0.0
    for turn in sorted(turns, key=lambda turn: turn.start_s):
        total += max(0.0, turn.end_s - max(turn.start_s, until))
        until = max(until, turn.end_s)
    return total
