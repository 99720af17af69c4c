"""Who gets what at every address of the project, pages and API alike.

A new address needs a row, or this file fails. To add one: open the area it belongs to in ``access_rows/`` and write,
under its URL name, one entry per method it answers:

    "student-edit": [get("302 404 404 404 200", of="student"), post("302 404 404 404 302", of="student", data={...})],

The five statuses are those of: anonymous, the student's counsellor, another counsellor, staff, administrator. ``of``
names the object in the address (see ``world`` in ``conftest.py``; add one there if a new kind of object appears).
Pages answer anonymous people with 302 (to the sign-in), the API with 401; an address for everybody says
``public=True``. The API's rows are made with ``api(method, statuses, ...)``.
"""

import pytest
from django.db import transaction
from django.urls import get_resolver
from rest_framework.permissions import AllowAny
from rest_framework.views import APIView

from tests.site.access import WHO, Address, World, addresses, comparable, send
from tests.site.access_rows import all_rows

ROWS = all_rows()
ADDRESSES = list(addresses())
CASES = [
    pytest.param(address, row, id=f"{row.method} {address.name}")
    for address in ADDRESSES
    for row in ROWS.get(address.name, [])
]


# --- the table is complete --------------------------------------------------------------------------------------------


def test_every_address_has_a_name_of_its_own():
    names = [address.name for address in ADDRESSES]
    assert "" not in names, [str(address.pattern) for address in ADDRESSES if not address.name]
    assert len(set(names)) == len(names)


def test_every_address_has_a_row_and_every_row_an_address():
    names = {address.name for address in ADDRESSES}
    assert sorted(names - ROWS.keys()) == [], "add rows for these in tests/site/access_rows/"
    assert sorted(ROWS.keys() - names) == [], "these addresses are gone"


def test_every_page_stands_behind_the_door():
    pages = [address for address in ADDRESSES if _api_view(address) is None and not _public(address)]
    assert pages
    assert [page.name for page in pages if not hasattr(page.callback, "door_action")] == []


def test_every_api_view_wants_to_know_who_is_asking_and_stands_behind_the_door():
    views = [address for address in ADDRESSES if _api_view(address) is not None and not _public(address)]
    assert views
    for address in views:
        view = _api_view(address)
        assert view.authentication_classes, address.name
        assert view.permission_classes, address.name
        assert AllowAny not in view.permission_classes, address.name
        # The schema describes the API; it shows no row of anyone's.
        assert hasattr(address.callback, "door_actions") or address.name == "api-schema", address.name


def test_every_method_of_the_api_has_a_row():
    for address in ADDRESSES:
        wanted = {method.lower() for method in getattr(address.callback, "door_actions", {})}
        missing = wanted - {row.method for row in ROWS.get(address.name, [])}
        assert not missing, f"{address.name}: {sorted(missing)}"


def test_only_these_addresses_answer_people_who_have_not_signed_in():
    assert sorted(name for name, rows in ROWS.items() if any(row.public for row in rows)) == [
        "api-token",
        "healthz",
        "login",
        "logout",
        "password-set",
        "readyz",
        "set-language",
    ]


# --- and it is true ---------------------------------------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize(("address", "row"), CASES)
def test_everybody_gets_what_the_table_says(address, row, world, as_user):
    url = address.url(world.key(row.of) if row.of else None)
    got = {who: _asked(world, as_user, who, row, url) for who in WHO}
    assert {who: response.status_code for who, response in got.items()} == dict(zip(WHO, row.expected, strict=True))
    if not row.public:
        _turned_away(got["anonymous"], address)


@pytest.mark.django_db
@pytest.mark.parametrize(("address", "row"), [case for case in CASES if case.values[1].of])
def test_what_one_may_not_see_answers_as_what_does_not_exist(address, row, world, as_user):
    hidden, missing = address.url(world.key(row.of)), address.url(world.unknown_key(row.of))
    for who, expected in zip(WHO, row.expected, strict=True):
        of_hidden = _asked(world, as_user, who, row, hidden)
        of_missing = _asked(world, as_user, who, row, missing)
        if expected == 404:
            assert comparable(of_hidden, hidden) == comparable(of_missing, missing), who
        elif who == "anonymous":  # turned away before anything was looked for
            assert of_missing.status_code == expected, who
        else:
            assert of_missing.status_code == 404, who


def test_the_resolver_is_the_projects_own():
    assert get_resolver().urlconf_name == "emorec_site.urls"


def _asked(world: World, as_user, who: str, row, url: str):
    """The answer; whatever the request wrote is taken back, so that everybody finds the same world."""
    client = as_user(world.user(who))
    with transaction.atomic():
        response = send(client, row, url, world)
        if response.streaming:
            response.getvalue()  # to the end; a view that writes when it is done has then written
        transaction.set_rollback(True)
    return response


def _turned_away(response, address: Address) -> None:
    if _api_view(address) is not None:
        assert response.status_code == 401
    else:
        assert response["Location"].startswith("/login/?next="), address.name


def _api_view(address: Address) -> type[APIView] | None:
    view = getattr(address.callback, "cls", None)
    return view if isinstance(view, type) and issubclass(view, APIView) else None


def _public(address: Address) -> bool:
    return any(row.public for row in ROWS.get(address.name, []))
