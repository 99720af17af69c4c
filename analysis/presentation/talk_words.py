"""How a conversation went, in words: what each description is called, what it means, and its numbers with their units.

None of these words judges: they say what was counted, and the page says what that does not mean.
"""

from dataclasses import dataclass

from django.utils.formats import number_format
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, gettext_noop

from analysis.talk.figures import OF_ALL, Conversation, Number, Voice
from analysis.talk.usual import Usual

LABELS: dict[str, Promise] = {
    "share": gettext_lazy("Share of the speech"),
    "turn_s": gettext_lazy("Length of a turn"),
    "latency_s": gettext_lazy("Time before answering"),
    "pause_s": gettext_lazy("Length of a pause"),
    "pause_share": gettext_lazy("Pauses in own turns"),
    "interrupting": gettext_lazy("Began while the other spoke"),
    "interrupted": gettext_lazy("The other began meanwhile"),
    "backchannels": gettext_lazy("Short words meanwhile"),
    "rate": gettext_lazy("Speaking rate"),
    "loudness_db": gettext_lazy("Loudness"),
    "pitch_hz": gettext_lazy("Pitch"),
    "pitch_range_st": gettext_lazy("Range of the pitch"),
    "silent_share": gettext_lazy("Nobody speaks"),
    "gap_s": gettext_lazy("Silence between turns"),
}

MEANINGS: dict[str, Promise] = {
    "share": gettext_lazy("Of the time in which anybody speaks."),
    "turn_s": gettext_lazy("From the first word to the last before another’s turn, pauses included; the middle one."),
    "latency_s": gettext_lazy(
        "From the end of the other’s turn to the beginning of the own one; below zero where it began before that end."
    ),
    "pause_s": gettext_lazy("Silence inside an own turn; the middle one."),
    "pause_share": gettext_lazy("The part of the own turns that is silence."),
    "interrupting": gettext_lazy(
        "The other was speaking and stopped within a second. Eagerness, agreement and a slow line look the same."
    ),
    "interrupted": gettext_lazy("The same the other way round: this voice was speaking and stopped within a second."),
    "backchannels": gettext_lazy("Less than a second, wholly while the other speaks, such as “mm-hm”."),
    "rate": gettext_lazy(
        "Syllables counted from the sound, pauses left out. The count is off by languages and ways of speaking, so "
        "compare it with the same person only."
    ),
    "loudness_db": gettext_lazy(
        "Against the mean of all speech in this recording. How loud it was in the room depends on the microphone and "
        "cannot be said."
    ),
    "pitch_hz": gettext_lazy("The middle of the voice’s pitch. A cold changes it, and so does the hour."),
    "pitch_range_st": gettext_lazy("How wide the middle half of the pitch is; twelve semitones are an octave."),
    "silent_share": gettext_lazy("Of the whole recording."),
    "gap_s": gettext_lazy("Where nobody speaks between two people’s turns; the middle one."),
}

IN_TRENDS: tuple[str, ...] = ("share", "turn_s", "latency_s", "pause_share", "rate", "pitch_hz")
"""What a student's page and report follow from session to session."""


@dataclass(frozen=True)
class _Unit:
    """How a number is written: with so many digits after the point, a sign where it is above zero, and a unit."""

    text: str = "%(number)s"
    digits: int = 0
    signed: bool = False
    scale: int = 1

    def bare(self, value: float) -> str:
        """The number alone."""
        rounded = round(self.scale * value, self.digits)
        sign = "−" if rounded < 0 else "+" if self.signed and rounded > 0 else ""
        return sign + number_format(abs(rounded), self.digits)

    def with_unit(self, number: str) -> str:
        """A number, or two of them in words, with the unit."""
        return gettext(self.text) % {"number": number}


_PERCENT = _Unit(gettext_noop("%(number)s %%"), scale=100)
_TENTHS_OF_A_SECOND, _HUNDREDTHS = _Unit(gettext_noop("%(number)s s"), 1), _Unit(gettext_noop("%(number)s s"), 2)
_OFTEN = _Unit(gettext_noop("%(number)s in 10 min"), 1)
_UNITS: dict[str, _Unit] = {
    "share": _PERCENT,
    "turn_s": _TENTHS_OF_A_SECOND,
    "latency_s": _HUNDREDTHS,
    "pause_s": _HUNDREDTHS,
    "pause_share": _PERCENT,
    "interrupting": _OFTEN,
    "interrupted": _OFTEN,
    "backchannels": _OFTEN,
    "rate": _Unit(gettext_noop("%(number)s syllables/s"), 1),
    "loudness_db": _Unit(gettext_noop("%(number)s dB"), 1, signed=True),
    "pitch_hz": _Unit(gettext_noop("%(number)s Hz")),
    "pitch_range_st": _Unit(gettext_noop("%(number)s semitones"), 1),
    "silent_share": _PERCENT,
    "gap_s": _HUNDREDTHS,
}


def value(name: str, number: float) -> str:
    """A description's value with its unit."""
    unit = _UNITS[name]
    return unit.with_unit(unit.bare(number))


def between(name: str, low: float, high: float) -> str:
    """A range of a description, with its unit once."""
    unit = _UNITS[name]
    return unit.with_unit(gettext("%(low)s to %(high)s") % {"low": unit.bare(low), "high": unit.bare(high)})


def interval(name: str, number: Number) -> str:
    """The 95 % interval of a number, and what it rests on."""
    return gettext("%(range)s, n = %(n)d") % {"range": between(name, number.low, number.high), "n": number.n}


def usual_words(name: str, usual: Usual) -> str:
    """What is usual for the student, in words."""
    return gettext("usually %(range)s (%(sessions)d other sessions)") % {
        "range": between(name, usual.lower, usual.upper),
        "sessions": usual.sessions,
    }


def place_words(name: str, number: Number, usual: Usual) -> str:
    """Where the day's number lies, for those who do not see the mark."""
    where = (
        gettext("below the student’s other sessions")
        if number.value < usual.least
        else gettext("above the student’s other sessions")
        if number.value > usual.greatest
        else gettext("within the student’s other sessions")
    )
    return f"{LABELS[name]}: {value(name, number.value)}, {where}; {usual_words(name, usual)}"


def voice_name(voice: int, conversation: Conversation, enrolled: frozenset[int] = frozenset()) -> str:
    """What a voice is called on a page.

    Args:
        enrolled: the voices that were known as a counsellor's.
    """
    if voice == conversation.student:
        return gettext("Student")
    if voice in enrolled:
        return gettext("Counsellor")
    return gettext("Voice %(number)d") % {"number": voice}


@dataclass(frozen=True)
class Line:
    """One description on a recording's page.

    Attributes:
        number: the student's (or the conversation's); None where there is too little to say, or it is not known whose.
        others: name and value of each other voice, in words; no value for what is said of the whole conversation.
    """

    name: str
    label: str
    meaning: str
    number: Number | None
    value: str
    interval: str
    usual: Usual | None
    usual_words: str
    place: str
    others: list[tuple[str, str]]


def lines(conversation: Conversation, usual: dict[str, Usual], enrolled: frozenset[int] = frozenset()) -> list[Line]:
    """Every description of which there is something to say, of the student and of the others."""
    own = conversation.descriptions()
    others = [(voice_name(voice.id, conversation, enrolled), voice) for voice in conversation.others]
    missing = gettext("too little to say") if conversation.student is not None else gettext("whose is not known")
    made = [_line(name, own.get(name), usual.get(name), others, missing) for name in LABELS]
    return [line for line in made if line.number or any(words not in {"", "–"} for _, words in line.others)]


def _line(name: str, number: Number | None, usual: Usual | None, others: list[tuple[str, Voice]], missing: str) -> Line:
    return Line(
        name=name,
        label=str(LABELS[name]),
        meaning=str(MEANINGS[name]),
        number=number,
        value=value(name, number.value) if number else "–",
        interval=interval(name, number) if number else missing,
        usual=usual if number else None,
        usual_words=usual_words(name, usual) if number and usual else "",
        place=place_words(name, number, usual) if number and usual else "",
        others=[(who, "" if name in OF_ALL else _value_of(name, voice)) for who, voice in others],
    )


def _value_of(name: str, voice: Voice) -> str:
    return value(name, voice.figures[name].value) if name in voice.figures else "–"
