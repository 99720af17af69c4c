"""The consent pages: who sees, who grants, who withdraws, and the evidence file."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from students.consent import purposes_covered
from students.models import AuditEvent, Consent
from tests.factories import StudentFactory

pytestmark = pytest.mark.django_db


def page(student):
    return reverse("student-consents", args=[student.pk])


def grant(browser, student, **fields):
    return browser.post(reverse("consent-grant", args=[student.pk]), fields)


def withdraw(browser, consent):
    return browser.post(reverse("consent-withdraw", args=[consent.pk]))


def test_everyone_with_a_part_in_it_sees_the_state_and_only_those_who_may_see_the_buttons(as_user, people):
    buttons = {"admin": (True, True), "owner": (False, True), "staff": (False, False)}
    for who, expected in buttons.items():
        body = as_user(getattr(people, who)).get(page(people.student)).content.decode()
        shown = ("consents/grant/" in body, "/withdraw/" in body)
        assert shown == expected, who
        assert body.count("agreed</span>") == 5, who
    assert as_user(people.teammate).get(page(people.student)).status_code == 404


def test_an_administrator_records_several_purposes_from_one_form_on_paper(as_user, people, media):
    student = StudentFactory()
    last_day = timezone.localdate() + timedelta(days=365)
    answer = grant(
        as_user(people.admin),
        student,
        purposes=["recording", "voice"],
        expires_on=last_day.isoformat(),
        evidence=SimpleUploadedFile("form.pdf", b"%PDF-1.7"),
    )
    assert answer["Location"] == page(student)
    assert purposes_covered(student) == {"recording", "voice"}
    rows = list(student.consents.all())
    assert {row.expires_on for row in rows} == {last_day}
    assert {row.granted_by for row in rows} == {people.admin}
    assert [(media / row.evidence.name).read_bytes() for row in rows] == [b"%PDF-1.7"] * 2


def test_if_one_thing_is_wrong_nothing_is_recorded_and_the_page_says_why(as_user, people, media):
    student = StudentFactory()
    answer = grant(as_user(people.admin), student, purposes=["voice"], evidence=SimpleUploadedFile("form.pdf", b"MZ"))
    assert answer.status_code == 200
    assert "no PDF, PNG or JPEG" in answer.content.decode()
    assert not student.consents.exists()


def test_nothing_ticked_grants_nothing(as_user, people):
    student = StudentFactory()
    assert grant(as_user(people.admin), student).status_code == 200
    assert not student.consents.exists()


@pytest.mark.parametrize("who", ["owner", "teammate", "staff"])
def test_nobody_else_grants(as_user, people, who):
    student = StudentFactory()
    assert grant(as_user(getattr(people, who)), student, purposes=["voice"]).status_code == 404
    assert not student.consents.exists()


@pytest.mark.parametrize(
    ("purpose", "words"),
    [
        ("recording", "All recordings of this student are deleted"),
        ("voice", "Every analysis that used the voice is deleted"),
        ("face", "Every analysis that used the face is deleted"),
        ("transcript", "Everything that was written down"),
        ("research", "Recordings and results stay for counselling"),
    ],
)
def test_before_a_withdrawal_the_page_says_what_it_deletes(as_user, people, purpose, words):
    consent = people.student.consents.get(purpose=purpose)
    body = as_user(people.owner).get(reverse("consent-withdraw", args=[consent.pk])).content.decode()
    assert words in body
    consent.refresh_from_db()
    assert consent.ended_at is None


@pytest.mark.parametrize(("who", "may"), [("owner", True), ("admin", True), ("teammate", False), ("staff", False)])
def test_the_students_counsellor_and_administrators_withdraw(as_user, people, who, may):
    consent = people.student.consents.get(purpose="voice")
    answer = withdraw(as_user(getattr(people, who)), consent)
    assert answer.status_code == (302 if may else 404)
    assert ("voice" in purposes_covered(people.student)) is not may


def test_what_was_withdrawn_is_not_there_to_be_withdrawn_again(as_user, people):
    consent = people.student.consents.get(purpose="voice")
    browser = as_user(people.owner)
    withdraw(browser, consent)
    assert withdraw(browser, consent).status_code == 404
    assert AuditEvent.objects.filter(action="consent.withdraw").count() == 1


def test_an_earlier_counsellor_no_longer_sees_or_withdraws(as_user, people):
    people.student.care.update(until=timezone.now())
    consent = people.student.consents.get(purpose="voice")
    browser = as_user(people.owner)
    assert browser.get(page(people.student)).status_code == 404
    assert withdraw(browser, consent).status_code == 404


# --- evidence ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def with_evidence(people, media):
    consent = people.student.consents.get(purpose="voice")
    (media / "consents").mkdir()
    (media / "consents" / "abc").write_bytes(b"%PDF-1.7 signed")
    Consent.objects.filter(pk=consent.pk).update(
        evidence="consents/abc", evidence_name="form.pdf", evidence_type="application/pdf"
    )
    return reverse("consent-evidence", args=[consent.pk])


def test_evidence_is_handed_out_as_a_file_to_keep_and_that_is_written_down(as_user, people, with_evidence):
    answer = as_user(people.owner).get(with_evidence)
    assert answer.getvalue() == b"%PDF-1.7 signed"
    assert answer["Content-Disposition"] == 'attachment; filename="form.pdf"'
    assert answer["Content-Type"] == "application/pdf"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in answer["Cache-Control"]
    assert AuditEvent.objects.get(action="consent.evidence").actor == people.owner


def test_nobody_else_gets_the_evidence_and_media_is_not_served_by_itself(as_user, people, with_evidence, client):
    assert as_user(people.teammate).get(with_evidence).status_code == 404
    assert client.get(with_evidence).status_code == 302
    assert as_user(people.admin).get("/media/consents/abc").status_code == 404


def test_a_file_that_is_gone_is_a_404_and_not_an_error(as_user, people, with_evidence, media):
    (media / "consents" / "abc").unlink()
    assert as_user(people.owner).get(with_evidence).status_code == 404
