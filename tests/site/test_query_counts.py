"""How many queries every page and every answer of the API takes, by who asks: ``query_counts.json``.

After a change that is meant, write the file anew and look at the difference:

    EMOREC_QUERY_COUNTS=write python -m pytest tests/site/test_query_counts.py
"""

import json
import os
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from students.models import AuditEvent
from tests.factories import (
    AlertFactory,
    CareAssignmentFactory,
    ReviewFactory,
    UploadFactory,
    UserFactory,
    analysed,
    consented,
)
from tests.site.access import WHO, World, addresses, send
from tests.site.access_rows import all_rows

FILE = Path(__file__).with_name("query_counts.json")
ASKING = ("owner", "staff", "admin")


def counted(world: World, as_user) -> dict[str, dict[str, int]]:
    """Address to who asks to number of queries, for everything that can be looked at."""
    counts: dict[str, dict[str, int]] = {}
    for address in addresses():
        for row in all_rows().get(address.name, []):
            if row.method != "get":
                continue
            url = address.url(world.key(row.of) if row.of else None)
            found = {
                who: _queries(world, as_user, who, row, url) for who in ASKING if row.expected[WHO.index(who)] == 200
            }
            if any(found.values()):
                counts[address.name] = found
    return counts


def _queries(world: World, as_user, who: str, row, url: str) -> int:
    """Of the second request: the first may fill a cache. What either writes is taken back."""
    client = as_user(world.user(who))
    for _ in range(2):
        with transaction.atomic():
            with CaptureQueriesContext(connection) as seen:
                response = send(client, row, url, world)
                if response.streaming:
                    response.getvalue()
            transaction.set_rollback(True)
    return len(seen)


def grow(world: World) -> None:
    """More of everything that lists show: students, sessions, alerts, reviews, uploads, people, events."""
    people = world.people
    for number in range(4):
        other = consented(name=f"Another {number}")
        CareAssignmentFactory(student=other, counselor=people.owner)
        for student in (people.student, other):
            recording = analysed(student, ["sad", "normal", None, "happy"] * 3)
            AlertFactory(crossing=recording, review=None)
        ReviewFactory(student=other)
        UploadFactory(user=people.staff, student=other)
        UserFactory()
        AuditEvent.objects.create(action="student.update", actor=people.admin, student_ref=other.pk)


@pytest.mark.django_db
def test_every_page_takes_the_queries_the_catalogue_says(world, as_user):
    grow(world)
    counts = counted(world, as_user)
    if os.environ.get("EMOREC_QUERY_COUNTS") == "write":
        FILE.write_text(json.dumps(counts, indent=1, sort_keys=True) + "\n")
    assert counts == json.loads(FILE.read_text())


@pytest.mark.django_db
def test_no_page_takes_more_queries_for_more_rows(world, as_user):
    grow(world)
    few = counted(world, as_user)
    grow(world)
    assert counted(world, as_user) == few
