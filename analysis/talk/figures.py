"""How a conversation went, as a run has it stored (``ml.speakers.conversation``). Pure: no rows are read or written.

Only numbers of the version that is known here are read; a run without them, or with others, has no conversation.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

VERSION = 1

OF_A_VOICE: tuple[str, ...] = (
    "share",
    "turn_s",
    "latency_s",
    "pause_s",
    "pause_share",
    "interrupting",
    "interrupted",
    "backchannels",
    "rate",
    "loudness_db",
    "pitch_hz",
    "pitch_range_st",
)
"""What is said of each voice, in the order in which people read it."""
OF_ALL: tuple[str, ...] = ("silent_share", "gap_s")
"""What is said of the conversation as a whole."""
DESCRIPTIONS: tuple[str, ...] = OF_A_VOICE + OF_ALL


@dataclass(frozen=True)
class Number:
    """A number with its 95 % interval.

    Attributes:
        n: how many turns, pauses, answers or events it rests on.
        quartiles: where the middle half of those lies; None where that says nothing.
    """

    value: float
    low: float
    high: float
    n: int
    quartiles: tuple[float, float] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Voice:
    """One voice: how long it speaks, how long alone, how often it has the floor, and the numbers there are."""

    id: int
    seconds: float
    alone_s: float
    turns: int
    certainty: float
    figures: dict[str, Number] = field(default_factory=dict)


@dataclass(frozen=True)
class Conversation:
    """A whole conversation; ``student`` is the id of the student's voice, None where that is not known."""

    duration_s: float
    overlap_s: float
    silent_s: float
    voices: tuple[Voice, ...]
    student: int | None
    whole: dict[str, Number] = field(default_factory=dict)

    @property
    def own(self) -> Voice | None:
        """The student's voice."""
        return next((voice for voice in self.voices if voice.id == self.student), None)

    @property
    def others(self) -> list[Voice]:
        """The other voices, or all of them where the student's is not known."""
        return [voice for voice in self.voices if voice.id != self.student]

    def descriptions(self) -> dict[str, Number]:
        """What is said of the student's voice and of the conversation, by name, where there is enough to say."""
        return {**(self.own.figures if self.own else {}), **self.whole}


def conversation_read(stored: Mapping[str, Any]) -> Conversation | None:
    """What a run has stored; None where nobody was told apart, or by other rules than are known here."""
    if stored.get("version") != VERSION or not stored.get("voices"):
        return None
    voices = [
        Voice(
            id=voice["id"],
            seconds=voice["seconds"],
            alone_s=voice["alone_s"],
            turns=voice["turns"],
            certainty=voice["certainty"],
            figures=_numbers(voice["figures"], OF_A_VOICE),
        )
        for voice in stored["voices"]
    ]
    return Conversation(
        duration_s=stored["duration_s"],
        overlap_s=stored["overlap_s"],
        silent_s=stored["silent_s"],
        voices=tuple(voices),
        student=stored["student"],
        whole=_numbers(stored, OF_ALL),
    )


def descriptions_read(stored: Mapping[str, Any]) -> dict[str, Number]:
    """What a run says of the student and of the conversation; empty where it says nothing."""
    conversation = conversation_read(stored)
    return conversation.descriptions() if conversation else {}


def _numbers(stored: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Number]:
    return {name: _number(stored[name]) for name in names if stored.get(name)}


def _number(stored: Mapping[str, Any]) -> Number:
    quartiles = stored["quartiles"]
    return Number(
        float(stored["value"]),
        float(stored["low"]),
        float(stored["high"]),
        int(stored["n"]),
        (float(quartiles[0]), float(quartiles[1])) if quartiles else None,
    )
