"""The address that lock-out counts by cannot be chosen by the one who is locked out."""

from django.test import RequestFactory

from emorec_site.middleware import client_address


def test_without_a_proxy_a_forwarded_address_is_a_claim_and_counts_for_nothing(settings):
    settings.EMOREC_BEHIND_PROXY = False
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "203.0.113.9"}, REMOTE_ADDR="192.0.2.1")
    assert client_address(request) == "192.0.2.1"


def test_behind_a_proxy_only_what_the_proxy_wrote_counts(settings):
    settings.EMOREC_BEHIND_PROXY = True
    request = RequestFactory().get(
        "/", headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}, REMOTE_ADDR="10.0.0.1"
    )
    assert client_address(request) == "198.51.100.7"


def test_every_answer_carries_a_request_id_of_its_own(client, db):
    first, second = (client.get("/healthz").headers["X-Request-ID"] for _ in range(2))
    assert first != second
