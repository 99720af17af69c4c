"""What was said, on the pages: for those who may see results, in every state, found by search, traced without words."""

import logging

import pytest
from django.urls import reverse

from analysis.flow import RunStatus
from analysis.models import Transcript
from analysis.transcripts import lifecycle
from students.models import AuditEvent, Consent, Purpose
from tests.factories import RecordingFactory, RunFactory, TranscriptFactory, analysed, consented, voices

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def announced(monkeypatch):
    monkeypatch.setattr(lifecycle, "transcript_announce", lambda each: True)


@pytest.fixture
def recording(people):
    return RecordingFactory(student=people.student, file="recordings/x/original")


@pytest.fixture
def panel(as_user, people, recording):
    """The panel as the student's counsellor sees it."""
    client = as_user(people.owner)
    return lambda: client.get(reverse("recording-transcript", args=[recording.pk]))


def text(answer) -> str:
    return " ".join(answer.content.decode().split())


def test_the_text_stands_there_with_a_second_for_every_word_and_marks_where_it_is_unsure(panel, recording):
    TranscriptFactory(recording=recording)
    answer = panel()
    body = text(answer)
    assert '<span data-at="8.33">exam</span>' in body
    assert '<span data-at="3.33" class="word-uncertain" title="unsure: 30 %">well.</span>' in body
    assert 'data-at="31.5"> 0:32 </button>' in body
    assert "Language: English (98 % certain)" in body
    assert "It takes no part in judging emotions." in body
    assert "every 3s" not in body
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("several", "shown"), [(True, 1), (False, 0)])
def test_a_sentence_has_its_voice_where_it_is_sure_that_several_speak(panel, recording, several, shown):
    said = [{"start_s": 0.2, "end_s": 1.0, "words": [[" Yes", 0.2, 1.0, 0.9]]}]
    TranscriptFactory(recording=recording, sentences=said)
    voices(RunFactory(recording=recording), several=several)
    assert panel().content.decode().count('class="voice-mark voice-mark-small voice-1"') == shown


@pytest.mark.parametrize(
    ("fields", "words", "asks_again"),
    [
        ({"status": RunStatus.QUEUED}, "Waiting: analyses come first", True),
        ({"status": RunStatus.QUEUED, "attempt": 1}, "Waiting for another try", True),
        (
            {"status": RunStatus.RUNNING, "lease_token": "00000000-0000-0000-0000-000000000001", "percent": 41.6},
            "What is said is being written down · 42 %",
            True,
        ),
        ({"status": RunStatus.FAILED, "error_code": "encoder_missing"}, "the speech encoder is missing", False),
        ({"status": RunStatus.CANCELLED}, "The writing was cancelled.", False),
        ({"status": RunStatus.SUCCEEDED, "sentences": []}, "Nobody was heard to speak", False),
    ],
)
def test_every_state_has_its_words_and_asks_again_while_it_lasts(panel, recording, fields, words, asks_again):
    TranscriptFactory(recording=recording, **{"attempt": 0, **fields})
    body = text(panel())
    assert words in body
    assert ("every 3s" in body) == asks_again
    ended = fields["status"] in {RunStatus.FAILED, RunStatus.CANCELLED}
    assert ("Write down what is said" in body) == ended
    assert not AuditEvent.objects.filter(action="results.view", object_type="transcript").exists()


def test_without_consent_the_panel_says_so_and_offers_nothing(panel, recording, people):
    assert "Write down what is said" in text(panel())
    Consent.objects.filter(student=people.student, purpose=Purpose.TRANSCRIPT).delete()
    body = text(panel())
    assert "has not agreed that what is said is written down" in body
    assert "Write down what is said" not in body


def test_text_that_cannot_be_opened_is_a_problem_with_a_next_step(panel, recording):
    Transcript.objects.filter(pk=TranscriptFactory(recording=recording).pk).update(content=b"sealed by another key")
    assert "transcript_sealed" in text(panel())


def test_it_can_be_asked_for_and_stopped(as_user, people, recording):
    client = as_user(people.owner)
    client.post(reverse("recording-transcript-write", args=[recording.pk]))
    assert Transcript.objects.get().requested_by == people.owner
    answer = client.post(reverse("recording-transcript-write", args=[recording.pk]), follow=True)
    assert "is being written down already" in text(answer)
    client.post(reverse("recording-transcript-cancel", args=[recording.pk]))
    assert Transcript.objects.get().status == RunStatus.CANCELLED


def test_the_recording_s_page_has_a_place_for_it_only_for_those_who_see_results(as_user, people, recording):
    RunFactory(recording=recording)
    address = reverse("recording", args=[recording.pk])
    slot = f'hx-get="{reverse("recording-transcript", args=[recording.pk])}"'
    assert slot in as_user(people.owner).get(address).content.decode()
    assert slot not in as_user(people.staff).get(address).content.decode()


def test_captions_come_through_the_door_and_land_in_no_cache(as_user, people, recording):
    address = reverse("recording-captions", args=[recording.pk])
    client = as_user(people.owner)
    assert client.get(address).status_code == 404
    TranscriptFactory(recording=recording)
    answer = client.get(address)
    assert answer.content.decode().startswith("WEBVTT\n\n00:00:02.000 --> ")
    assert answer["Content-Type"].startswith("text/vtt")
    assert "no-store" in answer["Cache-Control"]
    for who in (people.teammate, people.staff, None):
        assert as_user(who).get(address).status_code in {302, 404}


# --- search


def searched(client, student, query: str) -> str:
    return text(client.post(reverse("student-transcripts", args=[student.pk]), {"q": query}))


def test_a_search_leads_to_the_second_it_was_said(as_user, people, recording):
    TranscriptFactory(recording=recording)
    body = searched(as_user(people.owner), people.student, "exam")
    assert f'href="{reverse("recording", args=[recording.pk])}#t=8.33333"' in body or "#t=8.33" in body
    assert "The <mark>exam</mark> is on Friday," in body
    assert "Found in 1 place." in body


def test_a_search_never_leaves_the_student(as_user, people, recording):
    TranscriptFactory(recording=recording)
    mine = consented()
    TranscriptFactory(recording__student=mine)
    body = searched(as_user(people.admin), mine, "exam")
    assert str(recording.pk) not in body
    assert body.count("<mark>") == 1


def test_the_trail_keeps_that_somebody_searched_but_not_for_what(as_user, people, recording, caplog):
    caplog.set_level(logging.DEBUG)
    TranscriptFactory(recording=recording)
    client = as_user(people.owner)
    client.get(reverse("student-transcripts", args=[people.student.pk]))
    assert not AuditEvent.objects.filter(action="transcript.search").exists()
    searched(client, people.student, "afraid")
    event = AuditEvent.objects.get(action="transcript.search")
    assert (event.actor, event.student_ref, event.detail) == (
        people.owner,
        people.student.pk,
        {"sessions": 1, "hits": 1},
    )
    assert "afraid" not in caplog.text


def test_markup_in_what_was_said_or_searched_stays_text(as_user, people, recording):
    said = [{"start_s": 0.0, "end_s": 1.0, "words": [[" <script>x</script>", 0.0, 1.0, 0.9]]}]
    TranscriptFactory(recording=recording, sentences=said)
    body = searched(as_user(people.owner), people.student, "script")
    assert "<mark>&lt;script&gt;x&lt;/script&gt;</mark>" in body
    assert "<script>x" not in body
    assert 'value="&quot;&gt;&lt;b"' in searched(as_user(people.owner), people.student, '"><b')


def test_results_and_reports_say_nothing_that_was_said(as_user, people):
    recording = analysed(people.student, ["sad"] * 20)
    TranscriptFactory(recording=recording)
    client = as_user(people.owner)
    for name, key in (("recording", recording.pk), ("student", people.student.pk), ("report-csv", people.student.pk)):
        answer = client.get(reverse(name, args=[key]))
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        assert b"Friday" not in body, name
