"""The charts as plotly figures: a recording's timeline, attention and quality, a student's trend and shares.

Long recordings are thinned out by averaging equal bundles of neighbouring segments, at most ``MAX_POINTS`` per trace:
a mean keeps the area under a curve, and with it the shares, where leaving points out would not. A bundle is a gap only
if nothing in it was judged. Up to 2000 segments (about 67 minutes at a 2 s hop) nothing is averaged.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext, ngettext

from analysis import wording
from analysis.alerts.evidence import evidence_read
from analysis.emotions import COLOURS, EMOTIONS, LABELS, NEGATIVE
from analysis.flow import AlertStatus
from analysis.models import Alert, Run, Segment
from analysis.models.alert import RuleKind
from analysis.presentation.chart_style import (
    ALERT,
    GRID,
    INK,
    LIMIT,
    MAX_POINTS,
    QUIET,
    bundles,
    day_ticks,
    figure,
    line,
    mean,
    note,
    plain,
    positions,
    share_axis,
    time_axis,
)
from analysis.trends.series import Point, Trend

Probabilities = dict[str, float] | None


# --- one recording ----------------------------------------------------------------------------------------------------


def _length(run: Run, segments: Sequence[Segment]) -> float:
    return max(run.recording.duration_s or 0.0, max((segment.end_s for segment in segments), default=0.0))


def _fused(segment: Segment) -> Probabilities:
    return segment.probabilities


def _voice(segment: Segment) -> Probabilities:
    return segment.voice and segment.voice.get("probabilities")


def _face(segment: Segment) -> Probabilities:
    return segment.face and segment.face.get("probabilities")


def timeline_figure(run: Run, general: Mapping[int, Probabilities] | None = None) -> dict[str, Any]:
    """The seven probabilities over a recording, fused, of the voice, of the face (buttons); x in seconds.

    Seven traces per view come first, then one that carries time and label for the hover text, then the mark of alerts.

    Args:
        general: what the segments say by people in general, by number; a view of its own where there is any.
    """
    segments = list(run.segments.all())
    chart = figure(
        height=384,
        xaxis=time_axis(_length(run, segments)),
        yaxis=share_axis(gettext("Probability")),
    )
    if not any(segment.label for segment in segments):
        note(chart, gettext("Nothing could be judged in this recording."))
        return plain(chart)
    parts = _bundled(segments)
    xs = _centres(parts)
    views: list[tuple[str, Callable[[Segment], Probabilities]]] = [
        (gettext("With own sessions") if general else gettext("Fused"), _fused)
    ]
    if any(segment.voice for segment in segments) and any(segment.face for segment in segments):
        views += [(gettext("Voice"), _voice), (gettext("Face"), _face)]
    if general:
        views.append((gettext("People in general"), lambda segment: general.get(segment.index)))
    for number, (_, probabilities) in enumerate(views):
        judged = [[answer for segment in part if (answer := probabilities(segment))] for part in parts]
        for name in EMOTIONS:
            values = [mean([answer.get(name) for answer in answers]) for answers in judged]
            chart.add_scatter(
                **positions(xs),
                y=values,
                **line(values, COLOURS[name], width=1.5 if name == "normal" else 2.0),
                name=str(LABELS[name]),
                legendgroup=name,
                visible=number == 0,
                hovertemplate="%{y:.0%}",
            )
    chart.add_scatter(
        **positions(xs),
        y=[0] * len(xs),
        mode="markers",
        marker={"opacity": 0, "size": 1, "color": INK},
        text=[_moment_text(part) for part in parts],
        hovertemplate="%{text}<extra></extra>",
        name="",
        showlegend=False,
    )
    marked = _mark_alerts(chart, run)
    if len(views) > 1:
        _view_buttons(chart, [title for title, _ in views], others=1 + marked)
    return plain(chart)


def _bundled(segments: Sequence[Segment]) -> list[Sequence[Segment]]:
    """The segments in bundles, with an empty one where the recording's time jumps, so that no line crosses the gap."""
    parts: list[Sequence[Segment]] = []
    for cut in bundles(len(segments)):
        part = segments[cut]
        if parts and part[0].start_s > parts[-1][-1].end_s:
            parts.append([])
        parts.append(part)
    return parts


def _centres(parts: Sequence[Sequence[Segment]]) -> list[float]:
    """The middle of every bundle, in seconds; a shorter last one counts as a whole, which keeps the steps regular.

    An empty bundle stands where the one before it ends.
    """
    half = (parts[0][-1].end_s - parts[0][0].start_s) / 2
    return [part[0].start_s + half if part else parts[n - 1][-1].end_s for n, part in enumerate(parts)]


def _moment_text(part: Sequence[Segment]) -> str:
    """Time, label (or between which emotions it is unclear) and what was judged, for the hover text."""
    if not part:
        return gettext("the recording’s time jumps")
    when = wording.span(part[0].start_s, part[-1].end_s)
    labels = Counter(wording.judgement(segment.probabilities) for segment in part if segment.probabilities)
    if not labels:
        return gettext("%(when)s: not judged, no voice and no face") % {"when": when}
    judged = [
        *([gettext("voice")] if any(segment.voice for segment in part) else []),
        *([gettext("face")] if any(segment.face for segment in part) else []),
    ]
    return f"{when}: {labels.most_common(1)[0][0]} ({', '.join(judged)})"


def _mark_alerts(chart: Any, run: Run) -> int:
    """Shades the moments that alerts name in this recording; returns how many traces were added (for the legend)."""
    moments = {
        (moment.start_s, moment.end_s)
        for alert in Alert.objects.filter(student_id=run.recording.student_id)
        if (evidence := evidence_read(alert)) is not None
        for moment in evidence.moments
        if moment.recording == str(run.recording_id)
    }
    for start_s, end_s in sorted(moments):
        chart.add_shape(
            type="rect",
            x0=start_s,
            x1=end_s,
            y0=0,
            y1=1,
            yref="paper",
            layer="below",
            fillcolor=ALERT,
            opacity=0.14,
            line={"width": 0},
        )
    if moments:
        chart.add_scatter(
            x=[None],
            y=[None],
            mode="markers",
            name=gettext("alert"),
            hoverinfo="skip",
            marker={"symbol": "square", "size": 11, "color": ALERT, "opacity": 0.3},
        )
    return int(bool(moments))


def _view_buttons(chart: Any, titles: list[str], others: int) -> None:
    """What shows the seven traces of one view, as buttons that the page makes; the ``others`` behind always show."""
    buttons = [
        {
            "label": title,
            "method": "restyle",
            "args": ["visible", [number == view for view in range(len(titles)) for _ in EMOTIONS] + [True] * others],
        }
        for number, title in enumerate(titles)
    ]
    chart.update_layout(updatemenus=[{"buttons": buttons}])


def attention_figure(run: Run) -> dict[str, Any]:
    """How much each moment weighed in judging the voice: attention over its segment's average, 1 being average.

    Weights of a segment sum to 1, so they are multiplied by their number to compare segments, and averaged in bins of
    half a second or, in long recordings, of a ``MAX_POINTS``-th of the recording.
    """
    segments = list(run.segments.all())
    length = _length(run, segments)
    axis = {**share_axis(gettext("Times the average")), "range": None, "rangemode": "tozero", "tickformat": ".1f"}
    chart = figure(
        height=204,
        xaxis=time_axis(length),
        yaxis=axis,
        showlegend=False,
    )
    width = max(0.5, length / (MAX_POINTS - 1))
    weights_by_bin: dict[int, list[float]] = defaultdict(list)
    for segment in segments:
        pairs = (segment.voice or {}).get("attention", [])
        for time_s, weight in pairs:
            weights_by_bin[int(time_s / width)].append(weight * len(pairs))
    if not weights_by_bin:
        note(chart, gettext("The voice was not judged in this recording."))
        return plain(chart)
    values = [mean(weights_by_bin.get(i, []), digits=2) for i in range(max(weights_by_bin) + 1)]
    chart.add_scatter(
        **positions([(i + 0.5) * width for i in range(len(values))]),
        y=values,
        **line(values, INK, width=1.5),
        name=gettext("attention"),
        hovertemplate="%{y:.1f}",
    )
    chart.add_hline(y=1, line={"color": LIMIT, "width": 1, "dash": "dot"})
    return plain(chart)


def quality_figure(run: Run) -> dict[str, Any]:
    """How much there was to judge: the share of each segment with speech, and with the followed face."""
    segments = list(run.segments.all())
    chart = figure(
        height=184,
        xaxis=time_axis(_length(run, segments)),
        yaxis=share_axis(gettext("Share of the time")),
    )
    parts = _bundled(segments)
    if not parts:
        note(chart, gettext("Nothing could be judged in this recording."))
        return plain(chart)
    xs = _centres(parts)
    strips = [
        (gettext("speech"), "#1f6f78", run.voice, "voice", "speech_share"),
        (gettext("face"), "#a6611a", run.face, "face", "face_share"),
    ]
    for name, colour, analysed, field, key in strips:
        if not analysed:
            continue
        values = [mean([_quality(segment, field, key) for segment in part]) for part in parts]
        chart.add_scatter(**positions(xs), y=values, **line(values, colour, 1.5), name=name, hovertemplate="%{y:.0%}")
    return plain(chart)


def _quality(segment: Segment, field: str, key: str) -> float:
    """A quality share of a segment; 0 where that modality found nothing."""
    judgement = getattr(segment, field) or segment.quality
    return float(judgement.get(key) or 0.0)


# --- a student --------------------------------------------------------------------------------------------------------


def _when(point: Point) -> str:
    """Local time as plotly reads it."""
    return timezone.localtime(point.session.recorded_at).strftime("%Y-%m-%d %H:%M")


def trend_figure(trend: Trend) -> dict[str, Any]:
    """Negative share per session with the student's own baseline, running average, control limits and alerts.

    ``customdata`` of the session markers is the recording's id, that of the alert markers the alert's id.
    """
    points = [point for point in trend.points if point.session.negative_share is not None]
    chart = figure(
        height=384,
        hovermode="closest",
        xaxis={
            "title": {"text": gettext("Session"), "standoff": 8, "font": {"size": 12}},
            "type": "date",
            **day_ticks(),
            "gridcolor": GRID,
            "zeroline": False,
            "automargin": True,
        },
        yaxis=share_axis(gettext("Share of the judged time")),
    )
    if not points:
        note(chart, gettext("No session has been analysed yet."))
        return plain(chart)
    _draw_limits(chart, trend, points)
    _draw_sessions(chart, points)
    _draw_general(chart, points)
    _draw_alerts(chart, trend, points)
    return plain(chart)


def _draw_limits(chart: Any, trend: Trend, points: Sequence[Point]) -> None:
    if trend.baseline is None:
        return
    monitored = [point for point in points if point.ewma is not None]
    days = [_when(point) for point in monitored]
    limit = {"color": LIMIT, "width": 1.5, "dash": "dash"}
    if monitored:
        lower, upper = [point.lower for point in monitored], [point.upper for point in monitored]
        style = {"mode": "lines", "line": limit, "hovertemplate": "%{y:.0%}<extra></extra>"}
        chart.add_scatter(x=days, y=lower, **style, name=gettext("lower limit"), showlegend=False)
        chart.add_scatter(
            x=days, y=upper, **style, name=gettext("control limits"), fill="tonexty", fillcolor="rgba(138,147,155,0.13)"
        )
    chart.add_scatter(
        x=[_when(points[0]), _when(points[-1])],
        y=[trend.baseline.centre] * 2,
        mode="lines",
        line={"color": LIMIT, "width": 1.5},
        name=ngettext("baseline (first %d session)", "baseline (first %d sessions)", trend.baseline.sessions)
        % trend.baseline.sessions,
        hovertemplate="%{y:.0%}",
    )
    if monitored:
        chart.add_scatter(
            x=days,
            y=[point.ewma for point in monitored],
            mode="lines",
            line={"color": "#1f6f78", "width": 3},
            name=gettext("running average"),
            hovertemplate="%{y:.0%}",
        )


def _draw_sessions(chart: Any, points: Sequence[Point]) -> None:
    kinds = [
        (gettext("session"), [p for p in points if p.enough], {"color": INK, "size": 9}),
        (
            gettext("too little evidence"),
            [p for p in points if not p.enough],
            {"color": "#ffffff", "size": 9, "line": {"color": QUIET, "width": 1.5}},
        ),
    ]
    for name, points_of_kind, marker in kinds:
        if points_of_kind:
            chart.add_scatter(
                x=[_when(point) for point in points_of_kind],
                y=[point.session.negative_share for point in points_of_kind],
                mode="lines+markers" if points_of_kind[0].enough else "markers",
                line={"color": "#b9c2c7", "width": 1},
                marker=marker,
                name=name,
                customdata=[str(point.session.recording_id) for point in points_of_kind],
                text=[_session_text(point) for point in points_of_kind],
                hovertemplate="%{text}<extra></extra>",
            )
    over = [point for point in points if point.over]
    if over:
        chart.add_scatter(
            x=[_when(point) for point in over],
            y=[point.ewma for point in over],
            mode="markers",
            marker={"symbol": "diamond-open", "size": 13, "color": ALERT, "line": {"width": 2}},
            name=gettext("average above the limit"),
            hovertemplate="%{y:.0%}",
        )


def _draw_general(chart: Any, points: Sequence[Point]) -> None:
    """The other reading, by people in general alone; shown when somebody asks for it in the legend."""
    if all(point.session.general_negative_share is None for point in points):
        return
    shares = [
        point.session.negative_share
        if point.session.general_negative_share is None
        else point.session.general_negative_share
        for point in points
    ]
    chart.add_scatter(
        x=[_when(point) for point in points],
        y=shares,
        mode="lines+markers",
        line={"color": QUIET, "width": 1.5, "dash": "dot"},
        marker={"symbol": "circle-open", "size": 8, "color": QUIET},
        name=gettext("compared with people in general"),
        visible="legendonly",
        hovertemplate="%{y:.0%}",
    )


def _session_text(point: Point) -> str:
    session = point.session
    return "<br>".join(
        [
            f"<b>{wording.day(session.recorded_at)}</b>",
            gettext("negative: %(share)s") % {"share": wording.percent(session.negative_share or 0.0)},
            gettext("judged: %(time)s (%(share)s)")
            % {"time": wording.duration(session.judged_s), "share": wording.percent(session.coverage)},
        ]
    )


def _draw_alerts(chart: Any, trend: Trend, points: Sequence[Point]) -> None:
    by_recording = {point.session.recording_id: point for point in points}
    marks = [(alert, by_recording[alert.recording_id]) for alert in trend.alerts if alert.recording_id in by_recording]
    if marks:
        chart.add_scatter(
            x=[_when(point) for _, point in marks],
            y=[point.session.negative_share for _, point in marks],
            mode="markers",
            marker={"symbol": "triangle-down", "size": 14, "color": ALERT, "line": {"color": "#ffffff", "width": 1}},
            name=gettext("alert"),
            customdata=[str(alert.id) for alert, _ in marks],
            text=[f"{RuleKind(alert.kind).label}: {AlertStatus(alert.status).label}" for alert, _ in marks],
            hovertemplate="%{text}<extra></extra>",
        )


def shares_figure(trend: Trend) -> dict[str, Any]:
    """The shares of the seven emotions per session as stacked bars; sessions with too little evidence are paler."""
    points = [point for point in trend.points if point.session.negative_share is not None]
    chart = figure(
        height=364,
        barmode="stack",
        bargap=0.25,
        xaxis={
            "title": {"text": gettext("Session"), "standoff": 8, "font": {"size": 12}},
            "type": "category",
            "automargin": True,
        },
        yaxis={**share_axis(gettext("Share of the judged time")), "range": [0, 1]},
    )
    if not points:
        note(chart, gettext("No session has been analysed yet."))
        return plain(chart)
    names = _session_names(points)
    # The negative ones at the bottom: where they end is the session's negative share.
    for name in sorted(EMOTIONS, key=lambda name: name not in NEGATIVE):
        chart.add_bar(
            x=names,
            y=[round(point.session.shares[name], 4) for point in points],
            name=str(LABELS[name]),
            marker={"color": COLOURS[name], "opacity": [1.0 if point.enough else 0.4 for point in points]},
            hovertemplate="%{y:.0%}",
        )
    return plain(chart)


def _session_names(points: Sequence[Point]) -> list[str]:
    """The days of the sessions; a second one on the same day is numbered."""
    sessions_on_day: Counter[str] = Counter()
    names = []
    for point in points:
        day = _when(point)[:10]
        sessions_on_day[day] += 1
        names.append(day if sessions_on_day[day] == 1 else f"{day} ({sessions_on_day[day]})")
    return names
