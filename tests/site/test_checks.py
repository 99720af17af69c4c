"""What is set wrongly is found at start, in words, and nothing is found where all is well."""

import pytest
from django.core.checks import run_checks


def found() -> set[str]:
    return {each.id for each in run_checks() if each.id.startswith("emorec.")}


def test_the_settings_of_the_tests_are_fine():
    assert found() == set()


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("EMOREC_FUSION_ALPHA", 0.7, "emorec.E002"),
        ("EMOREC_FUSION_BETA", -0.1, "emorec.E002"),
        ("EMOREC_LEASE_S", 1, "emorec.E003"),
        ("EMOREC_VOICE_BY", "guessing", "emorec.E004"),
        ("EMOREC_FUSION", "sum", "emorec.E004"),
        ("EMOREC_SEAL_KEYS", ["short"], "emorec.E005"),
    ],
)
def test_what_cannot_work_is_found(settings, name, value, code):
    setattr(settings, name, value)
    assert found() == {code}


def test_a_media_folder_that_cannot_be_written_is_found(settings, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert "emorec.E001" in found()
