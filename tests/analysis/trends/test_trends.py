"""Time is counted once, shares add up, and the moving average is what the formula says."""

import json
import math
import uuid
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.emotions import EMOTIONS, LABELS, NEGATIVE
from analysis.flow import RunStatus
from analysis.models import LabelCorrection, SessionSummary
from analysis.trends.series import TrendSettings, baseline_of, half_width, series
from analysis.trends.sessions import session_index, student_trend, summaries_refresh
from analysis.trends.shares import Judged, SessionIndex, shares_of
from ml.results import Segment
from ml.shares import owned_time
from ml.summary import summarise
from tests.factories import RecordingFactory, RunFactory, analysed, consented, near_tie, probabilities


def sessions_with(shares: list[float | None], judged_s: float = 300.0) -> list[SessionIndex]:
    """Sessions a week apart with these negative shares; None is a session in which nothing was judged."""
    return [
        SessionIndex(
            covered_s=300.0,
            judged_s=0.0 if share is None else judged_s,
            undecided_s=0.0,
            voice_s=0.0,
            face_s=0.0,
            shares={name: (share or 0.0) * (name == "sad") for name in EMOTIONS},
            negative_share=share,
            mean_probabilities=dict.fromkeys(EMOTIONS, 0.0),
            corrected=0,
            recording_id=uuid.UUID(int=week),
            run_id=uuid.UUID(int=week),
            recorded_at=datetime(2025, 1, 6, tzinfo=UTC) + timedelta(weeks=week),
            analysed_at=None,
            duration_s=300.0,
            model_version="test",
            synthetic=False,
            coverage=0.0 if share is None else judged_s / 300.0,
            voice_coverage=0.0,
            face_coverage=0.0,
        )
        for week, share in enumerate(shares)
    ]


# --- time -------------------------------------------------------------------------------------------------------------

labels = st.sampled_from([*EMOTIONS, None])
fractions = st.floats(0, 1)


@st.composite
def spans(draw: st.DrawFn) -> list[tuple[float, float]]:
    """Spans on a grid of tenths, so that lengths can be compared exactly enough."""
    pairs = draw(st.lists(st.tuples(st.integers(0, 300), st.integers(1, 60)), min_size=1, max_size=25))
    return [(start / 10, (start + length) / 10) for start, length in pairs]


@st.composite
def segments(draw: st.DrawFn) -> list[Judged]:
    found = []
    for start, end in draw(spans()):
        label = draw(labels)
        certainty = draw(st.sampled_from([0.24, 0.4, 0.7]))
        found.append(
            Judged(
                start,
                end,
                label,
                probabilities(label, certainty) if label else None,
                voice=draw(st.booleans()),
                face=draw(st.booleans()),
                by_person=label is not None and draw(st.booleans()),
            )
        )
    return found


def union_length(pairs: list[tuple[float, float]]) -> float:
    total, reached = 0.0, -math.inf
    for start, end in sorted(pairs):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total


@given(spans())
def test_owned_times_add_up_to_the_time_covered(pairs):
    assert sum(owned_time(pairs)) == pytest.approx(union_length(pairs))


@given(spans())
def test_no_span_owns_more_than_its_length(pairs):
    assert all(0 <= owned <= end - start + 1e-9 for owned, (start, end) in zip(owned_time(pairs), pairs, strict=True))


def test_four_seconds_every_two_own_their_hop_and_the_ends_a_second_more():
    pairs = [(2.0 * i, 2.0 * i + 4) for i in range(5)]
    assert owned_time(pairs) == pytest.approx([3, 2, 2, 2, 3])


def test_time_between_segments_is_owned_by_nobody():
    assert owned_time([(0, 4), (10, 12)]) == pytest.approx([4, 2])


@given(segments())
def test_shares_of_judged_time_sum_to_one(found):
    result = shares_of(found)
    judged = any(segment.shown for segment in found)
    assert sum(result.shares.values()) == pytest.approx(1.0 if judged else 0.0)
    assert sum(result.mean_probabilities.values()) == pytest.approx(1.0 if judged else 0.0)
    assert (result.negative_share is not None) == judged


@given(segments())
def test_the_negative_share_is_the_sum_of_the_negative_emotions(found):
    result = shares_of(found)
    if result.negative_share is not None:
        assert result.negative_share == pytest.approx(sum(result.shares[name] for name in NEGATIVE))


@given(segments(), st.data())
def test_splitting_a_segment_in_two_changes_nothing(found, data):
    which = data.draw(st.integers(0, len(found) - 1))
    whole = found[which]
    cut = whole.start_s + (whole.end_s - whole.start_s) * data.draw(st.floats(0.1, 0.9))
    parts = [whole._replace(end_s=cut), whole._replace(start_s=cut)]
    before, after = shares_of(found), shares_of([*found[:which], *found[which + 1 :], *parts])
    assert after.shares == pytest.approx(before.shares)
    assert after.judged_s == pytest.approx(before.judged_s)
    assert after.voice_s == pytest.approx(before.voice_s)


def test_mean_probabilities_weigh_each_segment_by_the_time_it_owns_undecided_ones_too():
    clear, undecided = probabilities("sad"), near_tie("happy", "sad")
    found = shares_of(
        [
            Judged(0, 4, "sad", clear, True, True),
            Judged(2, 6, "happy", undecided, True, False),
            Judged(10, 16, None, None, False, False),
        ]
    )
    assert found.mean_probabilities == pytest.approx({name: (clear[name] + undecided[name]) / 2 for name in EMOTIONS})
    assert (found.covered_s, found.judged_s, found.undecided_s, found.voice_s, found.face_s) == (12, 3, 3, 6, 3)
    weighted = shares_of([Judged(0, 9, "sad", clear, True, True), Judged(9, 12, "happy", undecided, True, True)])
    assert weighted.mean_probabilities["sad"] == pytest.approx(0.75 * clear["sad"] + 0.25 * undecided["sad"])


def test_of_gaps_alone_everything_is_nothing():
    found = shares_of([Judged(0, 4, None, None, False, False)])
    assert set(found.mean_probabilities.values()) == set(found.shares.values()) == {0.0}
    assert (found.covered_s, found.judged_s, found.negative_share, found.corrected) == (4, 0, None, 0)


@pytest.mark.parametrize(
    ("judged_s", "share", "enough"), [(60.0, 0.2, True), (59.9, 0.2, False), (60.0, 0.21, False), (300.0, None, False)]
)
def test_evidence_is_enough_from_its_least_time_and_share_on(judged_s, share, enough):
    (session,) = sessions_with([None if share is None else 0.4], judged_s=judged_s)
    assert session.enough(60, share or 0.2) is enough


def test_a_session_is_compared_with_no_other_unless_it_says_so():
    (session,) = sessions_with([0.4])
    assert (session.compared_sessions, session.general_negative_share, session.reread) == (0, None, False)


@given(spans(), st.randoms(use_true_random=False))
def test_the_command_line_and_the_page_say_the_same_of_the_same_segments(pairs, random):
    segments = []
    for start, end in sorted(pairs):
        weights = np.array([random.random() ** random.choice([1, 2, 8]) + 1e-3 for _ in EMOTIONS])
        vector = None if random.random() < 0.2 else weights / weights.sum()
        segments.append(Segment(start, end, vector, None, None, {}))
    if all(segment.probabilities is None for segment in segments):
        return
    said = summarise(segments)
    stored = [segment.as_dict() for segment in segments]
    shown = shares_of([Judged(s["start_s"], s["end_s"], s["label"], s["probabilities"], False, False) for s in stored])
    assert said["negative_share"] == (
        None if shown.negative_share is None else pytest.approx(shown.negative_share, abs=1e-6)
    )
    assert said["shares"] == pytest.approx(shown.shares, abs=1e-6)
    assert (said["judged_s"], said["undecided_s"]) == pytest.approx((shown.judged_s, shown.undecided_s), abs=1e-3)


def test_every_emotion_of_the_engine_has_a_name_in_its_order():
    assert tuple(LABELS) == EMOTIONS


@given(segments(), st.randoms())
def test_the_order_of_segments_does_not_matter(found, random):
    mixed = list(found)
    random.shuffle(mixed)
    assert shares_of(mixed).shares == pytest.approx(shares_of(found).shares)


def test_one_judged_segment_between_gaps_does_not_claim_all_its_time():
    gap = Judged(0, 4, None, None, False, False)
    judged = Judged(2, 6, "sad", probabilities("sad"), True, False)
    assert shares_of([gap, judged, gap._replace(start_s=4, end_s=8)]).judged_s == pytest.approx(2)


def test_a_model_that_knows_nothing_is_not_negative_by_that():
    ignorant = Judged(0, 4, "normal", dict.fromkeys(EMOTIONS, 1 / 7), True, True)
    result = shares_of([ignorant])
    assert result.negative_share is None
    assert (result.judged_s, result.undecided_s) == (0, 4)
    assert sum(result.mean_probabilities[name] for name in NEGATIVE) == pytest.approx(4 / 7)


def test_a_near_tie_of_a_negative_and_another_emotion_is_no_evidence():
    clear = Judged(0, 4, "sad", probabilities("sad"), True, True)
    result = shares_of([clear, Judged(4, 8, "happy", near_tie("happy", "sad"), True, True)])
    assert (result.judged_s, result.undecided_s) == (4, 4)
    assert result.negative_share == 1
    assert result.voice_s == 8


@pytest.mark.parametrize(("pair", "negative"), [(("sad", "scared"), 1), (("happy", "normal"), 0)])
def test_a_near_tie_that_is_negative_either_way_is_divided(pair, negative):
    result = shares_of([Judged(0, 4, pair[0], near_tie(*pair), True, True)])
    assert [result.shares[name] for name in pair] == [0.5, 0.5]
    assert result.negative_share == negative
    assert result.judged_s == 4


def test_what_a_person_called_it_is_never_unclear():
    result = shares_of([Judged(0, 4, "happy", near_tie("happy", "sad"), True, True, by_person=True)])
    assert (result.shares["happy"], result.undecided_s, result.corrected) == (1, 0, 1)


# --- baseline and limits ----------------------------------------------------------------------------------------------


@given(st.lists(fractions, min_size=5, max_size=30), st.floats(0.05, 1), st.integers(3, 5))
def test_the_average_follows_its_recursion(values, smoothing, baseline_sessions):
    settings = TrendSettings(baseline_sessions=baseline_sessions, smoothing=smoothing)
    baseline, points = series(sessions_with(values), settings)
    centre = sorted(values[:baseline_sessions])
    middle = baseline_sessions // 2
    average = centre[middle] if baseline_sessions % 2 else (centre[middle - 1] + centre[middle]) / 2
    assert baseline.centre == pytest.approx(average)
    for i, value in enumerate(values[baseline_sessions:], start=1):
        average = average + smoothing * (value - average)
        point = points[baseline_sessions + i - 1]
        assert point.ewma == pytest.approx(average)
        variance = smoothing / (2 - smoothing) * (1 - (1 - smoothing) ** (2 * i))
        assert point.upper == pytest.approx(baseline.centre + settings.width * baseline.sigma * variance**0.5)


@given(st.integers(1, 50), st.floats(0.05, 1), st.floats(0.01, 0.5), st.floats(1, 4))
def test_limits_widen_with_every_session_up_to_their_asymptote(i, smoothing, sigma, width):
    settings = TrendSettings(smoothing=smoothing, width=width)
    here, there = half_width(i, sigma, settings), half_width(i + 1, sigma, settings)
    assert here <= there + 1e-12
    assert there <= width * sigma * math.sqrt(smoothing / (2 - smoothing)) + 1e-12


@given(st.integers(1, 50), st.floats(0.05, 1), st.floats(0.01, 0.5), st.floats(1, 4))
def test_a_wider_rule_has_wider_limits(i, smoothing, sigma, width):
    narrow, wide = TrendSettings(smoothing=smoothing, width=width), TrendSettings(smoothing=smoothing, width=width + 1)
    assert half_width(i, sigma, wide) > half_width(i, sigma, narrow)


def test_one_unusual_session_does_not_move_the_centre():
    assert baseline_of([0.1, 0.1, 0.1, 0.9]).centre == pytest.approx(0.1)


def test_sessions_that_lie_together_by_chance_still_have_a_spread():
    assert baseline_of([0.2, 0.2, 0.2, 0.2]).sigma == pytest.approx(0.05)


def test_a_constant_series_never_crosses_its_limits():
    _, points = series(sessions_with([0.3] * 20), TrendSettings())
    assert not any(point.over for point in points)


def test_a_lasting_rise_crosses_the_limit():
    _, points = series(sessions_with([0.1, 0.15, 0.1, 0.12, 0.5, 0.5, 0.5]), TrendSettings())
    assert [point.over for point in points] == [False] * 4 + [True] * 3


def test_sessions_with_too_little_evidence_neither_make_the_baseline_nor_move_the_average():
    usual = [0.1, 0.15, 0.1, 0.12, 0.2, 0.2]
    baseline, points = series(sessions_with(usual), TrendSettings())
    thin = sessions_with([0.9, None], judged_s=5.0)
    mixed = [thin[0], *sessions_with(usual)[:5], thin[1], sessions_with(usual)[5]]
    mixed_baseline, mixed_points = series(mixed, TrendSettings())
    assert mixed_baseline == baseline
    assert mixed_points[-1].ewma == points[-1].ewma
    assert [point.enough for point in mixed_points] == [False, *[True] * 5, False, True]
    assert mixed_points[6].ewma is None


def test_there_is_no_baseline_before_enough_sessions():
    baseline, points = series(sessions_with([0.1, 0.9, 0.1]), TrendSettings(baseline_sessions=4))
    assert baseline is None
    assert not any(point.over or point.in_baseline for point in points)


# --- rows -------------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_session_counts_labels_by_time_and_gaps_as_not_covered():
    recording = analysed(consented(), ["sad", "sad", None, "normal", "normal"])
    found = session_index(recording)
    assert found.judged_s == pytest.approx(10)
    assert found.coverage == pytest.approx(10 / 12)
    assert found.shares["sad"] == pytest.approx(0.5)
    assert found.negative_share == pytest.approx(0.5)
    assert found.voice_coverage == found.face_coverage == pytest.approx(10 / 12)


@pytest.mark.django_db
def test_a_gap_in_the_files_time_does_not_make_a_session_thin():
    recording = analysed(consented(), ["sad", "sad", None, "normal", "normal"])
    recording.duration_s = 3012.0
    recording.save()
    assert session_index(recording).coverage == pytest.approx(10 / 3012)
    run = recording.result_run
    run.quality = run.quality | {"file": {"left_out_s": 3000.0}}
    run.save()
    found = session_index(recording)
    assert found.coverage == found.voice_coverage == found.face_coverage == pytest.approx(10 / 12)
    assert found.duration_s == 3012


@pytest.mark.django_db
def test_undecided_time_makes_no_evidence():
    recording = analysed(consented(), ["happy"] * 40)
    assert session_index(recording).enough(30, 0.3)
    recording.current_run.segments.filter(index__gte=10).update(probabilities=near_tie("happy", "sad"))
    found = session_index(recording)
    assert not found.enough(30, 0.3)
    assert found.judged_s + found.undecided_s == pytest.approx(found.covered_s)


@pytest.mark.django_db
@pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.FAILED, RunStatus.CANCELLED])
def test_a_repetition_that_has_not_succeeded_takes_no_result_away(status):
    recording = analysed(consented(), ["sad"])
    before = session_index(recording)
    RunFactory(recording=recording, number=2, status=status)
    assert session_index(recording) == before


@pytest.mark.django_db
@pytest.mark.parametrize("status", [RunStatus.QUEUED, RunStatus.FAILED, RunStatus.CANCELLED])
def test_a_recording_that_was_never_analysed_has_no_index(status):
    recording = RunFactory(status=status).recording
    assert session_index(recording) is None


@pytest.mark.django_db
def test_a_persons_correction_counts_over_the_models_label(people):
    recording = analysed(people.student, ["sad"] * 4)
    segment = recording.current_run.segments.first()
    LabelCorrection.objects.create(segment=segment, label="happy", by=people.owner)
    LabelCorrection.objects.create(segment=segment, label="normal", by=people.owner)
    found = session_index(recording)
    assert found.shares["happy"] == 0
    assert found.shares["normal"] == pytest.approx(0.3)
    assert found.corrected == 1


@pytest.mark.django_db
def test_a_kept_summary_gives_the_same_numbers_as_the_segments(django_assert_max_num_queries):
    recording = analysed(consented(), ["sad", None, "happy", "anger"])
    fresh = session_index(recording)
    summaries_refresh(recording.student)
    with django_assert_max_num_queries(1):
        assert session_index(recording) == fresh
    assert SessionSummary.objects.count() == 1


@pytest.mark.django_db
def test_refreshing_forgets_the_summaries_of_results_that_are_gone():
    recording = analysed(consented(), ["sad"])
    summaries_refresh(recording.student)
    recording.current_run.segments.all().delete()
    summaries_refresh(recording.student)
    assert session_index(recording).negative_share is None


@pytest.mark.django_db
def test_a_trend_is_ordered_by_when_it_was_recorded_and_ready_for_json():
    student = consented()
    now = datetime(2025, 3, 3, 12, tzinfo=UTC)
    late = analysed(student, ["sad"], recorded_at=now)
    early = analysed(student, ["happy"], recorded_at=now - timedelta(days=7))
    RecordingFactory(student=student)
    trend = student_trend(student)
    assert [session.recording_id for session in trend.sessions] == [early.pk, late.pk]
    assert json.loads(json.dumps(trend.as_dict()))["sessions"][1]["negative_share"] == 1.0


@pytest.mark.django_db
def test_a_trend_takes_the_same_few_queries_for_many_sessions(django_assert_max_num_queries):
    student = consented()
    for day in range(6):
        analysed(student, ["sad", "normal"], recorded_at=datetime(2025, 3, 3 + day, tzinfo=UTC))
    with django_assert_max_num_queries(5):
        assert len(student_trend(student).points) == 6
