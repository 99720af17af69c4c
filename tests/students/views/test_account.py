"""Signing in and out, the one-time link, language, password and tokens."""

import re

import pytest
from django.urls import reverse
from knox.models import AuthToken

from students import people as domain
from students.models import AuditEvent, User
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "quite another long sentence"


def sign_in(client, username, password=PASSWORD, **more):
    return client.post(reverse("login"), {"username": username, "password": password, **more})


def test_signing_in_leads_home_and_leaves_a_trace(client, people):
    assert sign_in(client, "owner")["Location"] == "/"
    event = AuditEvent.objects.get(action="session.start")
    assert (event.actor, event.detail) == (people.owner, {})


def test_a_wrong_password_an_unknown_name_and_a_deactivated_user_read_the_same(client, people):
    UserFactory(username="gone", is_active=False)
    answers = [sign_in(client, name, word) for name, word in [("owner", "x"), ("nobody", "x"), ("gone", PASSWORD)]]
    said = [re.findall(r"Please enter a correct[^<]*", answer.content.decode()) for answer in answers]
    assert said[0]
    assert said[0] == said[1] == said[2]
    assert "_auth_user_id" not in client.session


def test_the_address_after_signing_in_is_never_another_site(client, people):
    assert sign_in(client, "owner", next="https://evil.example/")["Location"] == "/"


def test_after_eight_failures_even_the_right_password_waits_and_a_new_link_lifts_it(client, people, settings):
    settings.AXES_ENABLED = True
    for _attempt in range(settings.AXES_FAILURE_LIMIT):
        sign_in(client, "owner", "wrong")
    locked = sign_in(client, "owner")
    assert locked.status_code == 429
    assert "Too many attempts" in locked.content.decode()
    assert sign_in(client, "staff").status_code == 302
    domain.password_set(people.owner)
    assert sign_in(client, "owner").status_code == 302


def test_signing_out_ends_the_session_and_needs_a_post(as_user, people):
    browser = as_user(people.owner)
    assert browser.get(reverse("logout")).status_code == 405
    assert browser.post(reverse("logout"))["Location"] == reverse("login")
    assert browser.get(reverse("account")).status_code == 302


# --- language ---------------------------------------------------------------------------------------------------------


def test_a_visitor_switches_the_language_for_this_browser(client):
    answer = client.post(reverse("set-language"), {"language": "zh-hans", "next": reverse("login")})
    assert answer["Location"] == reverse("login")
    assert 'lang="zh-hans"' in client.get(reverse("login")).content.decode()


def test_a_users_language_is_remembered_on_every_browser(as_user, people):
    as_user(people.owner).post(reverse("set-language"), {"language": "zh-hans", "next": reverse("account")})
    assert User.objects.get(username="owner").language == "zh-hans"
    assert 'lang="zh-hans"' in as_user(people.owner).get(reverse("account")).content.decode()


def test_a_language_that_is_not_on_offer_changes_nothing(as_user, people):
    as_user(people.owner).post(reverse("set-language"), {"language": "xx"})
    assert User.objects.get(username="owner").language == ""


# --- the one-time link ------------------------------------------------------------------------------------------------


def follow(client, link):
    """The page behind a link; the token has left the address by then."""
    page = client.get("/password/" + link.split("/password/")[1], follow=True)
    return page, page.redirect_chain[-1][0] if page.redirect_chain else None


def test_a_link_sets_a_password_once(client, people):
    user = domain.user_create(by=people.admin, username="mei", role="staff")
    link = domain.password_link(user, by=people.admin)
    page, address = follow(client, link)
    assert page.status_code == 200
    assert link.rstrip("/").rsplit("/", 1)[1] not in address
    both = {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    assert client.post(address, both)["Location"] == reverse("login")
    assert sign_in(client, "mei", NEW_PASSWORD).status_code == 302
    assert AuditEvent.objects.get(action="user.password_set").actor == user

    client.logout()
    again, _address = follow(client, link)
    assert "no longer works" in again.content.decode()


def test_a_short_password_is_refused(client, people):
    _page, address = follow(client, domain.password_link(people.staff, by=people.admin))
    assert client.post(address, {"new_password1": "short", "new_password2": "short"}).status_code == 200
    assert User.objects.get(pk=people.staff.pk).check_password(PASSWORD)


def test_the_link_of_someone_deactivated_since_opens_nothing(client, people):
    link = domain.password_link(people.staff, by=people.admin)
    domain.user_deactivate(people.staff, by=people.admin)
    page, _address = follow(client, link)
    assert "no longer works" in page.content.decode()


# --- the own account --------------------------------------------------------------------------------------------------


def change_password(browser, old=PASSWORD):
    words = {"old_password": old, "new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD}
    return browser.post(reverse("password-change"), words)


def test_a_new_password_ends_the_other_sessions_and_tokens_but_not_this_session(as_user, people):
    here, elsewhere = as_user(people.owner), as_user(people.owner)
    domain.token_create(people.owner)
    assert change_password(here).status_code == 302
    assert here.get(reverse("account")).status_code == 200
    assert elsewhere.get(reverse("account")).status_code == 302
    assert not AuthToken.objects.exists()


def test_without_the_old_password_there_is_no_new_one(as_user, people):
    assert change_password(as_user(people.owner), old="guessed").status_code == 200
    assert User.objects.get(username="owner").check_password(PASSWORD)


def test_a_new_token_is_shown_once_works_and_can_be_revoked(as_user, people, client):
    browser = as_user(people.owner)
    made = browser.post(reverse("token-new"))
    token = re.search(r'value="([0-9a-f]{64})"', made.content.decode())[1]
    assert "no-store" in made["Cache-Control"]
    assert token not in browser.get(reverse("account")).content.decode()

    def ask():
        return client.get("/api/v1/me/", headers={"Authorization": f"Token {token}"}).status_code

    assert ask() == 200
    key = AuthToken.objects.get().token_key
    as_user(people.teammate).post(reverse("token-revoke"), {"token_key": key})
    assert ask() == 200
    browser.post(reverse("token-revoke"), {"token_key": key})
    assert ask() == 401


def test_one_sees_only_ones_own_tokens(as_user, people):
    row = domain.token_create(people.owner).row
    assert row.token_key[:8] in as_user(people.owner).get(reverse("account")).content.decode()
    assert row.token_key[:8] not in as_user(people.teammate).get(reverse("account")).content.decode()
