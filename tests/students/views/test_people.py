"""The people pages, for administrators only."""

import re

import pytest
from django.urls import reverse

from students.models import AuditEvent, User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
FIELDS = {"username": "mei", "first_name": "Mei", "last_name": "Lin", "email": "mei@example.org", "role": "staff"}


def address(name, person):
    return reverse(name, args=[person.pk])


def test_an_administrator_adds_a_person_and_hands_over_a_link(as_user, people, client):
    admin = as_user(people.admin)
    assert admin.post(reverse("person-new"), FIELDS).status_code == 302
    mei = User.objects.get(username="mei")
    assert "no password yet" in admin.get(reverse("people")).content.decode()
    shown = admin.post(address("person-password", mei))
    link = re.search(r'value="(http[^"]+/password/[^"]+)"', shown.content.decode())[1]
    assert "no-store" in shown["Cache-Control"]
    assert "/password/" not in admin.get(address("person-edit", mei)).content.decode().replace(
        address("person-password", mei), ""
    )
    assert client.get("/password/" + link.split("/password/")[1]).status_code == 302


def test_a_link_can_go_by_mail(as_user, people, mailoutbox):
    as_user(people.admin).post(address("person-password", people.owner), {"mail": "yes"})
    assert mailoutbox[0].to == [people.owner.email]
    assert "/password/" in mailoutbox[0].body


def test_a_mail_server_that_is_down_is_told_and_no_error(as_user, people, monkeypatch):
    def down(*_args):
        raise ConnectionRefusedError

    monkeypatch.setattr("students.people.send_mail", down)
    answer = as_user(people.admin).post(address("person-password", people.owner), {"mail": "yes"}, follow=True)
    assert "could not be sent" in answer.content.decode()


def test_a_taken_user_name_is_told_at_its_field(as_user, people):
    answer = as_user(people.admin).post(reverse("person-new"), FIELDS | {"username": "OWNER"})
    assert set(answer.context["form"].errors) == {"username"}


def test_a_change_of_role_signs_the_person_out(as_user, people):
    browser = as_user(people.owner)
    as_user(people.admin).post(address("person-edit", people.owner), FIELDS | {"role": "staff"})
    assert browser.get(reverse("account")).status_code == 302
    assert AuditEvent.objects.filter(action="user.role").count() == 1


def test_deactivating_and_activating(as_user, people):
    admin, browser = as_user(people.admin), as_user(people.owner)
    assert "care for 1 student" in admin.get(address("person-edit", people.owner)).content.decode()
    admin.post(address("person-status", people.owner), {"active": "no"})
    assert browser.get(reverse("account")).status_code == 302
    admin.post(address("person-status", people.owner), {"active": "yes"})
    assert User.objects.get(username="owner").is_active


def test_the_last_administrator_is_told_that_they_must_stay(as_user, people):
    admin = as_user(people.admin)
    answer = admin.post(address("person-status", people.admin), {"active": "no"}, follow=True)
    assert "last active administrator" in answer.content.decode()
    answer = admin.post(address("person-edit", people.admin), FIELDS | {"username": "admin", "role": "staff"})
    assert "last active administrator" in answer.content.decode()
    UserFactory(role="admin")
    admin.post(address("person-status", people.admin), {"active": "no"})
    assert admin.get(reverse("people")).status_code == 302


@pytest.mark.parametrize("who", ["owner", "teammate", "staff"])
def test_nobody_else_manages_people_not_even_themselves(as_user, people, who):
    user = getattr(people, who)
    browser = as_user(user)
    assert browser.get(reverse("people")).status_code == 404
    assert browser.post(reverse("person-new"), FIELDS | {"role": "admin"}).status_code == 404
    assert browser.post(address("person-edit", user), FIELDS | {"role": "admin"}).status_code == 404
    assert browser.post(address("person-password", people.admin)).status_code == 404
    assert browser.post(address("person-status", people.admin), {"active": "no"}).status_code == 404
    assert User.objects.filter(role="admin", is_active=True).count() == 1
