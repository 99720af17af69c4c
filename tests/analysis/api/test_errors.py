"""Every failure has one shape, and none says more than it should."""

import logging
import subprocess
import sys

import pytest
from django.test import Client
from rest_framework.settings import api_settings

from analysis.api import account
from analysis.api.throttling import UserThrottle


def error_of(response) -> dict:
    """The error of a failed answer, after checking that it has exactly the agreed shape."""
    body = response.json()
    assert set(body) == {"error"}
    assert {"code", "message", "next_step"} <= set(body["error"])
    assert all(isinstance(body["error"][key], str) and body["error"][key] for key in ("code", "message", "next_step"))
    return body["error"]


def test_without_a_token_the_answer_is_401_and_says_how_to_sign_in(db, api):
    response = api(None).get("/api/v1/me/")
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == "Token"
    assert error_of(response)["code"] == "not_signed_in"


@pytest.mark.parametrize("header", ["Token wrong", "Bearer wrong", "Token", "Token two words", "Token \u00e4\u00f6"])
def test_a_token_that_is_none_is_401(db, api, header):
    response = api(None).get("/api/v1/me/", headers={"Authorization": header})
    assert response.status_code == 401
    assert error_of(response)["code"] == "invalid_token"


def test_a_token_of_someone_who_left_is_401(people, api):
    script = api(people.owner)
    people.owner.is_active = False
    people.owner.save()
    assert script.get("/api/v1/me/").status_code == 401


def test_an_address_that_is_nobodys_answers_as_a_row_that_is_not_there(people, api):
    script = api(people.owner)
    answers = [
        script.get("/api/v1/nothing/"),
        script.get("/api/v1/students/not-an-id/"),
        script.get("/api/v1/students"),
        script.get("/api/v1/students/00000000-0000-4000-8000-000000000000/"),
        script.get("/api/v1/students/?page=99"),
        script.post("/api/v1/nothing/"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert error_of(answers[0])["code"] == "not_found"


def test_an_unknown_address_without_a_token_is_401_like_every_other(db, api):
    assert api(None).get("/api/v1/nothing/").status_code == 401


def test_a_method_the_address_does_not_take_is_405(people, api):
    response = api(people.admin).put("/api/v1/students/", {})
    assert response.status_code == 405
    assert error_of(response)["code"] == "method_not_allowed"
    assert api(people.admin).options("/api/v1/students/").status_code == 405


def test_a_body_of_another_type_is_415(people, api):
    response = api(people.staff).post("/api/v1/recordings/", {"student": str(people.student.pk)}, format="json")
    assert response.status_code == 415
    assert error_of(response)["code"] == "unsupported_media_type"


def test_a_broken_body_is_400(people, api):
    response = api(people.admin).post("/api/v1/students/", b'{"number": ', content_type="application/json")
    assert response.status_code == 400
    assert error_of(response)["code"] == "malformed"


def test_a_body_that_is_too_large_is_413_before_it_is_read(people, api, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    response = api(people.admin).post("/api/v1/students/", {"name": "x" * 200})
    assert response.status_code == 413
    assert error_of(response)["code"] == "too_large"


def test_a_failed_validation_names_the_fields(people, api):
    response = api(people.admin).post("/api/v1/students/", {"year": "many"})
    assert response.status_code == 400
    error = error_of(response)
    assert error["code"] == "invalid"
    assert set(error["fields"]) == {"number", "name", "year"}


def test_an_answer_type_that_is_not_json_is_406(people, api):
    response = api(people.owner).get("/api/v1/me/", headers={"Accept": "text/html"})
    assert response.status_code == 406
    assert error_of(response)["code"] == "not_acceptable"


def test_a_session_without_its_csrf_token_is_refused(people):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(people.admin)
    response = browser.post("/api/v1/students/", "{}", content_type="application/json")
    assert response.status_code == 403
    assert error_of(response)["code"] == "forbidden"


def test_a_session_may_read(people, as_user):
    assert as_user(people.owner).get("/api/v1/me/").json()["role"] == "counselor"


def test_too_many_requests_are_429_and_say_how_long_to_wait(people, api, monkeypatch):
    monkeypatch.setattr(UserThrottle, "rate", "2/min", raising=False)
    script = api(people.owner)
    assert [script.get("/api/v1/me/").status_code for _ in range(2)] == [200, 200]
    response = script.get("/api/v1/me/")
    assert response.status_code == 429
    error = error_of(response)
    assert error["code"] == "too_many_requests"
    assert 0 < error["retry_after_s"] <= 61
    assert int(response["Retry-After"]) == error["retry_after_s"]


def test_requests_are_counted_for_all_web_processes_together(people, api, monkeypatch):
    monkeypatch.setattr(UserThrottle, "rate", "2/min", raising=False)
    count = (
        "import time; from django.core.cache import cache; key = 'throttle_user_%s';"
        "cache.set(key, [time.time(), *(cache.get(key) or [])], 60)"
    )
    script = api(people.owner)
    assert script.get("/api/v1/me/").status_code == 200
    subprocess.run([sys.executable, "manage.py", "shell", "--no-imports", "-c", count % people.owner.pk], check=True)
    assert script.get("/api/v1/me/").status_code == 429


@pytest.fixture
def no_redis(settings, tmp_path):
    """A cache whose Redis is not there; gives its address."""
    address = f"unix://{tmp_path}/nobody.sock"
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": address}}
    return address


def test_without_redis_requests_go_through_uncounted(people, api, monkeypatch, no_redis, caplog):
    monkeypatch.setattr(UserThrottle, "rate", "1/min", raising=False)
    script = api(people.owner)
    assert [script.get("/api/v1/me/").status_code for _ in range(3)] == [200, 200, 200]
    assert "a request was not counted (ConnectionError)" in caplog.text
    assert no_redis not in caplog.text


def test_the_rates_are_off_in_tests_and_named_for_every_scope():
    assert set(api_settings.DEFAULT_THROTTLE_RATES) == {"user", "upload", "token"}
    assert set(api_settings.DEFAULT_THROTTLE_RATES.values()) == {None}


def test_a_bug_answers_500_with_the_request_id_and_keeps_its_text_to_itself(people, api, monkeypatch, caplog):
    def broken(*args, **kwargs):
        raise RuntimeError(f"the number {people.student.number} is in the text")

    monkeypatch.setattr(account, "MeSerializer", broken)
    script = api(people.owner)
    script.raise_request_exception = False
    with caplog.at_level(logging.ERROR):
        response = script.get("/api/v1/me/")
    assert response.status_code == 500
    error = error_of(response)
    assert error["code"] == "server_error"
    assert error["request_id"] == response["X-Request-ID"]
    assert "unexpected RuntimeError" in caplog.text
    assert "account.py" in caplog.text
    assert people.student.number not in response.content.decode() + caplog.text


def test_the_sentences_come_in_the_language_asked_for_and_the_code_stays(db, api):
    english = error_of(api(None).get("/api/v1/me/", headers={"Accept-Language": "en"}))
    chinese = error_of(api(None).get("/api/v1/me/", headers={"Accept-Language": "zh-hans"}))
    assert english["code"] == chinese["code"] == "not_signed_in"


def test_no_answer_is_kept_by_a_proxy(people, api):
    assert api(people.owner).get("/api/v1/me/")["Cache-Control"] == "no-store"
    assert api(people.owner).get("/api/v1/nothing/")["Cache-Control"] == "no-store"
