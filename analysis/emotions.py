"""The seven classes for the site: their order and when a moment is too close to call, as the engine has them, and what
people see of them, translated names and fixed colours.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ml.emotions import EMOTIONS, NEGATIVE
from ml.shares import UNCLEAR_MARGIN, contenders, is_unclear, is_undecided

__all__ = ["COLOURS", "EMOTIONS", "LABELS", "NEGATIVE", "UNCLEAR_MARGIN", "contenders", "is_unclear", "is_undecided"]

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
everywhere. ``emorec_site/static_src/styles/emotions.css`` holds the same values for badges (a test compares them)."""
