"""Fixtures for everyone: the three people, and where the research data lies."""

import os
import random
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest
from django.test import Client

from ml.data.folder import data_folder
from students.models import Role, Student, User
from tests.factories import CareAssignmentFactory, UserFactory, consented

# How long an example takes says something about the machine, not about the code.
hypothesis.settings.register_profile("emorec", deadline=None)
hypothesis.settings.load_profile("emorec")


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """A random order, the same for the same seed, where ``EMOREC_TEST_ORDER`` names one.

    Before pytest-django puts tests that commit last, as Django's own runner does: they empty the database at their end.
    """
    if seed := os.environ.get("EMOREC_TEST_ORDER"):
        random.Random(seed).shuffle(items)
    return (yield)


@dataclass
class People:
    """The people of every access test: ``owner`` cares for ``student``, ``teammate`` and ``outsider`` do not.

    ``teammate`` is a counsellor of the same centre with a student of their own, ``outsider`` has no account.
    """

    student: Student
    owner: User
    teammate: User
    staff: User
    admin: User


@pytest.fixture
def people(db: None) -> People:
    """A consenting student, their counsellor, another counsellor, a member of staff and an administrator."""
    student = consented()
    owner = UserFactory(username="owner")
    teammate = UserFactory(username="teammate")
    CareAssignmentFactory(student=student, counselor=owner)
    CareAssignmentFactory(student=consented(), counselor=teammate)
    return People(
        student=student,
        owner=owner,
        teammate=teammate,
        staff=UserFactory(username="staff", role=Role.STAFF),
        admin=UserFactory(username="admin", role=Role.ADMIN),
    )


@pytest.fixture
def as_user():
    """``as_user(user)`` is a browser in which that user is signed in; ``as_user(None)`` one in which nobody is."""

    def sign_in(user: User | None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user)
        return client

    return sign_in


@pytest.fixture
def media(settings, tmp_path: Path) -> Path:
    """An empty media folder of this test's own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.MEDIA_ROOT.mkdir()
    return settings.MEDIA_ROOT


@pytest.fixture(scope="session")
def research_data() -> Path:
    """The research data folder; the test is skipped, with the reason, where there is none."""
    folder = data_folder()
    if not (folder / "README.md").exists():
        pytest.skip(f"no research data here: set EMOREC_DATA (looked in {folder})")
    return folder
