"""Two clocks of one recording: the player's, and that of what it holds.

A file's time can jump: a camera that was paused, a clock that was set, a stream that broke off. A player shows the jump
as time in which nothing happens. The engine leaves such gaps out, so that no work is done and no memory taken for them,
however long they claim to be; what it says afterwards is on the player's clock again, so that a click finds the moment.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Clock:
    """From one clock to the other.

    Attributes:
        gaps: (start, end) in seconds of the player's clock, ascending and apart; empty where both clocks are one.
    """

    gaps: tuple[Span, ...] = ()

    @property
    def left_out_s(self) -> float:
        """Length of all gaps together."""
        return sum(end - start for start, end in self.gaps)

    def shown(self, seconds: float) -> float:
        """The player's time at which something stands; where a gap was cut out, the time after it."""
        for start, end in self.gaps:
            if seconds < start:
                break
            seconds += end - start
        return seconds

    def shown_end(self, seconds: float) -> float:
        """The player's time at which something ends; where a gap was cut out, the time before it."""
        for start, end in self.gaps:
            if seconds <= start:
                break
            seconds += end - start
        return seconds

    def shown_span(self, span: Span) -> Span:
        """A stretch without the gap at whose edge it begins or ends."""
        return self.shown(span[0]), self.shown_end(span[1])

    def stretches(self, content_s: float) -> list[Span]:
        """The stretches between the gaps, in seconds without gaps.

        Args:
            content_s: length of the recording without its gaps.
        """
        cuts, left_out = [0.0], 0.0
        for start, end in self.gaps:
            cuts.append(start - left_out)
            left_out += end - start
        return [span for span in pairwise([*cuts, content_s]) if span[1] > span[0]]


def common_gaps(holes: Sequence[Sequence[Span]], least_s: float) -> list[Span]:
    """What is missing in every stream at once, for at least ``least_s`` seconds.

    Args:
        holes: of each stream, (start, end) in seconds, ascending and apart.
    """
    if not holes:
        return []
    common = list(holes[0])
    for others in holes[1:]:
        common = _overlaps(common, others)
    return [(start, end) for start, end in common if end - start >= least_s]


def _overlaps(first: Sequence[Span], second: Sequence[Span]) -> list[Span]:
    overlaps, i, j = [], 0, 0
    while i < len(first) and j < len(second):
        start, end = max(first[i][0], second[j][0]), min(first[i][1], second[j][1])
        if end > start:
            overlaps.append((start, end))
        if first[i][1] < second[j][1]:
            i += 1
        else:
            j += 1
    return overlaps
