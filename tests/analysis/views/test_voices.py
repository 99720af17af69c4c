"""Whose voice: the page says what is known, lets one listen, and takes an answer from those who may give it."""

import pytest
from django.urls import reverse

from analysis.models import Run
from students.models import AuditEvent
from tests.factories import RunFactory, analysed, voices

pytestmark = pytest.mark.django_db

ASK = "Two voices were heard; it is not known which is the student’s, so no voice was judged."
CHOOSE = "This is the student"


@pytest.fixture
def recording(people):
    recording = analysed(people.student, ["normal", "sad"])
    recording.file = "originals/a"
    recording.save(update_fields=["file"])
    return recording


@pytest.fixture
def run(recording) -> Run:
    return recording.current_run


def _page(client, recording, **query) -> str:
    return client.get(reverse("recording", args=[recording.pk]), query).content.decode()


def _choose(client, recording, speaker):
    return client.post(reverse("recording-voice", args=[recording.pk]), {"speaker": speaker}, follow=True)


# --- what is shown


def test_undecided_voices_are_asked_about_at_the_top_and_each_can_be_heard_and_chosen(people, as_user, recording, run):
    voices(run)
    page = _page(as_user(people.owner), recording)
    assert page.index(ASK) < page.index("Negative emotion in")
    assert page.count(CHOOSE) == 2
    assert f'href="/recordings/{recording.pk}/media/#t=10,15"' in page
    assert 'data-listen="20,25"' in page
    assert "judged as the student’s</span>" not in page


def test_a_card_says_how_long_the_voice_speaks_and_what_is_known_of_it(people, as_user, recording, run):
    first, second = voices(run, student=2)
    run.speakers.filter(pk=first.pk).update(seconds=90, channel=2, enrolled=True)
    run.speakers.filter(pk=second.pk).update(face=1, sample_start_s=None, sample_end_s=None)
    page = _page(as_user(people.owner), recording)
    for words in (
        "speaks for 90 seconds, 75\u00a0% of all speech",
        "speaks for 30 seconds, 25\u00a0% of all speech",
        "the enrolled voice of a counsellor",
        "It has sound channel 2 to itself.",
        "The lips of face 1 move with it.",
        "It never speaks alone, so there is no sample.",
    ):
        assert page.count(words) == 1, words
    assert page.count(CHOOSE) == 1, "the voice that was judged needs no choosing"
    assert page.count("judged as the student’s</span>") == 1
    assert ASK not in page


def test_more_than_two_voices_are_counted(people, as_user, recording, run):
    voices(run, 3)
    assert "3 voices were heard; it is not known" in _page(as_user(people.owner), recording)


@pytest.mark.parametrize("likeliest", [None, 1])
def test_an_unsure_second_voice_is_told_and_can_be_chosen(people, as_user, recording, likeliest):
    voices(recording.current_run, student=likeliest, several=False)
    page = _page(as_user(people.owner), recording)
    assert "It is not sure whether one or two people speak. All speech was judged as the student’s." in page
    assert page.count(CHOOSE) == 2
    assert "judged as the student’s</span>" not in page
    assert ASK not in page


def test_a_single_voice_gets_a_line_and_no_section(people, as_user, recording, run):
    voices(run, 1, student=1, several=False)
    page = _page(as_user(people.owner), recording)
    assert "One voice was heard" in page
    assert "Whose voice?" not in page


def test_a_result_in_which_nobody_was_told_apart_says_nothing(people, as_user, recording):
    page = _page(as_user(people.owner), recording)
    assert "One voice was heard" not in page
    assert "Whose voice?" not in page


def test_the_page_speaks_chinese(people, as_user, recording, run):
    voices(run)
    people.owner.language = "zh-hans"
    people.owner.save()
    page = _page(as_user(people.owner), recording)
    for words in (ASK, CHOOSE, "Whose voice?", "speaks for"):
        assert words not in page, words


def test_staff_learn_nothing_of_voices(people, as_user, recording, run):
    voices(run)
    assert "oice" not in _page(as_user(people.staff), recording).replace("Voice separation", "")


def test_while_an_analysis_is_under_way_nothing_is_asked(people, as_user, recording, run):
    voices(run)
    RunFactory(recording=recording, number=2, status="queued", attempt=0)
    page = _page(as_user(people.owner), recording)
    assert ASK not in page
    assert CHOOSE not in page
    assert "Whose voice?" in page


def test_an_earlier_result_shows_its_voices_without_a_choice(people, as_user, recording, run):
    voices(run)
    RunFactory(recording=recording, number=2)
    page = _page(as_user(people.owner), recording, run="1")
    assert "Whose voice?" in page
    assert CHOOSE not in page
    assert ASK not in page


# --- the choice


def test_a_choice_is_one_click_and_analyses_anew_with_the_face_that_was_chosen(people, as_user, recording, run):
    voices(run)
    Run.objects.update(track=3)
    response = _choose(as_user(people.owner), recording, "2")
    new = recording.runs.get(number=2)
    assert (new.status, new.speaker, new.track) == ("queued", 2, 3)
    assert "The analysis starts anew" in response.content.decode()
    event = AuditEvent.objects.get(action="run.request")
    assert (event.actor, event.detail) == (people.owner, {"number": 2, "track": 3, "speaker": 2})


def test_a_chosen_face_keeps_the_voice_and_a_repetition_keeps_both(people, as_user, recording, run):
    Run.objects.update(speaker=2, summary={"track": 0, "tracks": [{"track": 0}, {"track": 3}]})
    as_user(people.owner).post(reverse("recording-track", args=[recording.pk]), {"track": "3"})
    second = recording.runs.get(number=2)
    assert (second.track, second.speaker) == (3, 2)
    Run.objects.filter(pk=second.pk).update(status="succeeded")
    as_user(people.staff).post(reverse("recording-repeat", args=[recording.pk]))
    third = recording.runs.get(number=3)
    assert (third.track, third.speaker) == (3, 2)


def test_a_choice_can_be_changed_and_taken_back(people, as_user, recording, run):
    voices(run, student=2)
    Run.objects.update(speaker=2)
    client = as_user(people.owner)
    assert "Take the choice back" in _page(client, recording)
    _choose(client, recording, "")
    assert recording.runs.get(number=2).speaker is None


def test_what_the_evidence_decided_cannot_be_taken_back(people, as_user, recording, run):
    voices(run, student=2)
    assert "Take the choice back" not in _page(as_user(people.owner), recording)


@pytest.mark.parametrize("speaker", ["3", "0", "-1", "two", "١", "999999999999", None])
def test_a_voice_that_was_not_heard_is_refused_in_words(people, as_user, recording, run, speaker):
    voices(run)
    client = as_user(people.owner)
    data = {} if speaker is None else {"speaker": speaker}
    response = client.post(reverse("recording-voice", args=[recording.pk]), data, follow=True)
    assert "There is no such voice in the newest result" in response.content.decode()
    assert recording.runs.count() == 1


def test_a_second_choice_while_one_is_under_way_is_refused_in_words(people, as_user, recording, run):
    voices(run)
    client = as_user(people.owner)
    _choose(client, recording, "1")
    assert "An analysis of this recording is waiting" in _choose(client, recording, "2").content.decode()
    assert recording.runs.count() == 2


def test_after_the_consent_has_ended_nothing_is_chosen(people, as_user, recording, run):
    voices(run)
    people.student.consents.update(ended_at=recording.recorded_at, end_reason="withdrawn")
    assert "no valid consent" in _choose(as_user(people.owner), recording, "1").content.decode()
    assert recording.runs.count() == 1


@pytest.mark.parametrize("who", ["teammate", "staff", None])
def test_nobody_else_chooses(people, as_user, recording, run, who):
    voices(run)
    _choose(as_user(who and getattr(people, who)), recording, "1")
    assert recording.runs.count() == 1


# --- who finds it


BADGE = "whose voice?</span>"


def test_the_counsellor_s_home_leads_to_what_is_undecided_and_to_nothing_else(people, as_user, recording, run):
    voices(run)
    decided = analysed(people.student, ["sad"])
    voices(decided.current_run, student=1)
    home = as_user(people.owner).get("/").content.decode()
    assert "Whose voice?" in home
    assert f"/recordings/{recording.pk}/#voices" in home
    assert str(decided.pk) not in home
    assert "Whose voice?" not in as_user(people.teammate).get("/").content.decode()


def test_a_home_without_a_question_shows_none(people, as_user, recording):
    assert "Whose voice?" not in as_user(people.owner).get("/").content.decode()


@pytest.mark.parametrize(("who", "shown"), [("owner", True), ("admin", True), ("staff", False)])
def test_lists_mark_what_is_undecided_for_those_who_may_choose(people, as_user, recording, who, shown):
    voices(recording.current_run)
    client = as_user(getattr(people, who))
    other = analysed(people.student, ["sad"])
    for address in ("/recordings/", f"/students/{people.student.pk}/"):
        assert client.get(address).content.decode().count(BADGE) == shown, address
    page = client.get("/recordings/?status=voice").content.decode()
    assert str(recording.pk) in page
    assert (str(other.pk) in page) is not shown
    assert ("?status=voice" in page) is shown


def test_a_question_disappears_with_the_choice(people, as_user, recording, run):
    voices(run)
    client = as_user(people.owner)
    _choose(client, recording, "2")
    assert BADGE not in client.get("/recordings/").content.decode()
    assert "Whose voice?" not in client.get("/").content.decode()
