"""How a conversation went, drawn small: who spoke how much, a number in its usual range, a description over sessions.

Plain SVG, as the sparklines are (ADR 8): shapes and places say everything, colours only help.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from analysis.presentation import talk_words
from analysis.presentation.talk_charts import Part
from analysis.talk.figures import Number
from analysis.talk.usual import Usual, usual_of
from analysis.trends.series import Trend
from analysis.trends.shares import SessionIndex

register = template.Library()

BAR_WIDTH, BAR_HEIGHT = 600, 28
RANGE_WIDTH, RANGE_HEIGHT = 200, 24
TREND_WIDTH, TREND_HEIGHT = 260, 84
_EDGE = 8


@register.simple_tag
def speaking_bar(parts: Sequence[Part], label: str) -> SafeString:
    """A recording's time as one bar; ``label`` says it in words."""
    rectangles, at = [], 0.0
    for part in parts:
        width = part.share * BAR_WIDTH
        rectangles.append((f"{at:.1f}", f"{max(width - 1, 0.5):.1f}", BAR_HEIGHT, part.colour))
        at += width
    return format_html(
        '<svg class="speaking-bar" viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        BAR_WIDTH,
        BAR_HEIGHT,
        label,
        format_html_join("", '<rect x="{}" y="0" width="{}" height="{}" fill="{}"/>', rectangles),
    )


@register.simple_tag
def swatch(colour: str) -> SafeString:
    """A patch of a colour, for a legend."""
    return format_html(
        '<svg class="swatch" viewBox="0 0 12 12" aria-hidden="true">'
        '<rect width="12" height="12" rx="2" fill="{}"/></svg>',
        colour,
    )


@register.simple_tag
def range_mark(number: Number, usual: Usual, label: str) -> SafeString:
    """The day's number (dot, with its interval) on the student's other sessions: all of them (line), the middle half of
    them (bar) and the middle one (stroke); ``label`` says it in words."""
    low, high = min(usual.least, number.low), max(usual.greatest, number.high)

    def x(value: float) -> str:
        share = (value - low) / (high - low) if high > low else 0.5
        return f"{_EDGE + share * (RANGE_WIDTH - 2 * _EDGE):.1f}"

    left, right = float(x(usual.lower)), float(x(usual.upper))
    return format_html(
        '<svg class="range-mark" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<line class="all" x1="{}" x2="{}" y1="12" y2="12"/>'
        '<rect class="half" x="{}" width="{}" y="6" height="12" rx="2"/>'
        '<line class="middle" x1="{}" x2="{}" y1="4" y2="20"/>'
        '<line class="interval" x1="{}" x2="{}" y1="12" y2="12"/>'
        '<circle cx="{}" cy="12" r="5"/></svg>',
        RANGE_WIDTH,
        RANGE_HEIGHT,
        label,
        x(usual.least),
        x(usual.greatest),
        left,
        f"{max(right - left, 2):.1f}",
        x(usual.median),
        x(usual.median),
        x(number.low),
        x(number.high),
        x(number.value),
    )


@dataclass(frozen=True)
class SmallTrend:
    """A description over a student's sessions, as the page shows it; ``span`` is what its height stands for."""

    name: str
    label: str
    newest: str
    span: str
    drawing: SafeString


@register.simple_tag
def small_trends(trend: Trend) -> list[SmallTrend]:
    """The descriptions that are followed, as far as any session has them."""
    made = []
    for name in talk_words.IN_TRENDS:
        numbers = [session.conversation.get(name) for session in trend.sessions]
        known = [number for number in numbers if number is not None]
        if known:
            newest = talk_words.value(name, known[-1].value)
            span = talk_words.between(name, min(n.low for n in known), max(n.high for n in known))
            made.append(SmallTrend(name, str(talk_words.LABELS[name]), newest, span, _small_trend(name, numbers)))
    return made


def _small_trend(name: str, numbers: Sequence[Number | None]) -> SafeString:
    """Sessions from left to right with their intervals; a band where the middle half lies, from three sessions on."""
    known = [number for number in numbers if number is not None]
    usual = usual_of([number.value for number in known])
    low, high = min(number.low for number in known), max(number.high for number in known)
    step = (TREND_WIDTH - 2 * _EDGE) / max(1, len(numbers) - 1)

    def x(place: int) -> str:
        return f"{_EDGE + place * step:.1f}"

    def y(value: float) -> str:
        share = (value - low) / (high - low) if high > low else 0.5
        return f"{TREND_HEIGHT - _EDGE - share * (TREND_HEIGHT - 2 * _EDGE):.1f}"

    placed = [(place, number) for place, number in enumerate(numbers) if number is not None]
    band = (
        format_html(
            '<rect class="half" x="0" width="{}" y="{}" height="{}"/>',
            TREND_WIDTH,
            y(usual.upper),
            f"{max(float(y(usual.lower)) - float(y(usual.upper)), 1):.1f}",
        )
        if usual
        else ""
    )
    rows = ((x(place), x(place), y(n.low), y(n.high), x(place), y(n.value)) for place, n in placed)
    marks = format_html_join(
        "", '<line class="interval" x1="{}" x2="{}" y1="{}" y2="{}"/><circle cx="{}" cy="{}" r="3.5"/>', rows
    )
    line = format_html('<polyline points="{}"/>', " ".join(f"{x(place)},{y(n.value)}" for place, n in placed))
    values = ", ".join(talk_words.value(name, number.value) for _, number in placed)
    return format_html(
        '<svg class="small-trend" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}{}</svg>',
        TREND_WIDTH,
        TREND_HEIGHT,
        f"{talk_words.LABELS[name]}: {values}",
        band,
        line,
        marks,
    )


@register.simple_tag
def followed_labels() -> list[str]:
    """What the descriptions that are followed are called."""
    return [str(talk_words.LABELS[name]) for name in talk_words.IN_TRENDS]


@register.simple_tag
def followed_values(session: SessionIndex) -> list[str]:
    """A session's descriptions that are followed; a dash where there is none."""
    conversation = session.conversation
    return [
        talk_words.value(name, conversation[name].value) if name in conversation else "–"
        for name in talk_words.IN_TRENDS
    ]
