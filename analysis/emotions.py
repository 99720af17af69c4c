"""The seven classes for pages: order, translated names, fixed colours.

Web processes never load ``ml``, so the order stands here a second time; a test holds it to ``ml.emotions``.
"""

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
