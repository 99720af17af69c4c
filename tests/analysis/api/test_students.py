"""Students and consents over the API: who sees what, and who may write."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from students.models import AuditEvent, Consent, Purpose, Student
from tests.factories import ConsentFactory, StudentFactory, consented

LIST = "/api/v1/students/"


def one(student: Student) -> str:
    return f"{LIST}{student.pk}/"


def test_a_counsellor_lists_the_students_assigned_to_them_and_no_other(people, api):
    page = api(people.owner).get(LIST).json()
    assert page["count"] == 1
    assert [row["id"] for row in page["results"]] == [str(people.student.pk)]
    assert set(page["results"][0]) == {"id", "number", "name", "programme", "year", "synthetic", "created_at"}


def test_staff_and_admin_list_every_student(people, api):
    for user in (people.staff, people.admin):
        assert api(user).get(LIST).json()["count"] == Student.objects.count() == 2


def test_another_counsellors_student_answers_as_one_that_is_not_there(people, api):
    script = api(people.teammate)
    forbidden = script.get(one(people.student))
    missing = script.get(f"{LIST}00000000-0000-4000-8000-000000000000/")
    assert forbidden.status_code == missing.status_code == 404
    assert forbidden.content == missing.content


def test_an_erased_student_is_not_there_for_anyone(people, api):
    people.student.erased_at = timezone.now()
    people.student.save()
    for user in (people.owner, people.staff, people.admin):
        assert api(user).get(one(people.student)).status_code == 404
        assert str(people.student.pk) not in api(user).get(LIST).content.decode()


def test_a_student_tells_which_purposes_are_covered_now(people, api):
    assert api(people.owner).get(one(people.student)).json()["purposes_covered"] == Purpose.values
    Consent.objects.filter(student=people.student, purpose="face").update(
        expires_on=timezone.localdate() - timedelta(days=1)
    )
    assert api(people.owner).get(one(people.student)).json()["purposes_covered"] == [
        "recording",
        "voice",
        "transcript",
        "research",
    ]


def test_an_admin_adds_and_changes_a_student(people, api):
    script = api(people.admin)
    made = script.post(LIST, {"number": "S900001", "name": "王 小明", "programme": "Physics", "year": 3})
    assert made.status_code == 201
    student = Student.objects.get(number="S900001")
    assert made.json()["id"] == str(student.pk)
    assert script.patch(one(student), {"year": 4}).json()["year"] == 4
    student.refresh_from_db()
    assert (student.name, student.programme, student.year) == ("王 小明", "Physics", 4)


def test_a_number_that_is_taken_is_refused_with_the_field(people, api):
    response = api(people.admin).post(LIST, {"number": people.student.number, "name": "Someone"})
    assert response.status_code == 400
    assert set(response.json()["error"]["fields"]) == {"number"}


@pytest.mark.parametrize("who", ["owner", "staff"])
def test_nobody_but_an_admin_writes_students(people, api, who):
    script = api(getattr(people, who))
    assert script.post(LIST, {"number": "S900002", "name": "Someone"}).status_code == 404
    assert script.patch(one(people.student), {"name": "Other"}).status_code == 404
    assert not Student.objects.filter(number="S900002").exists()
    people.student.refresh_from_db()
    assert people.student.name != "Other"


def test_pages_are_linked_and_hold_each_student_once(people, api):
    for _ in range(5):
        StudentFactory(name="The same name")
    script = api(people.admin)
    address, seen = f"{LIST}?page_size=3", []
    while address:
        page = script.get(address).json()
        assert page["count"] == 7
        seen += [row["id"] for row in page["results"]]
        address = page["next"]
        assert address is None or "name" not in address
    assert len(seen) == len(set(seen)) == 7


def test_consents_are_listed_with_what_holds_now(people, api):
    expired = ConsentFactory(student=consented("voice"), expires_on=timezone.localdate() - timedelta(days=2))
    rows = api(people.staff).get(f"{LIST}{expired.student_id}/consents/").json()["results"]
    assert {row["purpose"]: row["in_force"] for row in rows} == {"voice": True, "recording": False}
    assert api(people.teammate).get(f"{LIST}{people.student.pk}/consents/").status_code == 404


def test_an_admin_records_a_consent_with_evidence(people, api):
    student = StudentFactory()
    scan = SimpleUploadedFile("consent.pdf", b"%PDF-1.4 signed")
    expires = timezone.localdate() + timedelta(days=90)
    response = api(people.admin).post(
        f"{LIST}{student.pk}/consents/",
        {"purpose": "voice", "expires_on": expires.isoformat(), "evidence": scan},
        format="multipart",
    )
    assert response.status_code == 201
    body = response.json()
    assert (body["purpose"], body["expires_on"], body["has_evidence"], body["in_force"]) == (
        "voice", expires.isoformat(), True, True,
    )  # fmt: skip
    assert body["granted_by"] == {"id": str(people.admin.pk), "name": str(people.admin)}
    assert Consent.objects.get(pk=body["id"]).student == student


def test_evidence_that_is_no_document_is_refused_and_nothing_is_granted(people, api):
    student = StudentFactory()
    page = SimpleUploadedFile("consent.pdf", b"<html>")
    response = api(people.admin).post(
        f"{LIST}{student.pk}/consents/", {"purpose": "voice", "evidence": page}, format="multipart"
    )
    assert response.status_code == 400
    assert not student.consents.exists()


def test_a_consent_for_no_known_purpose_is_refused(people, api):
    response = api(people.admin).post(f"{LIST}{people.student.pk}/consents/", {"purpose": "marketing"})
    assert response.status_code == 400
    assert set(response.json()["error"]["fields"]) == {"purpose"}


@pytest.mark.parametrize("who", ["owner", "teammate", "staff"])
def test_nobody_but_an_admin_records_consent(people, api, who):
    student = people.student
    student.consents.all().delete()
    assert api(getattr(people, who)).post(f"{LIST}{student.pk}/consents/", {"purpose": "voice"}).status_code == 404
    assert not student.consents.exists()


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("admin", 200), ("teammate", 404), ("staff", 404)])
def test_a_consent_is_withdrawn_by_whoever_sits_with_the_student(people, api, who, status):
    consent = people.student.consents.get(purpose="face")
    response = api(getattr(people, who)).post(f"/api/v1/consents/{consent.pk}/withdraw/")
    assert response.status_code == status
    consent.refresh_from_db()
    assert consent.end_reason == ("withdrawn" if status == 200 else "")
    if status == 200:
        assert response.json()["end_reason"] == "withdrawn"
        assert response.json()["in_force"] is False
        assert AuditEvent.objects.filter(action="consent.withdraw", object_ref=consent.pk).count() == 1


def test_a_consent_that_has_ended_cannot_end_again(people, api):
    consent = people.student.consents.get(purpose="face")
    script = api(people.owner)
    script.post(f"/api/v1/consents/{consent.pk}/withdraw/")
    again = script.post(f"/api/v1/consents/{consent.pk}/withdraw/")
    assert again.status_code == 409
    assert again.json()["error"]["code"] == "conflict"
