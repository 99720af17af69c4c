"""What is marked as not the student's leaves numbers, trend and reference; what a mark is refused for."""

import pytest

from analysis.alerts.explanation import strongest_moments
from analysis.errors import Refused
from analysis.models import Alert, Recording, SessionSummary, Stretch
from analysis.references.contributions import contributions
from analysis.runs import lifecycle
from analysis.trends.corrections import label_correct
from analysis.trends.marking import stretch_mark, stretch_remove
from analysis.trends.sessions import session_index, student_trend, summaries_refresh, summary_refresh
from students.models import AuditEvent
from tests.analysis import scored_sessions
from tests.factories import StretchFactory, UserFactory, analysed, consented

pytestmark = pytest.mark.django_db


@pytest.fixture
def counsellor():
    return UserFactory()


@pytest.fixture
def recording():
    """Ten sad moments, then ten happy ones; 42 seconds."""
    return analysed(consented(), ["sad"] * 10 + ["happy"] * 10)


@pytest.fixture
def no_broker(monkeypatch):
    monkeypatch.setattr(lifecycle, "run_announce", lambda run_id: True)


def index_of(recording: Recording):
    return session_index(Recording.objects.get(pk=recording.pk))


def test_what_the_counsellor_says_does_not_count_for_the_student(recording, counsellor):
    before = index_of(recording)
    assert before.negative_share == pytest.approx(0.5)
    stretch_mark(recording, by=counsellor, start_s=0, end_s=21, who="counsellor")
    after = index_of(recording)
    assert after.negative_share == 0
    assert after.covered_s == before.covered_s
    assert after.judged_s == after.voice_s == after.face_s == pytest.approx(before.judged_s / 2)
    assert after.mean_probabilities["sad"] < 0.1


def test_kept_sums_follow_at_once_and_come_back_when_the_mark_is_removed(recording, counsellor):
    summary_refresh(recording.result_run)
    before = SessionSummary.objects.get().numbers
    stretch = stretch_mark(recording, by=counsellor, start_s=0, end_s=21, who="other")
    assert SessionSummary.objects.get().numbers["negative_share"] == 0
    stretch_remove(stretch, by=counsellor)
    assert SessionSummary.objects.get().numbers == before


def test_a_mark_counts_over_an_earlier_correction_and_no_correction_is_taken_under_it(recording, counsellor):
    segment = recording.result_run.segments.get(index=2)
    label_correct(segment, by=counsellor, label="anger")
    stretch = stretch_mark(recording, by=counsellor, start_s=0, end_s=21, who="not_student")
    assert index_of(recording).corrected == 0
    with pytest.raises(Refused, match="not_the_students"):
        label_correct(segment, by=counsellor, label="anger")
    stretch_remove(stretch, by=counsellor)
    assert index_of(recording).corrected == 1


def test_a_mark_of_one_recording_takes_nothing_from_another(recording, counsellor):
    other = analysed(recording.student, ["sad"] * 10)
    stretch_mark(recording, by=counsellor, start_s=0, end_s=42, who="counsellor")
    assert index_of(recording).negative_share is None
    assert [session.negative_share for session in student_trend(recording.student).sessions] == [None, 1]
    assert index_of(other).negative_share == 1


def test_moments_of_others_are_no_evidence_and_no_alert_is_raised_by_a_mark(recording, counsellor):
    stretch_mark(recording, by=counsellor, start_s=21, end_s=42, who="counsellor")
    assert index_of(recording).negative_share == 1
    assert not Alert.objects.exists()
    stretch_mark(recording, by=counsellor, start_s=0, end_s=8, who="counsellor")
    assert min(moment.start_s for moment in strongest_moments([index_of(recording)])) >= 6


def test_marks_and_their_removal_stand_in_the_audit_trail(recording, counsellor):
    stretch = stretch_mark(recording, by=counsellor, start_s=1, end_s=21.04, who="counsellor")
    stretch_remove(stretch, by=counsellor)
    stretch_remove(stretch, by=counsellor)
    marked, removed = AuditEvent.objects.filter(action__startswith="stretch").order_by("pk")
    assert (marked.action, removed.action) == ("stretch.mark", "stretch.remove")
    assert marked.detail == removed.detail == {"who": "counsellor", "start_s": 1, "end_s": 21.0}
    assert (marked.actor, marked.student_ref, marked.object_ref) == (counsellor, recording.student_id, recording.pk)


@pytest.mark.parametrize(
    ("stretch", "code"),
    [
        ((0, 4, "the dog"), "unknown_person"),
        ((-1, 4, "other"), "stretch_outside"),
        ((42, 43, "other"), "stretch_outside"),
        ((40, 43, "other"), "stretch_outside"),
        ((float("nan"), 4, "other"), "stretch_outside"),
        ((0, float("inf"), "other"), "stretch_outside"),
        ((4, 4, "other"), "empty_stretch"),
        ((5, 4, "other"), "empty_stretch"),
    ],
)
def test_what_cannot_be_a_stretch_is_refused(recording, counsellor, stretch, code):
    start, end, who = stretch
    with pytest.raises(Refused, match=code):
        stretch_mark(recording, by=counsellor, start_s=start, end_s=end, who=who)
    assert not Stretch.objects.exists()


def test_an_end_that_a_player_rounded_up_is_cut_at_the_end_of_the_recording(recording, counsellor):
    assert stretch_mark(recording, by=counsellor, start_s=40, end_s=42.4, who="other").end_s == 42


def test_marks_of_a_recording_are_bounded(recording, counsellor, monkeypatch):
    monkeypatch.setattr("analysis.trends.marking.MOST_STRETCHES", 1)
    StretchFactory(recording=recording)
    with pytest.raises(Refused, match="too_many_stretches"):
        stretch_mark(recording, by=counsellor, start_s=0, end_s=4, who="other")


# --- the student's reference ------------------------------------------------------------------------------------------


def test_the_reference_leaves_out_what_is_not_the_student_s(no_broker, counsellor):
    student = consented()
    first = scored_sessions.analysed(student, ("sad",) * 10 + ("happy",) * 10)
    alone = scored_sessions.analysed(consented(), ("sad",) * 10)
    whole = contributions(student)[first.result_run_id].voice
    stretch = stretch_mark(first, by=counsellor, start_s=21, end_s=42, who="counsellor")
    left = contributions(student)[first.result_run_id].voice
    expected = contributions(alone.student)[alone.result_run_id].voice
    assert left.mean == pytest.approx(expected.mean, abs=1e-3)
    assert left.shares == pytest.approx(expected.shares, abs=1e-3)
    assert left.seconds == pytest.approx(22)
    stretch_remove(stretch, by=counsellor)
    assert contributions(student)[first.result_run_id].voice.as_dict() == whole.as_dict()


def test_sums_made_anew_are_those_that_were_kept(no_broker):
    student = consented()
    first = scored_sessions.analysed(student, scored_sessions.VARIED, face=True)
    kept = contributions(student)[first.result_run_id]
    StretchFactory(recording=first, start_s=0, end_s=1, who="other")
    anew = contributions(student)[first.result_run_id]
    for name in ("voice", "face"):
        before, after = getattr(kept, name), getattr(anew, name)
        assert (after.model, after.sessions) == (before.model, before.sessions)
        assert after.seconds == pytest.approx(before.seconds, abs=0.01)
        assert after.total == pytest.approx(before.total, abs=0.05)
        assert after.counts == pytest.approx(before.counts, abs=0.05)


def test_a_recording_that_is_nobody_else_s_any_more_leaves_nothing_behind(no_broker, counsellor):
    student = consented()
    first = scored_sessions.analysed(student, ("sad",) * 20)
    stretch_mark(first, by=counsellor, start_s=0, end_s=42, who="not_student")
    assert contributions(student)[first.result_run_id].voice is None


def test_other_sessions_are_read_anew_and_their_sums_follow_at_once(no_broker, counsellor):
    student = consented()
    first = scored_sessions.analysed(student, ("sad",) * 20)
    second = scored_sessions.analysed(student, scored_sessions.VARIED)
    summaries_refresh(student)
    assert index_of(first).negative_share == 1
    stretch_mark(second, by=counsellor, start_s=0, end_s=second.duration_s, who="counsellor")
    assert set(scored_sessions.labels(first)) == {"normal"}
    assert index_of(first).negative_share == 0
    assert index_of(second).negative_share is None
    assert AuditEvent.objects.filter(action="results.reread").exists()
    assert not Alert.objects.exists()


def test_by_people_in_general_the_others_time_does_not_count_either(no_broker, counsellor):
    student = consented()
    first = scored_sessions.analysed(student, ("sad",) * 10 + ("anger",) * 10)
    scored_sessions.analysed(student, scored_sessions.VARIED)
    stretch_mark(first, by=counsellor, start_s=21, end_s=42, who="counsellor")
    general = SessionSummary.objects.get(run=Recording.objects.get(pk=first.pk).result_run_id).general
    assert general["shares"]["anger"] == 0
    assert general["judged_s"] == pytest.approx(21)


def test_damaged_rows_cost_their_own_recording_alone(no_broker, caplog):
    student = consented()
    first = scored_sessions.analysed(student, ("sad",) * 20)
    second = scored_sessions.analysed(student, scored_sessions.VARIED)
    StretchFactory(recording=second, start_s=0, end_s=1)
    second.result_run.segments.filter(index=3).update(voice={"probabilities": None})
    assert set(contributions(student)) == {first.result_run_id}
    assert "cannot be added up" in caplog.text
