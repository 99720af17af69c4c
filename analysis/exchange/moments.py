"""Segments overlap, tiers do not: the part of a recording that each segment has to itself."""

from collections.abc import Sequence
from itertools import pairwise

Span = tuple[float, float]


def own_parts(spans: Sequence[Span]) -> list[Span]:
    """The part of each segment that is its own: two that overlap divide the shared time in the middle.

    Of segments of 4 s every 2 s each owns the two seconds around its middle, the first and the last one second more; so
    does the page, which at each instant shows the moment whose middle is nearest.

    Args:
        spans: start and end in seconds, in order of time.
    """
    if not spans:
        return []
    borders = [(first[1] + second[0]) / 2 if second[0] < first[1] else None for first, second in pairwise(spans)]
    starts = [start if border is None else border for (start, _), border in zip(spans, [None, *borders], strict=True)]
    ends = [end if border is None else border for (_, end), border in zip(spans, [*borders, None], strict=True)]
    return list(zip(starts, ends, strict=True))


def mostly_covered(part: Span, by: Span) -> bool:
    """Whether more than half of ``part`` lies in ``by``."""
    return min(part[1], by[1]) - max(part[0], by[0]) > (part[1] - part[0]) / 2
