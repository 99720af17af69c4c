"""How the time of overlapping segments divides among the emotions: THE formula, for command line and site alike.

**Time.** Segments overlap (4 s every 2 s), so they are not counted but weighed: every instant that k segments cover is
divided equally among them. A segment's weight is the time it owns this way; the weights add up to the covered time,
each instant counts once, and splitting a segment in two changes nothing. A gap owns its time like any other segment,
so one judged segment between gaps does not claim the whole of its four seconds as evidence.

**Near-ties.** The *contenders* of a segment are the emotions whose probability lies within ``UNCLEAR_MARGIN`` of the
highest. A segment with several is *unclear*, and its label little better than a guess among them: with a margin below
ten points it is right in less than half of the cases (docs/alerts.md has the figures). Its time is divided equally
among its contenders, unless some of them are negative and some are not: then it is *undecided* and no evidence at all,
as a gap is none. A low highest probability needs no rule of its own: of seven classes one below 22.8 % cannot be ten
points ahead.

**Share of an emotion.** The time owned by segments with that label over the time owned by all judged segments. Labels
and not probability mass, for three reasons: the number equals what the page shows segment by segment; a person's
correction has an exact meaning; and mass would flag ignorance: four of the seven classes are negative, so a model that
knows nothing spreads 4/7 = 57 % of its mass over them, while its labels follow only what it saw.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ml.emotions import EMOTIONS, NEGATIVE

UNCLEAR_MARGIN = 0.10
"""Emotions less than this (of 1) below the likeliest one are as good as equally likely."""


def contenders(probabilities: Mapping[str, float]) -> tuple[str, ...]:
    """The emotions that a segment may show, the likeliest first, which is the label (paper eq. 6)."""
    ranked = sorted(probabilities, key=lambda name: -probabilities[name])
    return tuple(name for name in ranked if probabilities[ranked[0]] - probabilities[name] < UNCLEAR_MARGIN)


def is_unclear(probabilities: Mapping[str, float] | None) -> bool:
    """Whether several emotions are about equally likely; a gap, which has no probabilities, is not unclear."""
    return len(contenders(probabilities or {})) > 1


def is_undecided(probabilities: Mapping[str, float] | None) -> bool:
    """Whether it is even open if the segment is negative: some contenders are, and some are not."""
    return len({name in NEGATIVE for name in contenders(probabilities or {})}) > 1


def shown(probabilities: Mapping[str, float] | None) -> tuple[str, ...]:
    """The emotions among which a segment's time is divided; none for a gap or an undecided one."""
    return () if not probabilities or is_undecided(probabilities) else contenders(probabilities)


def owned_time(spans: Sequence[tuple[float, float]]) -> list[float]:
    """Seconds each span owns when every instant is divided equally among the spans that cover it.

    Args:
        spans: pairs (start, end) in seconds with end > start, in any order.
    """
    owned = [0.0] * len(spans)
    edges = sorted({edge for span in spans for edge in span})
    starts = sorted(range(len(spans)), key=lambda i: spans[i][0])
    active: list[int] = []
    following = 0
    for left, right in pairwise(edges):
        active = [i for i in active if spans[i][1] > left]
        while following < len(starts) and spans[starts[following]][0] <= left:
            active.append(starts[following])
            following += 1
        for i in active:
            owned[i] += (right - left) / len(active)
    return owned


@dataclass(frozen=True)
class TimeShares:
    """How judged time divides.

    Attributes:
        judged_s: seconds owned by segments that show something.
        shares: share of these per emotion, summing to 1; all 0 when there are none.
        negative_share: share of them that is negative, 0-1; None when there are none.
    """

    judged_s: float
    shares: dict[str, float]
    negative_share: float | None


def time_shares(owned: Sequence[float], shows: Sequence[tuple[str, ...]]) -> TimeShares:
    """Adds up the time of the segments.

    Args:
        owned: seconds that each segment owns.
        shows: the emotions among which each segment's time is divided equally; empty for what is no evidence.
    """
    by_label = dict.fromkeys(EMOTIONS, 0.0)
    judged_s = 0.0
    for seconds, names in zip(owned, shows, strict=True):
        judged_s += seconds * bool(names)
        for name in names:
            by_label[name] += seconds / len(names)
    shares = {name: seconds / judged_s if judged_s else 0.0 for name, seconds in by_label.items()}
    return TimeShares(judged_s, shares, min(1.0, sum(shares[name] for name in NEGATIVE)) if judged_s else None)
