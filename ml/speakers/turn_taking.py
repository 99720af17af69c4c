"""Who has the floor, from who speaks when: turns and the pauses in them, answers, what is said while another speaks.

A *stretch* is one ``ml.turns.Turn``: speech without a pause that counts. A stretch that lies wholly inside another
voice's never has the floor; a short one of them is a *back-channel*, such as "mm-hm". What remains, in order of time,
makes the *turns* of the conversation: stretches of one voice until another's begins. Between two stretches of a turn
there is a pause; between two turns there is an answer's latency, negative where the answer began early.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ml.turns import Turn

BACKCHANNEL_S = 1.0
"""A stretch inside another voice's is a back-channel if it is shorter."""
STOPS_WITHIN_S = 1.0
"""A voice that another speaks into is interrupted if it stops within this time."""
LEAST_OVERLAP_S = 0.3
"""Speaking at once for less than this is no interruption: turns are often exchanged so, and their ends are not known
more exactly."""


@dataclass(frozen=True, slots=True)
class HeldTurn:
    """A voice has the floor.

    Attributes:
        stretches: its speech in order of time, at least one.
        latency_s: from the end of the turn before, another voice's, to its beginning; None for the first turn.
    """

    speaker: int
    stretches: tuple[Turn, ...]
    latency_s: float | None

    @property
    def start_s(self) -> float:
        """Its beginning."""
        return self.stretches[0].start_s

    @property
    def end_s(self) -> float:
        """Its end."""
        return max(stretch.end_s for stretch in self.stretches)

    @property
    def seconds(self) -> float:
        """Its length with its pauses."""
        return self.end_s - self.start_s

    @property
    def pauses_s(self) -> list[float]:
        """The lengths of its pauses."""
        pauses, until = [], self.start_s
        for stretch in self.stretches:
            if stretch.start_s > until:
                pauses.append(stretch.start_s - until)
            until = max(until, stretch.end_s)
        return pauses

    @property
    def interrupts(self) -> bool:
        """Whether it began while the other was speaking, and the other stopped soon, but not at once."""
        return self.latency_s is not None and -STOPS_WITHIN_S <= self.latency_s <= -LEAST_OVERLAP_S


@dataclass(frozen=True, slots=True)
class Exchange:
    """A conversation's turns, and what was said while another had the floor.

    Attributes:
        held: the turns in order of time; neighbours are of different voices.
        backchannels: short stretches inside another voice's.
    """

    held: tuple[HeldTurn, ...]
    backchannels: tuple[Turn, ...]

    def of(self, number: int) -> list[HeldTurn]:
        """The turns of one voice."""
        return [turn for turn in self.held if turn.speaker == number]

    def interrupted(self, number: int) -> int:
        """How often another voice's turn interrupted this one's."""
        return sum(after.interrupts for before, after in pairwise(self.held) if before.speaker == number)


def exchange_of(turns: Sequence[Turn]) -> Exchange:
    """The turns of a conversation from its stretches, in any order."""
    ordered = sorted(turns, key=lambda turn: (turn.start_s, -turn.end_s, turn.speaker))
    inside = _inside(ordered)
    groups: list[list[Turn]] = []
    for turn, is_inside in zip(ordered, inside, strict=True):
        if is_inside:
            continue
        if groups and groups[-1][-1].speaker == turn.speaker:
            groups[-1].append(turn)
        else:
            groups.append([turn])
    held: list[HeldTurn] = []
    for group in groups:
        latency = group[0].start_s - held[-1].end_s if held else None
        held.append(HeldTurn(group[0].speaker, tuple(group), latency))
    short = [t for t, is_inside in zip(ordered, inside, strict=True) if is_inside and t.seconds < BACKCHANNEL_S]
    return Exchange(tuple(held), tuple(short))


def _inside(ordered: Sequence[Turn]) -> list[bool]:
    """Whether each stretch lies wholly inside one of another voice that began before it (or with it and is longer)."""
    reach: dict[int, float] = {}
    inside = []
    for turn in ordered:
        inside.append(any(end_s >= turn.end_s for speaker, end_s in reach.items() if speaker != turn.speaker))
        reach[turn.speaker] = max(turn.end_s, reach.get(turn.speaker, 0.0))
    return inside


def alone_and_together_s(turns: Sequence[Turn]) -> tuple[dict[int, float], float]:
    """Seconds in which each voice speaks alone, and in which several speak at once."""
    edges = sorted(
        [(turn.start_s, 1, turn.speaker) for turn in turns] + [(turn.end_s, -1, turn.speaker) for turn in turns]
    )
    speaking: dict[int, int] = {}
    alone: dict[int, float] = {turn.speaker: 0.0 for turn in turns}
    together, before_s = 0.0, 0.0
    for at_s, step, speaker in edges:
        voices = [number for number, count in speaking.items() if count]
        if len(voices) == 1:
            alone[voices[0]] += at_s - before_s
        elif voices:
            together += at_s - before_s
        speaking[speaker] = speaking.get(speaker, 0) + step
        before_s = at_s
    return alone, together
