"""Signed forms that no consent refers to are cleared away, and no others."""

import os
import time

import pytest

from students import consent_forms
from students.models import Consent
from tests.factories import ConsentFactory

pytestmark = pytest.mark.django_db


def stored(media, name, days_old):
    path = media / "consents" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"%PDF-")
    then = time.time() - days_old * 86_400
    os.utime(path, (then, then))
    return path


def test_old_files_without_a_consent_go_and_others_stay(media):
    orphan = stored(media, "orphan", days_old=2)
    fresh = stored(media, "fresh", days_old=0)
    kept = stored(media, "kept", days_old=400)
    Consent.objects.filter(pk=ConsentFactory().pk).update(evidence="consents/kept")
    assert consent_forms.signed_forms_purge() == 1
    assert not orphan.exists()
    assert fresh.exists()
    assert kept.exists()


def test_an_empty_media_folder_is_no_error(media):
    assert consent_forms.signed_forms_purge() == 0
