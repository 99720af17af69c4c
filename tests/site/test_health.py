"""``/healthz`` answers while the process lives; ``/readyz`` only while a recording could be analysed."""

import pytest
import redis
from django.conf import settings as django_settings

from emorec_site import health, pulse

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def worker_alive():
    """A sign of life as a worker leaves it."""
    with pulse.client() as connection:
        connection.set(pulse.key("analysis"), "1", ex=pulse.KEEP_S)
        yield
        connection.delete(pulse.key("analysis"))


def test_the_process_is_up_without_signing_in(client):
    assert client.get("/healthz").json() == {"status": "ok"}


@pytest.mark.usefixtures("worker_alive")
def test_ready_when_everything_answers(client):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "database": "ok", "broker": "ok", "worker": "ok"}


def test_not_ready_without_a_worker(client):
    redis.Redis.from_url(django_settings.REDIS_URL).delete(pulse.key("analysis"))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"status": "failed", "database": "ok", "broker": "ok", "worker": "failed"}


def test_not_ready_without_a_broker_and_no_address_is_told(client, settings):
    settings.REDIS_URL = "unix:///nowhere/redis.sock"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["broker"] == "failed"
    assert b"nowhere" not in answer.content


@pytest.mark.usefixtures("worker_alive")
def test_not_ready_when_a_check_hangs(client, monkeypatch):
    import threading

    go_on = threading.Event()
    monkeypatch.setattr(health, "LIMIT_S", 0.2)
    monkeypatch.setattr(health, "_database", lambda: go_on.wait(20))
    try:
        answer = client.get("/readyz")
    finally:
        go_on.set()
    assert (answer.status_code, answer.json()["database"]) == (503, "failed")


@pytest.mark.parametrize("address", ["/healthz", "/readyz"])
def test_nothing_is_changed_and_nothing_cached(client, address):
    assert client.post(address).status_code == 405
    assert "no-store" in client.get(address)["Cache-Control"]
