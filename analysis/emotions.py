"""The seven classes: order, translated names, fixed colours, and when a moment is too close to call.

Web processes never load a network, so the order stands here a second time; a test holds it to ``ml.emotions``.

**Near-ties.** The one rule, for the shares, the alerts and the pages alike. The *contenders* of a moment are the
emotions whose probability lies within ``UNCLEAR_MARGIN`` of the highest. A moment with several is *unclear*, and its
label little better than a guess among them: with a margin below ten points it is right in less than half of the cases
(docs/alerts.md has the figures). Its time is divided equally among its contenders, unless some of them are negative and
some are not: then it is *undecided* and no evidence at all, as a gap is none.

A low highest probability needs no rule of its own: of seven classes one below 22.8 % cannot be ten points ahead.
"""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LABELS: dict[str, str | Promise] = {
    "anger": _("anger"),
    "disgust": _("disgust"),
    "sad": _("sad"),
    "happy": _("happy"),
    "scared": _("scared"),
    "surprised": _("surprised"),
    "normal": _("normal"),
}
"""Class name to what people read, in the paper's order."""

EMOTIONS: tuple[str, ...] = tuple(LABELS)

NEGATIVE: frozenset[str] = frozenset({"anger", "disgust", "sad", "scared"})

COLOURS: dict[str, str] = {
    "anger": "#d55e00",
    "disgust": "#a6761d",
    "sad": "#0072b2",
    "happy": "#e0b000",
    "scared": "#cc79a7",
    "surprised": "#56b4e9",
    "normal": "#8a939b",
}
"""Okabe and Ito's colour-blind-safe palette, a little darkened where it stands on white; one colour per emotion
everywhere. ``emorec_site/static/css/emorec.css`` holds the same values for badges (a test compares them)."""

UNCLEAR_MARGIN = 0.10
"""Emotions less than this (of 1) below the likeliest one are as good as equally likely."""


def contenders(probabilities: Mapping[str, float]) -> tuple[str, ...]:
    """The emotions that a moment may show, the likeliest first, which is the label (paper eq. 6)."""
    ranked = sorted(probabilities, key=lambda name: -probabilities[name])
    return tuple(name for name in ranked if probabilities[ranked[0]] - probabilities[name] < UNCLEAR_MARGIN)


def is_unclear(probabilities: Mapping[str, float] | None) -> bool:
    """Whether several emotions are about equally likely; a gap, which has no probabilities, is not unclear."""
    return len(contenders(probabilities or {})) > 1


def is_undecided(probabilities: Mapping[str, float] | None) -> bool:
    """Whether it is even open if the moment is negative: some contenders are, and some are not."""
    return len({name in NEGATIVE for name in contenders(probabilities or {})}) > 1
