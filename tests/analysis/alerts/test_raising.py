"""An alert is raised once per crossing, never from too little evidence, and a person brings it to an end."""

import threading
import time
from datetime import timedelta
from itertools import pairwise

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone, translation

from analysis.alerts.caseload import Urgency, caseload
from analysis.alerts.evidence import EwmaEvidence, ShareEvidence, SustainedEvidence, evidence_json, evidence_read
from analysis.alerts.explanation import explain
from analysis.alerts.lifecycle import alert_acknowledge, alert_dismiss, alert_escalate
from analysis.alerts.raising import alerts_raise, alerts_revise
from analysis.alerts.rules import rule_name, rule_settings, rule_update
from analysis.errors import Refused
from analysis.flow import AlertStatus, ReviewStatus, RunStatus
from analysis.models import Alert, AlertEvent, AlertRule, Recording, Review
from analysis.trends.settings import trend_settings
from students.models import AuditEvent
from tests.analysis.alert_stories import only_rule, raised_alert, session
from tests.factories import AlertFactory, CareAssignmentFactory, RunFactory, SegmentFactory, UserFactory, consented

pytestmark = pytest.mark.django_db


def crossings_of(student):
    return list(
        Alert.objects.filter(student=student).order_by("crossing__recorded_at").values_list("crossing", flat=True)
    )


def repeat(recording, label="sad"):
    """The recording is analysed again with another outcome."""
    run = RunFactory(recording=recording, number=recording.runs.count() + 1)
    for index in range(50):
        SegmentFactory(run=run, index=index, label=label)
    recording.refresh_from_db()
    return run


# --- once per crossing ------------------------------------------------------------------------------------------------


def test_a_session_over_the_share_raises_one_alert():
    only_rule("share", threshold=0.5)
    student = consented()
    session(student, 0.3, week=1)
    over = session(student, 0.8, week=2)
    (alert,) = alerts_raise(student)
    assert (alert.crossing_id, alert.status, alert.kind) == (over.pk, AlertStatus.OPEN, "share")
    assert alert.evidence["value"] == pytest.approx(0.8, abs=0.02)


def test_raising_again_raises_nothing():
    student = consented()
    raised_alert(student)
    assert alerts_raise(student) == []
    assert Alert.objects.count() == 1


def test_a_second_session_over_the_share_belongs_to_the_same_crossing():
    student = consented()
    raised_alert(student)
    session(student, 0.9, week=2)
    assert alerts_raise(student) == []


def test_after_a_session_under_the_share_the_next_crossing_raises_again():
    student = consented()
    raised_alert(student)
    session(student, 0.2, week=2)
    alerts_raise(student)
    session(student, 0.9, week=3)
    assert len(alerts_raise(student)) == 1


def test_a_repeated_run_of_the_same_recording_raises_nothing_again():
    student = consented()
    alert = raised_alert(student)
    repeat(alert.crossing)
    assert alerts_raise(student) == []


def test_a_dismissed_alert_is_not_raised_again_by_a_repeated_run(people):
    alert = raised_alert(people.student)
    alert_dismiss(alert, by=people.owner, reason="The camera showed someone else.")
    repeat(alert.crossing)
    assert alerts_raise(people.student) == []


def test_a_crossing_is_not_raised_again_while_its_first_recording_is_being_analysed_again():
    student = consented()
    alert = raised_alert(student)
    RunFactory(recording=alert.crossing, number=2, status=RunStatus.QUEUED)
    session(student, 0.9, week=2)
    assert alerts_raise(student) == []


def test_an_earlier_session_uploaded_late_does_not_raise_its_crossing_again():
    student = consented()
    raised_alert(student)
    session(student, 0.9, week=0)
    assert alerts_raise(student) == []


def test_every_crossing_of_a_backlog_raises_its_own_alert():
    only_rule("share", threshold=0.5)
    student = consented()
    recordings = [session(student, share, week) for week, share in enumerate([0.9, 0.1, 0.8, 0.9, 0.2, 0.7])]
    assert len(alerts_raise(student)) == 3
    assert crossings_of(student) == [recordings[i].pk for i in (0, 2, 5)]


def test_the_database_refuses_a_second_alert_for_the_same_crossing():
    alert = raised_alert(consented())
    with pytest.raises(IntegrityError), transaction.atomic():
        Alert.objects.create(student=alert.student, rule=alert.rule, crossing=alert.crossing, kind=alert.kind)


@pytest.mark.django_db(transaction=True)
def test_two_workers_raising_at_once_raise_one_alert():
    only_rule("share", threshold=0.5)
    student = consented()
    session(student, 0.9, week=1)
    together = threading.Barrier(2)
    raised = []

    def work():
        together.wait()
        raised.extend(alerts_raise(student))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(raised) == Alert.objects.count() == Review.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_sessions_analysed_at_the_same_time_are_seen_as_one_crossing():
    only_rule("share", threshold=0.5)
    student = consented()
    raised_first = threading.Event()

    def first():
        with transaction.atomic():
            session(student, 0.9, week=2)
            alerts_raise(student)
            raised_first.set()
            time.sleep(0.5)
        connection.close()

    def second():
        raised_first.wait(timeout=10)
        with transaction.atomic():
            session(student, 0.9, week=1)
            alerts_raise(student)
        connection.close()

    threads = [threading.Thread(target=work) for work in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Recording.objects.count() == 2
    assert Alert.objects.count() == 1


def test_a_disabled_rule_raises_nothing():
    only_rule("share", threshold=0.5, enabled=False)
    student = consented()
    session(student, 0.9, week=1)
    assert alerts_raise(student) == []


# --- sustained and ewma -----------------------------------------------------------------------------------------------


def test_a_sustained_rule_waits_for_its_sessions_in_a_row():
    only_rule("sustained", threshold=0.4, sessions=3)
    student = consented()
    recordings = []
    for week, share in enumerate([0.5, 0.1, 0.5, 0.6]):
        recordings.append(session(student, share, week))
        assert alerts_raise(student) == []
    recordings.append(session(student, 0.5, week=4))
    (alert,) = alerts_raise(student)
    assert alert.crossing_id == recordings[2].pk
    assert alert.evidence["recordings"] == [str(r.pk) for r in recordings[2:]]
    session(student, 0.7, week=5)
    assert alerts_raise(student) == []


def test_a_session_with_too_little_evidence_does_not_break_a_row():
    only_rule("sustained", threshold=0.4, sessions=2)
    student = consented()
    session(student, 0.5, week=1)
    session(student, 0.0, week=2, segments=5)
    session(student, 0.5, week=3)
    assert len(alerts_raise(student)) == 1


def test_a_rise_above_the_students_own_baseline_raises_an_alert():
    only_rule("ewma", width=2.7, baseline_sessions=4, smoothing=0.3)
    student = consented()
    for week, share in enumerate([0.1, 0.14, 0.1, 0.12, 0.12]):
        session(student, share, week)
    assert alerts_raise(student) == []
    over = session(student, 0.5, week=5)
    (alert,) = alerts_raise(student)
    assert alert.crossing_id == over.pk
    assert alert.evidence["value"] > alert.evidence["threshold"]
    assert len(alert.evidence["baseline"]["recordings"]) == 4
    session(student, 0.5, week=6)
    assert alerts_raise(student) == []


def test_a_share_that_is_usual_for_the_student_does_not_raise_the_ewma_rule():
    only_rule("ewma", width=2.7, baseline_sessions=4, smoothing=0.3)
    student = consented()
    for week in range(10):
        session(student, 0.5, week)
    assert alerts_raise(student) == []


# --- too little evidence ----------------------------------------------------------------------------------------------


def test_a_session_with_too_few_judged_seconds_raises_nothing():
    only_rule("share", threshold=0.5, min_evidence_s=30)
    student = consented()
    session(student, 1.0, week=1, segments=13)
    assert alerts_raise(student) == []
    session(student, 1.0, week=2, segments=14)
    assert len(alerts_raise(student)) == 1


def test_a_session_of_which_too_little_was_judged_raises_nothing():
    from tests.factories import analysed

    only_rule("share", threshold=0.5, min_evidence_s=10, min_coverage=0.3)
    student = consented()
    analysed(student, ["sad"] * 20 + [None] * 80)
    assert alerts_raise(student) == []


# --- evidence in words ------------------------------------------------------------------------------------------------


def test_an_alert_keeps_the_numbers_and_the_rule_that_raised_it():
    alert = raised_alert(consented())
    evidence = alert.evidence
    assert evidence["threshold"] == 0.5
    assert evidence["rule"]["min_evidence_s"] == 30
    assert evidence["recordings"] == [str(alert.crossing_id)]
    assert evidence["judged_s"] == pytest.approx(102)
    assert evidence["model_versions"] == [""]


def test_the_strongest_moments_are_negative_do_not_overlap_and_are_at_most_five():
    alert = raised_alert(consented())
    moments = sorted(alert.evidence["moments"], key=lambda moment: moment["start_s"])
    assert len(moments) == 5
    assert all(moment["label"] == "sad" for moment in moments)
    assert all(here["end_s"] <= there["start_s"] for here, there in pairwise(moments))


def test_an_alert_explains_itself_in_plain_words():
    words = " ".join(explain(raised_alert(consented())))
    assert "79 %" in words
    assert "above 50 %" in words
    assert "sad" in words
    assert "0:00–0:04" in words
    assert "not a diagnosis" in words


@pytest.mark.parametrize(
    ("kind", "fields", "type_"),
    [
        ("share", {"threshold": 0.5}, ShareEvidence),
        ("sustained", {"threshold": 0.5, "sessions": 2}, SustainedEvidence),
        ("ewma", {"baseline_sessions": 4, "width": 2.7}, EwmaEvidence),
    ],
)
def test_evidence_of_each_kind_is_read_back_as_it_was_written(people, kind, fields, type_):
    rule = only_rule(kind, **fields)
    for week, share in enumerate([0.1, 0.2, 0.1, 0.2, 0.9, 0.9]):
        session(people.student, share, week=week)
    (alert,) = alerts_raise(people.student)
    evidence = evidence_read(alert)
    assert type(evidence) is type_
    assert evidence_json(evidence) == alert.evidence
    assert evidence.settings == rule_settings(rule, trend_settings())
    assert {str(alert.crossing_id)} <= evidence.rests_on


@pytest.mark.parametrize("lost", ["value", "rule", "sessions", "moments"])
def test_an_alert_whose_numbers_are_not_whole_says_so_and_stays(people, lost):
    only_rule("share", threshold=0.5)
    recording = session(people.student, 0.8, week=1)
    (alert,) = alerts_raise(people.student)
    del alert.evidence[lost]
    alert.save()
    assert explain(alert) == ["The evidence of this alert is no longer there."]
    alerts_revise(people.student)
    kept = Alert.objects.get(pk=alert.pk, crossing=recording)
    assert kept.evidence == {}, "numbers that nobody can read may hold a removed result"
    assert explain(kept) == ["The evidence of this alert is no longer there."]
    assert alerts_revise(people.student) == 0


def test_the_names_of_the_default_rules_are_translated_when_shown():
    names = {rule.name for rule in AlertRule.objects.all()}
    assert len(names) == 3
    assert {rule_name(rule) for rule in AlertRule.objects.all()} == names
    with translation.override("zh-hans"):
        translated = {rule_name(rule) for rule in AlertRule.objects.all()}
    assert len(translated) == 3
    assert not names & translated


# --- lifecycle --------------------------------------------------------------------------------------------------------


def test_raising_opens_one_review_for_all_alerts_of_a_student():
    AlertRule.objects.all().delete()
    only_rule("share", threshold=0.5)
    student = consented()
    for week, share in enumerate([0.9, 0.1, 0.8]):
        session(student, share, week)
    first, second = alerts_raise(student)
    assert first.review == second.review
    assert first.review.status == ReviewStatus.PENDING


def test_an_alert_can_be_acknowledged_once(people):
    alert = raised_alert(people.student)
    alert_acknowledge(alert, by=people.owner)
    assert alert.status == AlertStatus.ACKNOWLEDGED
    with pytest.raises(Refused) as refused:
        alert_acknowledge(alert, by=people.admin)
    assert refused.value.code == "alert_moved"


@pytest.mark.parametrize("reason", ["", "   "])
def test_dismissing_needs_a_reason(people, reason):
    alert = raised_alert(people.student)
    with pytest.raises(Refused) as refused:
        alert_dismiss(alert, by=people.owner, reason=reason)
    assert refused.value.code == "reason_required"
    alert.refresh_from_db()
    assert alert.status == AlertStatus.OPEN


def test_every_change_of_an_alert_is_written_down(people):
    alert = raised_alert(people.student)
    alert_acknowledge(alert, by=people.owner)
    alert_dismiss(alert, by=people.owner, reason="Spoke with the student; it was a film scene.")
    assert list(AlertEvent.objects.values_list("status", "actor", "reason")) == [
        ("open", None, ""),
        ("acknowledged", people.owner.pk, ""),
        ("dismissed", people.owner.pk, "Spoke with the student; it was a film scene."),
    ]
    assert alert.settled_at is not None
    assert AuditEvent.objects.filter(action="alert.dismissed", actor=people.owner, object_ref=alert.pk).exists()


def test_a_review_lapses_with_its_last_alert_dismissed(people):
    only_rule("share", threshold=0.5)
    for week, share in enumerate([0.9, 0.1, 0.8]):
        session(people.student, share, week)
    first, second = alerts_raise(people.student)
    alert_dismiss(first, by=people.owner, reason="known")
    assert Review.objects.get().status == ReviewStatus.PENDING
    alert_dismiss(second, by=people.owner, reason="known")
    assert Review.objects.get().status == ReviewStatus.LAPSED


def test_an_escalated_alert_can_no_longer_be_dismissed(people):
    alert = raised_alert(people.student)
    alert_escalate(alert, by=people.owner, reason="I am worried.")
    with pytest.raises(Refused):
        alert_dismiss(alert, by=people.owner, reason="changed my mind")


def test_an_escalated_alert_always_has_an_unsettled_review(people):
    alert = AlertFactory(review__status=ReviewStatus.LAPSED, review__settled_at=timezone.now())
    alert_escalate(alert, by=people.admin)
    assert alert.review.status == ReviewStatus.PENDING


# --- after results were removed ---------------------------------------------------------------------------------------


def test_an_alert_goes_with_its_recording_and_its_review_lapses():
    student = consented()
    raised_alert(student).crossing.delete()
    alerts_revise(student)
    assert not Alert.objects.exists()
    assert Review.objects.get().status == ReviewStatus.LAPSED


def test_an_alert_whose_results_were_removed_is_deleted_and_only_the_count_is_kept():
    student = consented()
    alert = raised_alert(student)
    alert.crossing.runs.all().delete()
    assert alerts_revise(student) == 1
    assert not Alert.objects.exists()
    event = AuditEvent.objects.get(action="alert.revise")
    assert event.detail == {"deleted": 1, "rewritten": 0}


def test_an_alert_that_the_remaining_sessions_still_prove_stays_with_new_evidence(people):
    only_rule("sustained", threshold=0.4, sessions=2)
    recordings = [session(people.student, 0.5, week) for week in range(3)]
    (alert,) = alerts_raise(people.student)
    alert_acknowledge(alert, by=people.owner)
    recordings[1].runs.all().delete()
    assert alerts_revise(people.student) == 0
    alert.refresh_from_db()
    assert alert.status == AlertStatus.ACKNOWLEDGED
    assert alert.evidence["recordings"] == [str(recordings[0].pk), str(recordings[2].pk)]


def test_an_alert_measured_against_a_baseline_that_is_gone_is_deleted():
    only_rule("ewma", width=2.7, baseline_sessions=4, smoothing=0.3)
    student = consented()
    recordings = [session(student, share, week) for week, share in enumerate([0.1, 0.1, 0.1, 0.1, 0.9])]
    assert len(alerts_raise(student)) == 1
    recordings[0].runs.all().delete()
    assert alerts_revise(student) == 1


def test_revising_leaves_untouched_what_nothing_was_removed_from():
    student = consented()
    alert = raised_alert(student)
    session(student, 0.2, week=5).delete()
    before = alert.evidence
    assert alerts_revise(student) == 0
    alert.refresh_from_db()
    assert alert.evidence == before


# --- rules ------------------------------------------------------------------------------------------------------------


def test_every_installation_starts_with_three_rules():
    assert set(AlertRule.objects.values_list("kind", "enabled")) == {
        ("share", True),
        ("sustained", True),
        ("ewma", True),
    }


def test_editing_a_rule_is_written_down_and_leaves_old_alerts_as_they_were(people):
    alert = raised_alert(people.student)
    rule_update(alert.rule, by=people.admin, threshold=0.9)
    alert.refresh_from_db()
    assert alert.evidence["rule"]["threshold"] == 0.5
    assert AuditEvent.objects.get(action="rule.update").detail == {"kind": "share", "threshold": 0.9}


def test_lowering_a_threshold_does_not_raise_alerts_from_earlier_sessions(people):
    rule = only_rule("share", threshold=0.9)
    session(people.student, 0.7, week=1, **{})
    rule_update(rule, by=people.admin, threshold=0.5)
    assert alerts_raise(people.student) == []
    session(people.student, 0.8, week=2)
    assert len(alerts_raise(people.student)) == 1


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("share", {"threshold": 0}),
        ("share", {"threshold": 1.2}),
        ("share", {"min_evidence_s": 0}),
        ("share", {"min_coverage": None}),
        ("share", {"name": " "}),
        ("sustained", {"sessions": 1}),
        ("share", {"threshold": float("nan")}),
        ("ewma", {"name": ""}),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(people, kind, changes):
    rule = AlertRule.objects.get(kind=kind)
    with pytest.raises(ValidationError) as refused:
        rule_update(rule, by=people.admin, **changes)
    assert set(refused.value.message_dict) == set(changes)


def test_saving_a_rule_unchanged_changes_nothing(people):
    rule = AlertRule.objects.get(kind="share")
    rule_update(rule, by=people.admin, name=rule.name, threshold=rule.threshold, enabled=True, sessions=9)
    rule.refresh_from_db()
    assert rule.updated_by is None
    assert not AuditEvent.objects.filter(action="rule.update").exists()


# --- caseload ---------------------------------------------------------------------------------------------------------


def test_the_caseload_shows_who_needs_attention_first_and_why(people):
    only_rule("share", threshold=0.5)
    calm, escalated, idle = consented(), consented(), consented()
    for student in (calm, escalated, idle):
        CareAssignmentFactory(student=student, counselor=people.owner)
    session(calm, 0.1, week=1)
    session(people.student, 0.8, week=1)
    session(escalated, 0.8, week=1)
    alerts_raise(people.student)
    (alert,) = alerts_raise(escalated)
    alert_escalate(alert, by=people.owner)
    entries = caseload(people.owner)
    assert [entry.student for entry in entries] == [escalated, people.student, calm, idle]
    assert [entry.urgency for entry in entries] == [Urgency.ESCALATED, Urgency.OPEN, Urgency.STEADY, Urgency.NO_DATA]
    assert "waits for the review" in entries[0].why[0]
    assert "1 new alert" in entries[1].why[0]
    assert entries[1].sparkline == [pytest.approx(0.8, abs=0.02)]
    assert "No recording" in entries[3].why[0]


def test_a_person_sees_their_own_caseload_only(people):
    seen = {entry.student for entry in caseload(people.owner)}
    assert seen == {people.student}
    assert people.student not in {entry.student for entry in caseload(people.teammate)}
    assert caseload(people.staff) == []
    assert people.student in {entry.student for entry in caseload(people.admin)}


def test_the_caseload_forgets_a_student_whose_care_has_ended(people):
    people.student.care.update(until=timezone.now())
    assert caseload(people.owner) == []


def test_the_caseload_takes_the_same_few_queries_for_many_students(people, django_assert_max_num_queries):
    for week in range(5):
        student = consented()
        CareAssignmentFactory(student=student, counselor=people.owner)
        session(student, 0.9, week)
        alerts_raise(student)
    with django_assert_max_num_queries(6):
        assert len(caseload(people.owner)) == 6


def test_who_has_waited_longer_comes_first_among_equals(people):
    other = consented()
    CareAssignmentFactory(student=other, counselor=people.owner)
    older = AlertFactory(crossing__student=other, raised_at=timezone.now() - timedelta(days=3))
    AlertFactory(crossing__student=people.student, rule=older.rule)
    assert [entry.student for entry in caseload(people.owner)] == [other, people.student]


def test_an_inactive_person_has_no_caseload(people):
    gone = UserFactory(is_active=False)
    CareAssignmentFactory(student=people.student, counselor=gone)
    assert caseload(gone) == []
