"""What of a recording is not the student's, as people say. The one rule for all; a pure function of the marks.

Of marks that cover the same instant the newest counts. A segment whose larger part (more than half) lies where the mark
that counts names somebody other than the student is not the student's: it counts as not judged wherever something is
added up or shown. A mark that names the student gives back what an older one took; what the engine makes of it shows at
the next analysis.
"""

import heapq
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from analysis.models import Stretch, Who


@dataclass(frozen=True)
class Piece:
    """A part of a recording and the mark that counts there; seconds from the start."""

    start_s: float
    end_s: float
    stretch: Stretch


class Marks:
    """The marks of one recording, as they count.

    Attributes:
        pieces: parts that do not overlap, in order of time; neighbours of one mark are one piece.
    """

    def __init__(self, stretches: Iterable[Stretch] = ()) -> None:
        self.pieces = _pieces(sorted(stretches, key=_age))
        self._starts = [piece.start_s for piece in self.pieces]
        self._ends = [piece.end_s for piece in self.pieces]

    def taken(self, start_s: float, end_s: float) -> Stretch | None:
        """The mark by which a segment is not the student's, the one with the largest part of it; None if it is."""
        seconds: defaultdict[Stretch, float] = defaultdict(float)
        for piece in self.within(start_s, end_s):
            if piece.stretch.who != Who.STUDENT:
                seconds[piece.stretch] += piece.end_s - piece.start_s
        if sum(seconds.values()) <= (end_s - start_s) / 2:
            return None
        return max(seconds, key=lambda stretch: seconds[stretch])

    def within(self, start_s: float, end_s: float) -> list[Piece]:
        """The pieces between two instants, cut there."""
        first = bisect_right(self._ends, start_s)
        after = bisect_left(self._starts, end_s)
        return [
            Piece(max(start_s, piece.start_s), min(end_s, piece.end_s), piece.stretch)
            for piece in self.pieces[first:after]
        ]


def _age(stretch: Stretch) -> tuple[object, ...]:
    """By this the oldest comes first; marks of one instant in order of time, so that the order is always the same."""
    return stretch.at, stretch.start_s, str(stretch.pk)


def _pieces(oldest_first: list[Stretch]) -> list[Piece]:
    """Sweeps over the edges of the marks with the open ones in a heap, the newest on top."""
    edges = sorted({edge for stretch in oldest_first for edge in (stretch.start_s, stretch.end_s)})
    by_start = sorted(range(len(oldest_first)), key=lambda age: oldest_first[age].start_s)
    opened: list[int] = []
    following = 0
    pieces: list[Piece] = []
    for left, right in pairwise(edges):
        while following < len(by_start) and oldest_first[by_start[following]].start_s <= left:
            heapq.heappush(opened, -by_start[following])
            following += 1
        while opened and oldest_first[-opened[0]].end_s <= left:
            heapq.heappop(opened)
        if not opened:
            continue
        stretch = oldest_first[-opened[0]]
        if pieces and pieces[-1].end_s == left and pieces[-1].stretch is stretch:
            pieces[-1] = Piece(pieces[-1].start_s, right, stretch)
        else:
            pieces.append(Piece(left, right, stretch))
    return pieces
