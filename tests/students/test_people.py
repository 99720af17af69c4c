"""Users: who gets in, who no longer does, and the administrator who must remain."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import connection
from knox.models import AuthToken

from students import people
from students.models import AuditEvent, User
from tests.factories import PASSWORD, CareAssignmentFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return UserFactory(username="boss", role="admin")


def signed_in(client):
    return "_auth_user_id" in client.session and client.get("/account/").status_code == 200


def test_a_new_user_cannot_sign_in_until_they_have_set_a_password(admin):
    user = people.user_create(by=admin, username="Mei", role="counselor", email="mei@example.org")
    assert not user.has_usable_password()
    assert AuditEvent.objects.get(action="user.create").detail == {"role": "counselor"}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"username": "BOSS"}, "username"),
        ({"username": "two words"}, "username"),
        ({"username": ""}, "username"),
        ({"role": "superuser"}, "role"),
        ({"email": "no address"}, "email"),
    ],
)
def test_what_is_wrong_with_a_user_is_named_by_field(admin, fields, wrong):
    with pytest.raises(ValidationError) as refused:
        people.user_create(by=admin, **({"username": "mei", "role": "staff"} | fields))
    assert list(refused.value.error_dict) == [wrong]
    assert User.objects.count() == 1


def test_a_change_of_role_ends_sessions_tokens_and_assignments(admin, as_user):
    user = UserFactory()
    assignment = CareAssignmentFactory(counselor=user)
    people.token_create(user)
    browser = as_user(user)
    assert signed_in(browser)
    people.user_update(user, by=admin, role="staff")
    assert not signed_in(browser)
    assert not AuthToken.objects.filter(user=user).exists()
    assignment.refresh_from_db()
    assert assignment.until is not None
    assert AuditEvent.objects.get(action="user.role").detail == {
        "before": "counselor",
        "after": "staff",
        "care_ended": 1,
    }


def test_a_change_of_name_ends_nothing(admin, as_user):
    user = UserFactory()
    browser = as_user(user)
    people.user_update(user, by=admin, first_name="Mei")
    people.user_update(user, by=admin, first_name="Mei")
    assert signed_in(browser)
    assert AuditEvent.objects.filter(action="user.update").count() == 1


def test_a_deactivated_user_is_out_at_once_and_comes_back_with_nothing(admin, as_user):
    user = UserFactory()
    assignment = CareAssignmentFactory(counselor=user)
    people.token_create(user)
    browser = as_user(user)
    assert people.user_deactivate(user, by=admin)
    assert not people.user_deactivate(user, by=admin)
    assert not signed_in(browser)
    assert not as_user(None).login(username=user.username, password=PASSWORD)
    assert not AuthToken.objects.filter(user=user).exists()
    assignment.refresh_from_db()
    assert assignment.until is not None

    assert people.user_activate(user, by=admin)
    assert not people.user_activate(user, by=admin)
    assert not signed_in(browser)
    assert not as_user(None).login(username=user.username, password=PASSWORD)


@pytest.mark.parametrize(
    "removal",
    [
        lambda admin: people.user_deactivate(admin, by=admin),
        lambda admin: people.user_update(admin, by=admin, role="staff"),
    ],
    ids=["deactivate", "demote"],
)
def test_the_last_active_administrator_stays(admin, removal):
    UserFactory(role="admin", is_active=False)
    with pytest.raises(ValidationError) as refused:
        removal(admin)
    assert refused.value.code == "last_admin"
    admin.refresh_from_db()
    assert (admin.role, admin.is_active) == ("admin", True)
    UserFactory(role="admin")
    removal(admin)


@pytest.mark.django_db(transaction=True)
def test_two_administrators_cannot_remove_each_other_at_the_same_moment():
    first, second = UserFactory(role="admin"), UserFactory(role="admin")

    def remove(target, by):
        try:
            return people.user_deactivate(target, by=by)
        except ValidationError:
            return False
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        done = [pool.submit(remove, first, second), pool.submit(remove, second, first)]
        assert sorted(future.result() for future in done) == [False, True]
    assert User.objects.filter(role="admin", is_active=True).count() == 1


# --- links ------------------------------------------------------------------------------------------------------------


def test_a_link_stands_on_the_sites_own_address_and_leaves_a_trace_without_it(admin, settings):
    settings.SITE_URL = "https://emorec.example.org/"
    user = UserFactory()
    link = people.password_link(user, by=admin)
    uid, token = link.removeprefix("https://emorec.example.org/password/").strip("/").split("/")
    assert default_token_generator.check_token(user, token)
    event = AuditEvent.objects.get()
    assert (event.action, event.object_ref, event.detail) == ("user.password_link", user.pk, {})
    assert uid


def test_a_deactivated_user_gets_no_link(admin):
    with pytest.raises(ValidationError):
        people.password_link(UserFactory(is_active=False), by=admin)


def test_the_mail_speaks_the_users_language_and_carries_the_link(mailoutbox):
    user = UserFactory(language="zh-hans", email="mei@example.org")
    people.password_link_mail(user, "https://emorec.example.org/password/x/y/")
    assert mailoutbox[0].to == ["mei@example.org"]
    assert "https://emorec.example.org/password/x/y/" in mailoutbox[0].body
    assert user.username in mailoutbox[0].body


def test_without_an_address_there_is_no_mail(mailoutbox):
    with pytest.raises(ValidationError):
        people.password_link_mail(UserFactory(email=""), "link")
    assert mailoutbox == []


# --- tokens -----------------------------------------------------------------------------------------------------------


def test_a_token_is_known_as_text_only_when_it_is_made():
    user = UserFactory()
    made = people.token_create(user)
    assert made.text.startswith(made.row.token_key)
    assert made.text not in str(AuthToken.objects.values().get())


def test_there_is_a_limit_to_tokens():
    user = UserFactory()
    for _number in range(people.MAX_TOKENS):
        people.token_create(user)
    with pytest.raises(ValidationError):
        people.token_create(user)
    people.token_create(UserFactory())


def test_a_user_revokes_their_own_tokens_and_nobody_elses():
    mine, other = UserFactory(), UserFactory()
    row = people.token_create(mine).row
    assert not people.token_revoke(other, row.token_key)
    assert people.token_revoke(mine, row.token_key)
    assert not people.token_revoke(mine, row.token_key)
