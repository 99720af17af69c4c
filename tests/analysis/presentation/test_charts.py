"""Charts are plain JSON for plotly's basic bundle, show gaps as gaps and stay small for long recordings."""

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.alerts.raising import alerts_raise
from analysis.emotions import COLOURS, EMOTIONS, LABELS
from analysis.models import Segment
from analysis.presentation import charts
from analysis.presentation.chart_style import MAX_POINTS, bundles, mean
from analysis.trends.sessions import student_trend
from tests.analysis.alert_stories import only_rule, raised_alert, session
from tests.factories import RecordingFactory, RunFactory, analysed, consented, probabilities


def traces(figure, name):
    return [trace for trace in figure["data"] if trace.get("name") == str(name)]


def fits_the_basic_bundle(figure):
    return {trace["type"] for trace in figure["data"]} <= {"scatter", "bar", "pie"} and json.loads(
        json.dumps(figure, allow_nan=False)
    )


@given(st.integers(0, 50_000))
def test_bundles_cover_everything_once_and_are_few(count):
    cuts = bundles(count)
    assert len(cuts) <= MAX_POINTS
    assert [i for cut in cuts for i in range(cut.start, cut.stop)] == list(range(count))


def test_a_mean_of_nothing_is_a_gap():
    assert mean([None, None]) is None
    assert mean([None, 0.5]) == 0.5


@pytest.mark.django_db
def test_a_timeline_has_seven_lines_per_view_in_the_fixed_colours():
    run = analysed(consented(), ["sad", "happy", "normal"]).current_run
    figure = charts.timeline_figure(run)
    assert fits_the_basic_bundle(figure)
    for name in EMOTIONS:
        lines = traces(figure, LABELS[name])
        assert len(lines) == 3
        assert {line["line"]["color"] for line in lines} == {COLOURS[name]}
        assert [line["visible"] for line in lines] == [True, False, False]
    assert [button["label"] for button in figure["layout"]["updatemenus"][0]["buttons"]] == ["Fused", "Voice", "Face"]
    for button in figure["layout"]["updatemenus"][0]["buttons"]:
        assert len(button["args"][1]) == len(figure["data"])


@pytest.mark.django_db
def test_a_gap_stays_a_gap_and_a_lone_value_between_gaps_is_visible():
    run = analysed(consented(), ["sad", "sad", None, "sad", None]).current_run
    (fused, *_) = traces(charts.timeline_figure(run), "sad")
    assert fused["y"] == [0.7, 0.7, None, 0.7, None]
    assert fused["connectgaps"] is False
    assert fused["marker"]["size"] == [0, 0, 0, 5, 0]


@pytest.mark.django_db
def test_a_recording_of_one_segment_shows_its_values_as_large_dots():
    run = analysed(consented(), ["sad"]).current_run
    (fused, *_) = traces(charts.timeline_figure(run), "sad")
    assert fused["mode"] == "lines+markers"
    assert fused["marker"]["size"] == [12]


@pytest.mark.django_db
def test_a_click_gives_the_second_in_the_recording():
    run = analysed(consented(), ["sad"] * 4).current_run
    (fused, *_) = traces(charts.timeline_figure(run), "sad")
    assert (fused["x0"], fused["dx"]) == (2, 2)


@pytest.mark.django_db
def test_a_voice_only_recording_has_one_view_and_no_buttons():
    run = analysed(consented(), ["sad"] * 3).current_run
    run.segments.update(face=None)
    figure = charts.timeline_figure(run)
    assert len(traces(figure, "sad")) == 1
    assert not figure["layout"].get("updatemenus")


@pytest.mark.django_db
def test_the_moments_of_alerts_are_marked_in_their_own_recording_only():
    student = consented()
    alert = raised_alert(student)
    other = session(student, 0.1, week=9)
    assert len(charts.timeline_figure(alert.crossing.current_run)["layout"]["shapes"]) == 5
    assert not charts.timeline_figure(other.current_run)["layout"].get("shapes")


@pytest.mark.django_db
def test_a_two_hour_recording_stays_below_the_points_a_screen_can_show():
    recording = RecordingFactory(duration_s=7200)
    run = RunFactory(recording=recording)
    sad = probabilities("sad")
    Segment.objects.bulk_create(
        Segment(
            run=run,
            index=i,
            start_s=2.0 * i,
            end_s=2.0 * i + 4,
            label="sad",
            probabilities=sad,
            voice={"probabilities": sad, "attention": [[2.0 * i + 1, 0.25], [2.0 * i + 3, 0.75]], "speech_share": 0.5},
            face={"probabilities": sad, "face_share": 1.0},
        )
        for i in range(3599)
    )
    for figure in (charts.timeline_figure(run), charts.attention_figure(run), charts.quality_figure(run)):
        assert fits_the_basic_bundle(figure)
        assert max(len(trace["y"]) for trace in figure["data"]) <= MAX_POINTS
    assert len(json.dumps(charts.timeline_figure(run))) < 400_000


@pytest.mark.django_db
@pytest.mark.parametrize("draw", [charts.timeline_figure, charts.attention_figure, charts.quality_figure])
@pytest.mark.parametrize("labels", [[], [None, None], ["sad"]])
def test_every_recording_chart_can_be_drawn_from_little_or_nothing(draw, labels):
    assert fits_the_basic_bundle(draw(analysed(consented(), labels).current_run))


@pytest.mark.django_db
def test_attention_is_relative_to_its_segments_average():
    run = analysed(consented(), ["sad"]).current_run
    run.segments.update(voice={"attention": [[0.2, 0.1], [1.2, 0.9]], "probabilities": probabilities("sad")})
    (trace,) = charts.attention_figure(run)["data"]
    assert trace["y"] == [0.2, None, 1.8]


@pytest.mark.django_db
def test_a_trend_shows_baseline_limits_points_over_them_and_alerts():
    only_rule("ewma", width=2.7, baseline_sessions=4, smoothing=0.3)
    student = consented()
    for week, share in enumerate([0.1, 0.14, 0.1, 0.12, 0.5]):
        session(student, share, week)
    session(student, 0.9, week=5, segments=5)
    (alert,) = alerts_raise(student)
    figure = charts.trend_figure(student_trend(student))
    assert fits_the_basic_bundle(figure)
    assert len(traces(figure, "session")[0]["x"]) == 5
    assert len(traces(figure, "too little evidence")[0]["x"]) == 1
    assert len(traces(figure, "average above the limit")[0]["x"]) == 1
    assert traces(figure, "alert")[0]["customdata"] == [str(alert.pk)]
    assert traces(figure, "control limits")
    assert traces(figure, "baseline (first 4 sessions)")


@pytest.mark.django_db
def test_shares_are_stacked_bars_that_reach_the_top():
    student = consented()
    session(student, 0.3, week=0)
    session(student, 0.6, week=0)
    figure = charts.shares_figure(student_trend(student))
    assert fits_the_basic_bundle(figure)
    assert figure["layout"]["barmode"] == "stack"
    assert figure["data"][0]["x"] == ["2025-03-03", "2025-03-03 (2)"]
    for bar in range(2):
        assert sum(trace["y"][bar] for trace in figure["data"]) == pytest.approx(1, abs=1e-3)


@pytest.mark.django_db
@pytest.mark.parametrize("draw", [charts.trend_figure, charts.shares_figure])
def test_a_student_without_sessions_gets_a_chart_that_says_so(draw):
    figure = draw(student_trend(consented()))
    assert figure["data"] == []
    assert figure["layout"]["annotations"]


def test_a_web_process_starts_without_plotly():
    code = (
        "import django, sys; django.setup(); import analysis.presentation.charts; "
        "sys.exit(any(name.split('.')[0] in {'plotly', 'torch', 'tensorflow'} for name in sys.modules))"
    )
    import os

    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "emorec_site.settings"}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0
