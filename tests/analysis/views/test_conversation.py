"""How a conversation went, on the recording's and the student's page: for those who see results only."""

import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from analysis.presentation import talk_words
from analysis.presentation.talk_charts import overlaps, speaking_parts
from analysis.talk.figures import DESCRIPTIONS, conversation_read
from students.models import AuditEvent
from tests.factories import SpeakerFactory, TurnFactory, analysed, conversation

pytestmark = pytest.mark.django_db


def talked(whose, week: int = 0, **figures):
    """An analysed session whose conversation is described."""
    recording = analysed(whose, ["normal"] * 29, recorded_at=timezone.now() - timedelta(weeks=week))
    run = recording.current_run
    run.conversation = conversation(**figures)
    run.save()
    return recording


def page_of(client, recording) -> str:
    return client.get(reverse("recording", args=[recording.pk])).content.decode()


def test_the_numbers_stand_with_their_interval_and_what_they_rest_on(people, as_user):
    page = page_of(as_user(people.owner), talked(people.student, turn_s=4.2))
    assert "Length of a turn" in page
    assert re.search(r"4\.2 s\s*<span[^>]*>4\.1 to 4\.3 s, n = 12", page)


def test_what_cannot_be_said_is_a_dash_and_never_0(people, as_user):
    page = page_of(as_user(people.owner), talked(people.student, turn_s=4.2))
    assert "Speaking rate" not in page
    assert "too little to say" in page  # the share, which only the other voice has


def test_the_usual_is_shown_from_the_third_other_session_on(people, as_user):
    newest = talked(people.student, rate=5.0)
    for week, rate in enumerate([4.0, 4.2], start=1):
        talked(people.student, week, rate=rate)
    page = page_of(as_user(people.owner), newest)
    assert "range-mark" not in page and "once 3 other sessions" in page
    talked(people.student, 3, rate=4.4)
    page = page_of(as_user(people.owner), newest)
    assert "above the student’s other sessions" in page
    assert "usually 4.1 to 4.3 syllables/s (3 other sessions)" in page


def test_who_spoke_when_has_a_lane_per_voice_and_one_for_what_is_spoken_at_once(people, as_user):
    recording = talked(people.student, turn_s=4.2)
    own = SpeakerFactory(run=recording.current_run, number=1, student=True)
    other = SpeakerFactory(run=recording.current_run, number=2)
    TurnFactory(speaker=own, start_s=0, end_s=10)
    TurnFactory(speaker=other, start_s=9, end_s=20)
    TurnFactory(speaker=own, start_s=21, end_s=30, certainty=0.3)
    page = page_of(as_user(people.owner), recording)
    figure = json.loads(re.search(r'<script id="turns" type="application/json">(.*?)</script>', page, re.S).group(1))
    assert figure["layout"]["yaxis"]["ticktext"] == ["Student", "Voice 2", "Several at once"]
    lanes = {(trace["name"], trace["opacity"]): trace["x"] for trace in figure["data"]}
    assert lanes["Several at once", 1] == [9, 10, None]
    assert lanes["Student", 1] == [0, 10, None]
    assert lanes["Student", 0.4] == [21, 30, None]
    assert "(uncertain)" in page


def test_an_enrolled_counsellor_is_named_as_one(people, as_user):
    recording = talked(people.student, turn_s=4.2)
    SpeakerFactory(run=recording.current_run, number=2, enrolled=True)
    assert '<th scope="col">Counsellor</th>' in page_of(as_user(people.owner), recording)


def test_without_a_known_student_nothing_is_said_of_the_student(people, as_user):
    page = page_of(as_user(people.owner), talked(people.student, student=None, rate=5.0))
    assert "is not known, so nothing is said about the student" in page
    assert "Voice 1" in page and "Nobody speaks" in page


def test_staff_see_nothing_of_it_and_a_look_is_written_down(people, as_user):
    recording = talked(people.student, turn_s=4.2)
    assert "The conversation" not in page_of(as_user(people.staff), recording)
    page_of(as_user(people.owner), recording)
    assert AuditEvent.objects.filter(action="results.view", actor=people.owner).count() == 1


def test_a_recording_in_which_nobody_was_told_apart_has_no_such_section(people, as_user):
    assert "The conversation" not in page_of(as_user(people.owner), analysed(people.student, ["sad"]))


def test_the_students_page_follows_it_from_session_to_session(people, as_user):
    for week, rate in enumerate([4.0, 4.2, 4.4]):
        talked(people.student, week, rate=rate)
    analysed(people.student, ["sad"])  # a session without
    page = as_user(people.owner).get(reverse("student", args=[people.student.pk])).content.decode()
    assert 'aria-label="Speaking rate: 4.4 syllables/s, 4.2 syllables/s, 4.0 syllables/s"' in page
    assert "Length of a turn: " not in page
    page = as_user(people.staff).get(reverse("student", args=[people.student.pk])).content.decode()
    assert "small-trend" not in page


def test_the_parts_of_the_bar_add_up_to_the_recording():
    parts = speaking_parts(conversation_read(conversation()))
    assert [part.name for part in parts] == ["Student", "Voice 2", "Several at once", "Nobody"]
    assert sum(part.share for part in parts) == pytest.approx(1)


def test_overlaps_of_three_voices_are_found_once():
    speaker = SpeakerFactory()
    spans = [(0, 4), (3, 6), (3.5, 8), (9, 10)]
    turns = [TurnFactory(speaker=speaker, start_s=start, end_s=end) for start, end in spans]
    assert overlaps(turns) == [(3, 6)]


def test_every_description_has_words():
    assert set(talk_words.LABELS) == set(talk_words.MEANINGS) == set(DESCRIPTIONS)
    assert all(talk_words.value(name, 0.5) for name in DESCRIPTIONS)
    assert talk_words.value("loudness_db", -1.26) == "−1.3 dB" and talk_words.value("loudness_db", 2) == "+2.0 dB"


def test_a_number_knows_its_interval_in_words():
    read = conversation_read(conversation(latency_s=-0.2))
    assert talk_words.interval("latency_s", read.own.figures["latency_s"]) == "−0.30 to −0.10 s, n = 12"


def test_a_conversation_takes_three_queries_more_however_many_sessions_there_are(people, as_user, queries):
    plain = analysed(people.student, ["normal"])
    newest = talked(people.student, rate=5.0)
    address = reverse("recording", args=[newest.pk])
    without = queries(as_user(people.owner), reverse("recording", args=[plain.pk]))
    few = queries(as_user(people.owner), address)
    for week in range(1, 6):
        talked(people.student, week, rate=4.0 + week / 10)
    assert queries(as_user(people.owner), address) == few == without + 3
