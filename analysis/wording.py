"""Times, shares and judgements as people read them; domain modules, charts, reports and page filters share these."""

from collections.abc import Mapping
from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, gettext, ngettext

from analysis.emotions import LABELS, contenders


def is_chinese() -> bool:
    """Whether the reader's language is Chinese."""
    return (get_language() or "").startswith("zh")


def clock(seconds: float) -> str:
    """Seconds as a video player shows them: m:ss, or h:mm:ss from one hour."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def clock_exact(seconds: float) -> str:
    """As ``clock`` to the millisecond, without noughts at the end: 1:04.25."""
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    hours, minutes = divmod(minutes, 60)
    rest = f"{milliseconds / 1000:06.3f}".rstrip("0").rstrip(".")
    return f"{hours}:{minutes:02d}:{rest}" if hours else f"{minutes}:{rest}"


def span(start_s: float, end_s: float) -> str:
    """A stretch of a recording, such as 1:04–1:08."""
    return f"{clock(start_s)}–{clock(end_s)}"


def percent(share: float) -> str:
    """A share of 1 as whole per cent."""
    return gettext("%(number)d %%") % {"number": round(100 * share)}


def duration(seconds: float) -> str:
    """A duration in words: seconds below two minutes, whole minutes above."""
    if seconds < 120:
        return ngettext("%d second", "%d seconds", round(seconds)) % round(seconds)
    minutes = round(seconds / 60)
    return ngettext("%d minute", "%d minutes", minutes) % minutes


def day(at: datetime) -> str:
    """The date in the site's time zone and the reader's language."""
    return date_format(timezone.localtime(at), "DATE_FORMAT")


def judgement(probabilities: Mapping[str, float]) -> str:
    """The likeliest emotion's name; of an unclear moment the two likeliest."""
    first, *others = (str(LABELS[name]) for name in contenders(probabilities))
    return gettext("unclear: %(first)s or %(second)s") % {"first": first, "second": others[0]} if others else first
