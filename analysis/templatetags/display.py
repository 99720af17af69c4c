"""What several kinds of page show: emotions by name, numbers in words, consents, sparklines."""

from collections.abc import Iterable

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from analysis import wording
from analysis.emotions import LABELS
from analysis.presentation.model_card import Term
from students.models import Consent

register = template.Library()

SPARK_WIDTH, SPARK_HEIGHT = 120, 24


@register.filter
def emotion_label(name: str | None) -> str:
    """The emotion's name in the reader's language; a gap says so."""
    return str(LABELS[name]) if name in LABELS else gettext("not judged")


@register.filter
def percent(share: float | str | None) -> str:
    """A share of 1 as whole per cent; a dash for none, which a template passes on as an empty string."""
    return "–" if share is None or share == "" else wording.percent(float(share)).replace(" ", "\u00a0")


@register.filter
def clock(seconds: float | None) -> str:
    """Seconds as a video player shows them; a dash for none."""
    return "–" if seconds is None else wording.clock(seconds)


@register.filter
def duration(seconds: float | None) -> str:
    """A duration in words; a dash for none."""
    return "–" if seconds is None else wording.duration(seconds)


@register.filter
def unlocalised(number: float) -> str:
    """A number for an address or a script: with a point, whatever the language."""
    return f"{number:g}"


@register.filter
def term(word: Term) -> SafeString | str:
    """A word of the model card; what stands in the files' own language says so to screen readers."""
    return format_html('<span lang="en">{}</span>', word.text) if word.foreign else word.text


@register.simple_tag
def purposes(consents: Iterable[Consent]) -> frozenset[str]:
    """What these consents cover."""
    return frozenset(consent.purpose for consent in consents)


@register.simple_tag
def sparkline(values: Iterable[float | None], label: str) -> SafeString:
    """A word-sized line of shares (0-1), oldest first, with its newest point marked; ``label`` says it in words.

    A session without a value interrupts the line. One value alone is a dot.
    """
    points = [(index, value) for index, value in enumerate(values)]
    judged = [(index, value) for index, value in points if value is not None]
    if not judged:
        return SafeString("")
    step = SPARK_WIDTH / max(1, len(points) - 1)
    positions = [(round(4 + index * step, 1), round(4 + (1 - value) * SPARK_HEIGHT, 1)) for index, value in judged]
    joined = [positions[:1]]
    for before, after, position in zip(judged, judged[1:], positions[1:], strict=False):
        if after[0] == before[0] + 1:
            joined[-1].append(position)
        else:
            joined.append([position])
    lines = format_html_join(
        "", '<polyline points="{}"/>', ((" ".join(f"{x},{y}" for x, y in part),) for part in joined if len(part) > 1)
    )
    return format_html(
        '<svg class="sparkline" viewBox="0 0 {} {}" role="img" aria-label="{}">{}<circle cx="{}" cy="{}" r="3"/></svg>',
        SPARK_WIDTH + 8,
        SPARK_HEIGHT + 8,
        label,
        lines,
        *positions[-1],
    )
