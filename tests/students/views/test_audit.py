"""The audit trail page."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from students import audit
from students.models import AuditEvent
from tests.factories import StudentFactory

pytestmark = pytest.mark.django_db


def trail(browser, **query):
    page = browser.get(reverse("audit"), query)
    return [event.action for event in page.context["page"]], page.content.decode()


def test_the_trail_shows_who_did_what_and_links_to_the_student_without_a_name(as_user, people):
    audit.record("consent.grant", actor=people.owner, student=people.student, purpose="voice")
    events, body = trail(as_user(people.admin))
    assert events == ["consent.grant"]
    assert str(people.owner) in body
    assert reverse("student", args=[people.student.pk]) in body
    assert people.student.name not in body
    assert people.student.number not in body


def test_an_erased_student_is_no_link(as_user, people):
    gone = StudentFactory(erased_at=timezone.now())
    audit.record("student.erase", actor=people.admin, student=gone)
    _events, body = trail(as_user(people.admin))
    assert str(gone.pk) not in body
    assert "erased" in body


def test_it_is_narrowed_by_action_day_and_student(as_user, people):
    browser = as_user(people.admin)
    now = timezone.now()
    for days, action in [(0, "a.today"), (1, "a.yesterday"), (3, "a.earlier")]:
        AuditEvent.objects.create(action=action, at=now - timedelta(days=days), student_ref=people.student.pk)
    audit.record("a.other")
    yesterday = (timezone.localdate() - timedelta(days=1)).isoformat()
    assert trail(browser, action="a.earlier")[0] == ["a.earlier"]
    assert trail(browser, since=yesterday, until=yesterday)[0] == ["a.yesterday"]
    assert set(trail(browser, student=people.student.pk)[0]) == {"a.today", "a.yesterday", "a.earlier"}


def test_it_is_narrowed_by_who_did_it(as_user, people):
    browser = as_user(people.admin)
    audit.record("a.owner", actor=people.owner)
    audit.record("a.system")
    assert trail(browser, who=people.owner.pk)[0] == ["a.owner"]
    assert trail(browser, who="system")[0] == ["a.system"]
    assert set(trail(browser)[0]) == {"a.owner", "a.system"}


def test_actions_and_details_are_words(as_user, people):
    audit.record("consent.grant", actor=people.owner, purpose="voice", evidence=False, expires_on=None)
    audit.record("roster.import", rows={"create": 2, "error": 0})
    audit.record("student.update", fields=["programme", "year"])
    audit.record("someone.elses", colour="red")
    browser = as_user(people.admin)
    _events, body = trail(browser)
    assert "Recorded a consent" in body
    assert re.search(r"purpose: Analysing the voice; with a form: no\s*<", body)
    assert "rows: new 2, with an error 0" in body
    assert "fields: programme, year" in body
    assert "someone.elses" in body
    assert "colour: red" in body
    people.admin.language = "zh-hans"
    people.admin.save()
    assert "consent.grant" not in re.sub(r"<option.*?>", "", trail(browser)[1])


def test_nonsense_in_the_address_narrows_nothing(as_user, people):
    audit.record("a.b")
    nonsense = {"action": "no.such", "who": "nobody", "since": "yesterday", "until": "99", "student": "x", "page": "-3"}
    assert trail(as_user(people.admin), **nonsense)[0] == ["a.b"]


def test_a_long_trail_has_pages_that_keep_the_filter(as_user, people):
    for _number in range(51):
        audit.record("a.b")
    browser = as_user(people.admin)
    events, body = trail(browser, action="a.b")
    assert len(events) == 50
    assert "page=2" in body
    assert "action=a.b" in body
    assert trail(browser, action="a.b", page="2")[0] == ["a.b"]


@pytest.mark.parametrize("who", ["owner", "teammate", "staff"])
def test_nobody_else_reads_it(as_user, people, who):
    assert as_user(getattr(people, who)).get(reverse("audit")).status_code == 404
