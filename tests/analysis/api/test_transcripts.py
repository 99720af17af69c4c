"""The transcript over the API."""

import pytest

from analysis.models import Transcript
from analysis.transcripts import lifecycle
from tests.factories import RecordingFactory, TranscriptFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def recording(people, monkeypatch):
    monkeypatch.setattr(lifecycle, "transcript_announce", lambda each: True)
    return RecordingFactory(student=people.student)


def address(recording) -> str:
    return f"/api/v1/recordings/{recording.pk}/transcript/"


def test_it_comes_sentence_by_sentence_with_every_word(people, api, recording):
    TranscriptFactory(recording=recording, left_out_s=1.234)
    body = api(people.owner).get(address(recording)).json()
    assert {name: body[name] for name in ("status", "language", "left_out_s", "error")} == {
        "status": "succeeded",
        "language": "en",
        "left_out_s": 1.23,
        "error": None,
    }
    first = body["segments"][0]
    assert (first["start_s"], first["end_s"], first["text"]) == (2.0, 3.67, "I did not sleep well.")
    assert first["words"][-1] == {"word": "well.", "start_s": 3.33, "end_s": 3.67, "probability": 0.3}


def test_where_there_is_none_it_says_so_and_one_can_be_asked_for(people, api, recording):
    script = api(people.owner)
    assert script.get(address(recording)).json()["status"] == "none"
    answer = script.post(address(recording))
    assert (answer.status_code, answer.json()["status"], answer.json()["segments"]) == (202, "queued", [])
    answer = script.post(address(recording))
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "transcript_active")


def test_a_failure_has_its_code_and_a_lost_key_its_own(people, api, recording):
    transcript = TranscriptFactory(recording=recording, status="failed", error_code="encoder_missing")
    assert api(people.owner).get(address(recording)).json()["error"]["code"] == "encoder_missing"
    Transcript.objects.filter(pk=transcript.pk).update(status="succeeded", content=b"sealed by another key")
    answer = api(people.owner).get(address(recording))
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, "transcript_sealed")
