"""How every chart looks, and how long recordings are thinned out for drawing.

Figures are made with plotly and handed on as plain JSON for plotly.js' basic bundle (scatter, bar, pie). plotly is
imported when the first figure is drawn, so that a web process starts without it.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext

from analysis import wording

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MAX_POINTS = 2000
"""At most so many points per trace; more are not told apart on a screen and make a page slow."""

INK, QUIET, GRID, LIMIT, ALERT = "#25313a", "#66727a", "#e6eaec", "#8a939b", "#b3261e"
TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


def figure(*, height: int, **layout: Any) -> "Figure":
    """An empty figure in the house style: the page's ground and font, legend below, readable at phone width.

    It has no title: the page has a heading above it.
    """
    from plotly.graph_objects import Figure

    return Figure(
        layout={
            "template": "none",
            "height": height,
            "autosize": True,
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"size": 13, "color": INK},
            "margin": {"l": 52, "r": 12, "t": 12, "b": 44},
            "legend": {
                "orientation": "h",
                "x": 0,
                "y": 0,
                "yref": "container",
                "yanchor": "bottom",
                "traceorder": "normal",
                "font": {"size": 12},
            },
            "hoverlabel": {"font": {"size": 12}, "bgcolor": "#ffffff"},
            "hovermode": "x unified",
            "dragmode": "zoom",
            **layout,
        }
    )


def plain(chart: "Figure") -> dict[str, Any]:
    """The figure as ``{"data", "layout"}`` of plain lists and numbers, fit for ``json_script``."""
    whole_figure: dict[str, Any] = chart.to_plotly_json()
    return {"data": whole_figure["data"], "layout": whole_figure["layout"]}


def share_axis(title: str) -> dict[str, Any]:
    """A vertical axis for shares of 1, shown in per cent; fixed, so that a finger zooms time only."""
    return {
        "title": {"text": title, "standoff": 8, "font": {"size": 12}},
        "range": [0, 1.02],
        "tickformat": ".0%",
        "gridcolor": GRID,
        "zeroline": False,
        "fixedrange": True,
        "automargin": True,
    }


def time_axis(length_s: float) -> dict[str, Any]:
    """A horizontal axis in seconds of the recording with ticks as a player shows them; a click's x is the second."""
    step = next((step for step in TICK_STEPS_S if length_s / step <= 7), TICK_STEPS_S[-1])
    ticks = list(range(0, int(length_s) + 1, step))
    return {
        "title": {"text": gettext("Time in the recording"), "standoff": 8, "font": {"size": 12}},
        "range": [0, max(length_s, 1.0)],
        "tickvals": ticks,
        "ticktext": [wording.clock(tick) for tick in ticks],
        "hoverformat": ".0f",
        "ticksuffix": " s",
        "gridcolor": GRID,
        "zeroline": False,
        "automargin": True,
    }


def day_ticks() -> dict[str, Any]:
    """How the ticks of a date axis read; plotly.js itself knows only the English months. Ranges are in milliseconds."""
    if not wording.is_chinese():
        return {}
    return {
        "tickformatstops": [
            {"dtickrange": [None, 86_399_999], "value": "%H:%M\n%-m月%-d日"},
            {"dtickrange": [86_400_000, "M1"], "value": "%-m月%-d日\n%Y年"},
            {"dtickrange": ["M1", None], "value": "%-m月\n%Y年"},
        ]
    }


def note(chart: "Figure", text: str) -> None:
    """Writes into the middle of an empty chart why it is empty."""
    chart.add_annotation(text=text, x=0.5, y=0.5, xref="paper", yref="paper", showarrow=False, font={"color": QUIET})


def bundles(count: int, limit: int = MAX_POINTS) -> list[slice]:
    """Cuts ``count`` neighbours into at most ``limit`` bundles of equal length (the last may be shorter)."""
    size = max(1, -(-count // limit))
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


def mean(values: Sequence[float | None], digits: int = 3) -> float | None:
    """The mean of the values that are present; None, a gap, if there are none."""
    numbers = [value for value in values if value is not None]
    return round(sum(numbers) / len(numbers), digits) if numbers else None


def positions(xs: Sequence[float]) -> dict[str, Any]:
    """A trace's x: start and step where it is regular, which halves what the page loads; else every value."""
    steps = {round(right - left, 3) for left, right in pairwise(xs)}
    if len(steps) == 1:
        return {"x0": xs[0], "dx": steps.pop()}
    return {"x": [round(x, 2) for x in xs]}


def line(values: Sequence[float | None], colour: str, width: float = 2.0) -> dict[str, Any]:
    """Mode, line and markers of a line with gaps; a value alone between two gaps gets a dot, or it would not show, and
    one that is the whole chart a large one."""
    padded = [None, *values, None]
    alone = [value is not None and padded[i] is None and padded[i + 2] is None for i, value in enumerate(values)]
    style: dict[str, Any] = {"mode": "lines", "line": {"color": colour, "width": width}, "connectgaps": False}
    if any(alone):
        size = 12 if len(values) == 1 else 5
        style |= {"mode": "lines+markers", "marker": {"color": colour, "size": [dot * size for dot in alone]}}
    return style
