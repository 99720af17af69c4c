"""Import with a preview, and export, as whole requests."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from students.models import AuditEvent, Student
from students.roster import roster_preview
from tests.factories import StudentFactory

pytestmark = pytest.mark.django_db
FILE = "学号,姓名,备注\nS-1,Li Na,x\nS 2,Wrong,x\nS-3,<b>Wu</b>,x\n".encode("gb18030")


def choose(browser, content=FILE):
    return browser.post(reverse("roster-import"), {"file": SimpleUploadedFile("students.csv", content)})


def confirm(browser, **fields):
    return browser.post(reverse("roster-preview"), fields)


def digest_shown(browser):
    return browser.get(reverse("roster-preview")).context["preview"].digest


def test_the_preview_shows_every_row_and_writes_nothing(as_user, people):
    browser = as_user(people.admin)
    assert choose(browser)["Location"] == reverse("roster-preview")
    body = browser.get(reverse("roster-preview")).content.decode()
    assert all(words in body for words in ("Li Na", "A student number has letters", "备注", "GB18030", "left out"))
    assert "&lt;b&gt;Wu" in body
    assert "<b>Wu" not in body
    assert Student.objects.count() == 2


def test_a_confirmed_preview_is_written_and_the_file_forgotten(as_user, people):
    browser = as_user(people.admin)
    choose(browser)
    assert confirm(browser, digest=digest_shown(browser))["Location"] == reverse("students")
    assert set(Student.objects.filter(number__startswith="S-").values_list("number", flat=True)) == {"S-1", "S-3"}
    assert confirm(browser, digest="x")["Location"] == reverse("roster-import")
    assert AuditEvent.objects.get(action="roster.import").actor == people.admin


def test_the_browser_cannot_bring_its_own_rows(as_user, people):
    browser = as_user(people.admin)
    choose(browser)
    confirm(browser, digest=digest_shown(browser), number="S-666", name="Mallory", file="S-666,Mallory")
    assert not Student.objects.filter(number="S-666").exists()


@pytest.mark.parametrize("digest", ["", "x", "0" * 64])
def test_without_the_digest_of_the_preview_nothing_is_written(as_user, people, digest):
    browser = as_user(people.admin)
    choose(browser)
    assert confirm(browser, digest=digest)["Location"] == reverse("roster-preview")
    assert not Student.objects.filter(number="S-1").exists()


def test_another_file_chosen_in_between_needs_its_own_confirmation(as_user, people):
    browser = as_user(people.admin)
    choose(browser)
    first = digest_shown(browser)
    choose(browser, b"number,name\nS-9,Cai Xi\n")
    confirm(browser, digest=first)
    assert not Student.objects.filter(number__startswith="S-").exists()


def test_one_administrators_file_is_not_anothers(as_user, people):
    choose(as_user(people.admin))
    assert confirm(as_user(people.admin), digest=roster_preview(FILE).digest)["Location"] == reverse("roster-import")
    assert not Student.objects.filter(number="S-1").exists()


def test_a_discarded_or_old_file_is_gone(as_user, people, monkeypatch):
    browser = as_user(people.admin)
    choose(browser)
    assert confirm(browser, discard="yes")["Location"] == reverse("roster-import")
    assert browser.get(reverse("roster-preview"))["Location"] == reverse("roster-import")
    choose(browser)
    later = timezone.now() + timedelta(minutes=31)
    monkeypatch.setattr("students.views.roster.timezone.now", lambda: later)
    assert browser.get(reverse("roster-preview"))["Location"] == reverse("roster-import")


def test_a_file_that_is_no_roster_is_refused_on_the_spot(as_user, people):
    answer = choose(as_user(people.admin), b"PK\x03\x04\x00")
    assert answer.status_code == 200
    assert "CSV UTF-8" in answer.content.decode()


@pytest.mark.parametrize("who", ["owner", "teammate", "staff"])
def test_nobody_else_imports_or_exports(as_user, people, who):
    browser = as_user(getattr(people, who))
    assert choose(browser).status_code == 404
    assert confirm(browser, digest="x").status_code == 404
    assert browser.get(reverse("roster-export")).status_code == 404


def test_an_export_holds_every_student_but_the_erased_and_is_written_down(as_user, people):
    StudentFactory(number="S-GONE", erased_at=timezone.now())
    answer = as_user(people.admin).get(reverse("roster-export"))
    body = answer.content.decode("utf-8-sig")
    assert people.student.number in body
    assert "S-GONE" not in body
    assert answer["Content-Disposition"].startswith("attachment; filename=")
    assert AuditEvent.objects.get(action="roster.export").detail == {"students": 2}
