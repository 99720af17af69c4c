"""What a rule sees in a series of sessions, without a database."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from analysis.alerts.crossings import ShareSettings, SustainedSettings, crossings, order
from analysis.emotions import EMOTIONS
from analysis.trends.series import TrendSettings, series
from analysis.trends.shares import SessionIndex

START = datetime(2026, 3, 2, 10, tzinfo=UTC)
SHARE = ShareSettings(threshold=0.5, min_evidence_s=60, min_coverage=0.3)
SUSTAINED = SustainedSettings(threshold=0.5, sessions=2, min_evidence_s=60, min_coverage=0.3)


def sessions(*shares: float | None, judged_s: float = 300.0) -> list[SessionIndex]:
    """A session a week with these shares of negative time; None is one in which nothing was judged."""
    return [
        SessionIndex(
            covered_s=600,
            judged_s=0.0 if share is None else judged_s,
            undecided_s=0,
            voice_s=600,
            face_s=0,
            shares={name: (share or 0.0) if name == "sad" else 0.0 for name in EMOTIONS},
            negative_share=share,
            mean_probabilities=dict.fromkeys(EMOTIONS, 1 / 7),
            corrected=0,
            recording_id=UUID(int=week + 1),
            run_id=UUID(int=week + 1),
            recorded_at=START + timedelta(weeks=week),
            analysed_at=None,
            duration_s=600,
            model_version="1",
            synthetic=False,
            coverage=0.0 if share is None else judged_s / 600,
            voice_coverage=1,
            face_coverage=0,
        )
        for week, share in enumerate(shares)
    ]


def test_a_share_is_crossed_above_its_threshold_and_not_at_it():
    assert crossings(SHARE, sessions(0.5)) == []
    (crossing,) = crossings(SHARE, sessions(0.51))
    assert (crossing.value, crossing.limit) == (0.51, 0.5)


def test_a_session_without_any_negative_time_crosses_nothing_and_ends_a_stretch():
    first, second = crossings(SHARE, sessions(0.9, 0.0, 0.8))
    assert (len(first.sessions), len(second.sessions)) == (1, 1)
    assert second.after == order(sessions(0.9, 0.0)[1])


def test_the_first_session_of_a_stretch_proves_it_however_long_it_grows():
    history = sessions(0.1, 0.7, 0.9, 0.8)
    (crossing,) = crossings(SHARE, history)
    assert crossing.sessions == tuple(history[1:])
    assert crossing.proof == (history[1],)
    assert crossing.value == 0.7


def test_a_sustained_rule_waits_for_its_sessions_and_takes_the_lowest():
    assert crossings(SUSTAINED, sessions(0.9, 0.5, 0.9)) == []
    history = sessions(0.9, 0.6, 0.8)
    (crossing,) = crossings(SUSTAINED, history)
    assert crossing.proof == tuple(history[:2])
    assert crossing.value == 0.6


@pytest.mark.parametrize("between", [None, 0.9])
def test_a_session_with_too_little_evidence_is_passed_over(between):
    history = [*sessions(0.8), *sessions(0.1, between, judged_s=20)[1:], *sessions(0.1, 0.1, 0.7)[2:]]
    (crossing,) = crossings(SUSTAINED, history)
    assert crossing.proof == (history[0], history[2])


def test_an_average_over_its_limit_is_proven_by_the_first_session_over_it():
    settings = TrendSettings(baseline_sessions=4, smoothing=0.3, width=2.7)
    history = sessions(0.1, 0.2, 0.1, 0.2, 0.9, 0.9)
    _, points = series(history, settings)
    (crossing,) = crossings(settings, history)
    assert crossing.proof == (history[4],)
    assert (crossing.value, crossing.limit) == (points[4].ewma, points[4].upper)
    assert crossing.baseline is not None
    assert crossing.baseline_sessions == tuple(history[:4])


def test_a_crossing_holds_what_lies_behind_the_session_before_it_up_to_its_last():
    history = sessions(0.1, 0.9, 0.9, 0.1)
    (crossing,) = crossings(SHARE, history)
    assert [crossing.holds(order(session)) for session in history] == [False, True, True, False]
    between = (history[0].recorded_at + timedelta(days=1), UUID(int=99))
    assert crossing.holds(between)
    (open_ended,) = crossings(SHARE, sessions(0.9))
    assert open_ended.holds((START - timedelta(days=1), UUID(int=99)))
