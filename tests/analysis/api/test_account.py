"""Who am I, and the tokens of scripts."""

from students.people import MAX_TOKENS
from tests.factories import PASSWORD


def test_who_am_i(people, api):
    me = api(people.staff).get("/api/v1/me/").json()
    assert me["id"] == str(people.staff.pk)
    assert me["role"] == "staff"
    assert "recording.upload" in me["actions"]
    assert "results.view" not in me["actions"]


def test_a_token_is_given_for_name_and_password(people, api):
    response = api(None).post("/api/v1/token/", {"username": "owner", "password": PASSWORD})
    assert response.status_code == 201
    token = response.json()["token"]
    for scheme in ("Token", "Bearer"):
        me = api(None).get("/api/v1/me/", headers={"Authorization": f"{scheme} {token}"})
        assert me.json()["username"] == "owner"


def test_a_wrong_password_is_401_and_gives_nothing(people, api):
    for sent in ({"username": "owner", "password": "wrong"}, {"username": "nobody", "password": PASSWORD}):
        response = api(None).post("/api/v1/token/", sent)
        assert response.status_code == 401
        assert response.json()["error"]["code"] == "invalid_credentials"


def test_wrong_passwords_lock_the_address_out_as_on_the_sign_in_page(people, api, settings):
    settings.AXES_ENABLED = True
    settings.AXES_FAILURE_LIMIT = 2
    script = api(None)
    codes = [script.post("/api/v1/token/", {"username": "owner", "password": "wrong"}).status_code for _ in range(2)]
    locked = script.post("/api/v1/token/", {"username": "owner", "password": PASSWORD})
    assert codes[0] == 401
    assert locked.status_code == 429
    assert locked.json()["error"]["code"] == "too_many_requests"


def test_a_token_can_end_itself(people, api):
    script = api(people.owner)
    assert script.delete("/api/v1/me/token/").status_code == 204
    assert script.get("/api/v1/me/").status_code == 401


def test_a_session_has_no_token_to_end(people, as_user):
    assert as_user(people.owner).delete("/api/v1/me/token/").status_code == 401


def test_a_user_has_a_bounded_number_of_tokens(people, api):
    script, sent = api(None), {"username": "owner", "password": PASSWORD}
    codes = [script.post("/api/v1/token/", sent).status_code for _ in range(MAX_TOKENS + 1)]
    assert codes == [201] * MAX_TOKENS + [400]
