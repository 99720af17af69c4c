"""Who spoke when, as a plotly figure on the emotions' time axis, and who spoke how much, as parts of a bar."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext

from analysis import wording
from analysis.models import Run, Turn
from analysis.presentation.chart_style import INK, MAX_POINTS, figure, plain, time_axis
from analysis.presentation.talk_words import voice_name
from analysis.talk.figures import Conversation

VOICE_COLOURS = ("#1f6f78", "#7a3e9d", "#8a5200", "#3d4a51")
"""By number, as beside the voices' samples (styles/voices.css); always with the voice's name, too."""
SILENCE_COLOUR = "#dfe4e7"
UNSURE = 0.5
"""Below this certainty a stretch is drawn paler."""
LISTED = 200
"""So many stretches are listed on the page."""

Stretch = tuple[float, float]


def voice_colours(conversation: Conversation) -> dict[int, str]:
    """One colour per voice, the same wherever the page shows that voice."""
    return {voice.id: VOICE_COLOURS[(voice.id - 1) % len(VOICE_COLOURS)] for voice in conversation.voices}


@dataclass(frozen=True)
class Part:
    """A part of a recording's time: who speaks, how much of it (0-1), and its colour."""

    name: str
    share: float
    seconds: float
    colour: str


def speaking_parts(conversation: Conversation, enrolled: frozenset[int] = frozenset()) -> list[Part]:
    """How a recording's time divides: each voice alone, several at once, nobody. The parts add up to the whole."""
    colours = voice_colours(conversation)
    voices = sorted(conversation.voices, key=lambda voice: voice.id != conversation.student)
    parts = [(voice_name(v.id, conversation, enrolled), v.alone_s, colours.get(v.id, INK)) for v in voices]
    parts += [
        (gettext("Several at once"), conversation.overlap_s, INK),
        (gettext("Nobody"), conversation.silent_s, SILENCE_COLOUR),
    ]
    whole = sum(seconds for _, seconds, _ in parts) or 1.0
    return [Part(name, seconds / whole, seconds, colour) for name, seconds, colour in parts if seconds > 0]


@dataclass(frozen=True)
class Listed:
    """One stretch in the table under the chart."""

    start_s: float
    end_s: float
    name: str
    unsure: bool


def listed(turns: Sequence[Turn], conversation: Conversation, enrolled: frozenset[int] = frozenset()) -> list[Listed]:
    """The first ``LISTED`` stretches, in order of time."""
    return [
        Listed(
            turn.start_s, turn.end_s, voice_name(turn.speaker.number, conversation, enrolled), turn.certainty < UNSURE
        )
        for turn in turns[:LISTED]
    ]


def turns_figure(
    run: Run, turns: Sequence[Turn], conversation: Conversation, enrolled: frozenset[int] = frozenset()
) -> dict[str, Any]:
    """A lane per voice, the student's on top, and one for what is spoken at once; x in seconds."""
    length = max(run.recording.duration_s or 0.0, conversation.duration_s)
    colours = voice_colours(conversation)
    numbers = sorted(colours, key=lambda number: (number != conversation.student, number))
    names = [voice_name(number, conversation, enrolled) for number in numbers]
    lanes: list[tuple[str, str, Iterable[Stretch], float]] = []
    for number, name in zip(numbers, names, strict=True):
        own = [turn for turn in turns if turn.speaker.number == number]
        lanes.append((name, colours[number], _spans(turn for turn in own if turn.certainty >= UNSURE), 1.0))
        lanes.append((name, colours[number], _spans(turn for turn in own if turn.certainty < UNSURE), 0.4))
    at_once = gettext("Several at once")
    lanes.append((at_once, INK, overlaps(turns), 1.0))
    labels = [*names, at_once]
    chart = figure(
        height=70 + 34 * len(labels),
        hovermode="closest",
        showlegend=False,
        xaxis=time_axis(length),
        yaxis={
            "tickvals": [-place for place in range(len(labels))],
            "ticktext": labels,
            "range": [0.6 - len(labels), 0.6],
            "fixedrange": True,
            "zeroline": False,
            "showgrid": False,
            "automargin": True,
        },
    )
    for name, colour, spans, opacity in lanes:
        joined = _joined(spans, length / MAX_POINTS)
        if not joined:
            continue
        lane = -labels.index(name)
        xs, ys, texts = [], [], []
        for start_s, end_s in joined:
            xs += [round(start_s, 2), round(end_s, 2), None]
            ys += [lane, lane, None]
            texts += [wording.span(start_s, end_s)] * 2 + [None]
        chart.add_scatter(
            x=xs,
            y=ys,
            mode="lines",
            line={"color": colour, "width": 16},
            opacity=opacity,
            connectgaps=False,
            name=name,
            text=texts,
            hovertemplate=f"{name} %{{text}}<extra></extra>",
        )
    return plain(chart)


def overlaps(turns: Sequence[Turn]) -> list[Stretch]:
    """The stretches in which several voices speak at once, in order."""
    edges = sorted([(turn.start_s, 1) for turn in turns] + [(turn.end_s, -1) for turn in turns])
    found: list[Stretch] = []
    speaking, since = 0, 0.0
    for at_s, step in edges:
        if speaking > 1 and at_s > since:
            if found and found[-1][1] == since:
                found[-1] = (found[-1][0], at_s)
            else:
                found.append((since, at_s))
        speaking += step
        since = at_s
    return found


def _spans(turns: Iterable[Turn]) -> list[Stretch]:
    return [(turn.start_s, turn.end_s) for turn in turns]


def _joined(spans: Iterable[Stretch], gap_s: float) -> list[Stretch]:
    """Stretches nearer to each other than can be seen are drawn as one."""
    joined: list[Stretch] = []
    for start_s, end_s in sorted(spans):
        if joined and start_s - joined[-1][1] < gap_s:
            joined[-1] = (joined[-1][0], max(end_s, joined[-1][1]))
        else:
            joined.append((start_s, end_s))
    return joined
