"""Granting, withdrawing and expiry of consent, and what follows from each."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone

from students import consent
from students.consent_wording import COMPARISON
from students.models import AuditEvent, Consent, Purpose, Student
from students.signals import consent_ended
from tests.factories import ConsentFactory, StudentFactory, UserFactory, consented
from tests.students.signals import heard

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.7 signed"


def today():
    return timezone.localdate()


def test_a_new_student_has_agreed_to_nothing():
    assert consent.purposes_covered(StudentFactory()) == frozenset()


def test_a_grant_covers_its_purpose_and_no_other():
    student, admin = StudentFactory(), UserFactory(role="admin")
    consent.consent_grant(student, by=admin, purpose=Purpose.VOICE)
    assert consent.purposes_covered(student) == {"voice"}
    assert consent.covers(student, Purpose.VOICE)
    assert not consent.covers(student, Purpose.FACE)
    assert not consent.covers(StudentFactory(), Purpose.VOICE)


def test_it_covers_neither_the_time_before_it_was_granted_nor_after_it_ended():
    now = timezone.now()
    row = ConsentFactory(granted_at=now - timedelta(days=10), ended_at=now - timedelta(days=5), end_reason="withdrawn")
    assert not consent.covers(row.student, row.purpose, now - timedelta(days=11))
    assert consent.covers(row.student, row.purpose, now - timedelta(days=7))
    assert not consent.covers(row.student, row.purpose)


def test_it_holds_through_its_last_day_and_not_the_next_whether_or_not_it_was_swept():
    last_day = ConsentFactory(expires_on=today())
    assert consent.covers(last_day.student, last_day.purpose)
    past = ConsentFactory(expires_on=today() - timedelta(days=1))
    assert past.ended_at is None
    assert not consent.covers(past.student, past.purpose)


def test_the_last_day_ends_at_midnight_of_the_sites_time_zone():
    row = ConsentFactory(granted_at=datetime(2025, 1, 1, tzinfo=UTC), expires_on="2025-03-01")
    evening_in_utc = datetime(2025, 3, 1, 15, 59, tzinfo=UTC)
    with timezone.override("Asia/Shanghai"):
        assert consent.covers(row.student, row.purpose, evening_in_utc)
        assert not consent.covers(row.student, row.purpose, evening_in_utc + timedelta(minutes=2))


def test_a_grant_that_renews_replaces_the_standing_one_and_nobody_is_told_it_ended():
    student, admin = consented("voice"), UserFactory(role="admin")
    first = student.consents.get()
    with heard(consent_ended) as ended:
        second = consent.consent_grant(student, by=admin, purpose="voice", expires_on=today() + timedelta(days=365))
    first.refresh_from_db()
    assert (first.end_reason, first.ended_by) == ("replaced", admin)
    assert first.ended_at == second.granted_at
    assert consent.covers(student, "voice", second.granted_at)
    assert ended == []


def test_granting_the_same_twice_leaves_one_consent():
    student, admin = StudentFactory(), UserFactory(role="admin")
    first = consent.consent_grant(student, by=admin, purpose="face")
    assert consent.consent_grant(student, by=admin, purpose="face") == first
    assert student.consents.count() == 1
    assert AuditEvent.objects.filter(action="consent.grant").count() == 1


def test_granting_anew_after_an_unnoticed_expiry_first_lets_the_old_one_end():
    row = ConsentFactory(purpose="voice", expires_on=today() - timedelta(days=1))
    with heard(consent_ended) as ended:
        consent.consent_grant(row.student, by=UserFactory(role="admin"), purpose="voice")
    row.refresh_from_db()
    assert row.end_reason == "expired"
    assert [(event["purpose"], event["reason"]) for event in ended] == [("voice", "expired")]
    assert consent.covers(row.student, "voice")


@pytest.mark.parametrize(
    ("wrong", "code"), [({"purpose": "mind reading"}, "purpose"), ({"expires_on": "yesterday"}, "expiry")]
)
def test_an_impossible_grant_is_refused_and_writes_nothing(wrong, code):
    student = StudentFactory()
    if wrong.get("expires_on"):
        wrong = {"expires_on": today() - timedelta(days=1)}
    with pytest.raises(ValidationError) as refused:
        consent.consent_grant(student, by=UserFactory(role="admin"), **({"purpose": "voice"} | wrong))
    assert refused.value.code == code
    assert not student.consents.exists()


def test_an_erased_student_can_be_granted_nothing():
    student = StudentFactory(erased_at=timezone.now())
    with pytest.raises(ValidationError):
        consent.consent_grant(student, by=UserFactory(role="admin"), purpose="voice")
    assert consent.purposes_covered(consented(erased_at=timezone.now())) == frozenset()


def test_a_withdrawal_ends_coverage_tells_the_listeners_and_leaves_a_trace():
    student, counselor = consented("voice", "face"), UserFactory()
    row = student.consents.get(purpose="voice")
    with heard(consent_ended) as ended:
        assert consent.consent_withdraw(row, by=counselor)
    assert ended == [{"student": student, "purpose": "voice", "reason": "withdrawn", "by": counselor}]
    assert consent.purposes_covered(student) == {"face"}
    row.refresh_from_db()
    assert (row.end_reason, row.ended_by) == ("withdrawn", counselor)
    event = AuditEvent.objects.get(action="consent.withdraw")
    assert (event.actor, event.student_ref, event.detail) == (counselor, student.pk, {"purpose": "voice"})


def test_withdrawing_twice_happens_once():
    row, counselor = ConsentFactory(), UserFactory()
    with heard(consent_ended) as ended:
        assert consent.consent_withdraw(row, by=counselor)
        assert not consent.consent_withdraw(row, by=counselor)
    assert len(ended) == 1
    assert AuditEvent.objects.filter(action="consent.withdraw").count() == 1


def test_if_the_results_cannot_be_removed_the_withdrawal_has_not_happened():
    row = ConsentFactory()
    with heard(consent_ended, fail=RuntimeError), pytest.raises(RuntimeError):
        consent.consent_withdraw(row, by=UserFactory())
    row.refresh_from_db()
    assert row.ended_at is None
    assert not AuditEvent.objects.filter(action="consent.withdraw").exists()


def test_the_sweep_ends_what_is_overdue_and_only_that():
    overdue = ConsentFactory(expires_on=today() - timedelta(days=1))
    standing = ConsentFactory(expires_on=today())
    with heard(consent_ended) as ended:
        assert consent.consents_expire() == 1
        assert consent.consents_expire() == 0
    assert [(event["student"], event["reason"], event["by"]) for event in ended] == [(overdue.student, "expired", None)]
    overdue.refresh_from_db()
    standing.refresh_from_db()
    assert overdue.end_reason == "expired"
    assert standing.ended_at is None
    assert AuditEvent.objects.get(action="consent.expire").actor is None


def test_one_consent_that_cannot_be_ended_does_not_hold_up_the_others():
    stuck, fine = (ConsentFactory(expires_on=today() - timedelta(days=1)) for _ in range(2))

    def refuse(sender, student, **_payload):
        if student == stuck.student:
            raise RuntimeError

    consent_ended.connect(refuse)
    try:
        assert consent.consents_expire() == 1
    finally:
        consent_ended.disconnect(refuse)
    stuck.refresh_from_db()
    fine.refresh_from_db()
    assert stuck.ended_at is None
    assert fine.ended_at is not None


def test_the_states_name_every_purpose_in_its_order():
    student = StudentFactory()
    ConsentFactory(student=student, purpose="voice", expires_on=today() + timedelta(days=5))
    ConsentFactory(student=student, purpose="face", expires_on=today() - timedelta(days=1))
    ConsentFactory(student=student, purpose="research", ended_at=timezone.now(), end_reason="withdrawn")
    recording, voice, face, transcript, research = consent.consent_states(student)
    assert (recording.purpose, recording.standing, recording.covered) == ("recording", None, False)
    assert (voice.covered, voice.expires_soon) == (True, True)
    assert (transcript.purpose, transcript.covered) == ("transcript", False)
    assert (face.covered, face.standing is not None) == (False, True)
    assert (research.standing, research.covered) == (None, False)


@pytest.mark.parametrize(
    ("days", "covered", "expires_soon"), [(-1, False, False), (0, True, True), (30, True, True), (31, True, False)]
)
def test_a_consent_is_covered_through_its_last_day_and_ends_soon_in_its_last_thirty(days, covered, expires_soon):
    student = StudentFactory()
    ConsentFactory(student=student, purpose="recording", expires_on=today() + timedelta(days=days))
    state = consent.consent_states(student)[0]
    assert (state.covered, state.expires_soon) == (covered, expires_soon)


def test_only_voice_and_face_have_an_earlier_wording_that_said_less():
    student = StudentFactory()
    for purpose in Purpose.values:
        ConsentFactory(student=student, purpose=purpose, wording=COMPARISON - 1)
    assert [state.earlier_wording for state in consent.consent_states(student)] == [False, True, True, False, False]
    Consent.objects.update(wording=COMPARISON)
    assert not any(state.earlier_wording for state in consent.consent_states(student))


def test_the_comparison_is_covered_by_todays_wording_for_voice_and_face_until_erasure():
    student = consented()
    assert consent.comparison_covered(student) == {"voice", "face"}
    Consent.objects.filter(purpose="voice").update(wording=COMPARISON - 1)
    assert consent.comparison_covered(student) == {"face"}
    student.erased_at = timezone.now()
    student.save()
    assert consent.comparison_covered(student) == frozenset()


def test_the_trail_says_which_consent_was_given_and_which_it_replaces(people):
    student = StudentFactory()
    first = consent.consent_grant(student, by=people.admin, purpose="voice")
    second = consent.consent_grant(student, by=people.admin, purpose="voice", expires_on=today() + timedelta(days=9))
    consent.consent_withdraw(second, by=people.admin)
    events = AuditEvent.objects.filter(student_ref=student.pk).order_by("at", "id")
    assert [(event.action, event.object_type, event.object_ref) for event in events] == [
        ("consent.grant", "consent", first.pk),
        ("consent.grant", "consent", second.pk),
        ("consent.withdraw", "consent", second.pk),
    ]
    assert [event.detail.get("replaces") for event in events] == [False, True, None]


# --- evidence ---------------------------------------------------------------------------------------------------------


def test_evidence_is_kept_under_a_random_name_and_told_by_its_content(media):
    student = StudentFactory(name="Wang Fang")
    row = consent.consent_grant(
        student,
        by=UserFactory(role="admin"),
        purpose="voice",
        evidence=ContentFile(PDF, name="../../Wang Fang.html"),
    )
    assert row.evidence_type == "application/pdf"
    assert row.evidence_name == "Wang_Fang.pdf"
    assert "Wang" not in row.evidence.name
    assert (media / row.evidence.name).read_bytes() == PDF
    assert (media / row.evidence.name).parent == media / "consents"
    assert (media / row.evidence.name).stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"<html>%PDF-", "unsupported_format"),
        (b"MZ\x90", "unsupported_format"),
        (b"%PDF-" + bytes(10 * 1024 * 1024), "too_large"),
    ],
    ids=["empty", "html", "program", "large"],
)
def test_other_files_are_no_evidence(media, content, code):
    student = StudentFactory()
    with pytest.raises(ValidationError) as refused:
        consent.consent_grant(
            student, by=UserFactory(role="admin"), purpose="voice", evidence=ContentFile(content, name="a.pdf")
        )
    assert refused.value.code == code
    assert not student.consents.exists()
    assert list(media.rglob("*")) == []


@pytest.mark.parametrize(
    ("content", "extension"), [(PDF, ".pdf"), (b"\x89PNG\r\n\x1a\n", ".png"), (b"\xff\xd8\xff\xe0", ".jpg")]
)
def test_pdf_png_and_jpeg_are_evidence(media, content, extension):
    row = consent.consent_grant(
        StudentFactory(),
        by=UserFactory(role="admin"),
        purpose="voice",
        evidence=ContentFile(content, name="..."),
    )
    assert row.evidence_name.endswith(extension)


def test_a_grant_that_fails_leaves_no_file_behind(media, monkeypatch):
    monkeypatch.setattr("students.consent.audit.record", lambda *_args, **_kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        consent.consent_grant(
            StudentFactory(), by=UserFactory(role="admin"), purpose="voice", evidence=ContentFile(PDF, name="a.pdf")
        )
    assert [path for path in media.rglob("*") if path.is_file()] == []


# --- two at the same moment -------------------------------------------------------------------------------------------


def at_the_same_moment(*calls):
    def run(call):
        try:
            return call()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(run, call) for call in calls]]


@pytest.mark.django_db(transaction=True)
def test_of_many_simultaneous_withdrawals_one_counts():
    row, counselor = ConsentFactory(), UserFactory()
    with heard(consent_ended) as ended:
        done = at_the_same_moment(*[lambda: consent.consent_withdraw(row, by=counselor)] * 6)
    assert sorted(done) == [False] * 5 + [True]
    assert len(ended) == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_simultaneous_grants_one_stands():
    student, admin = StudentFactory(), UserFactory(role="admin")
    granted = at_the_same_moment(
        *[
            lambda days=days: consent.consent_grant(
                student, by=admin, purpose="voice", expires_on=today() + timedelta(days=days)
            )
            for days in range(1, 7)
        ]
    )
    assert len({row.pk for row in granted}) == 6
    assert Consent.objects.filter(student=student, ended_at__isnull=True).count() == 1


@pytest.mark.parametrize("number", range(2 ** len(Purpose.values)))
@pytest.mark.parametrize("stale", [False, True], ids=["in force", "expired"])
def test_enough_to_analyse_says_the_same_of_purposes_and_of_rows(number, stale):
    """Every subset of the purposes; an expired consent, or one of somebody else, counts for nothing in both."""
    agreed = {purpose for bit, purpose in enumerate(Purpose.values) if number >> bit & 1}
    student = StudentFactory()
    for purpose in agreed:
        ConsentFactory(student=student, purpose=purpose, expires_on=today() - timedelta(days=1) if stale else None)
    for purpose in Purpose.values:
        ConsentFactory(purpose=purpose)
    expected = not stale and Purpose.RECORDING in agreed and bool(agreed & {Purpose.VOICE, Purpose.FACE})

    assert consent.enough_to_analyse(consent.purposes_covered(student)) is expected
    assert Student.objects.filter(consent.may_be_analysed(), pk=student.pk).exists() is expected
