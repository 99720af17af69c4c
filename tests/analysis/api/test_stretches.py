"""Whose a stretch is, over the API."""

import pytest

from analysis.models import Stretch
from tests.factories import StretchFactory, analysed

pytestmark = pytest.mark.django_db


@pytest.fixture
def recording(people):
    return analysed(people.student, ["sad", "sad", "happy", "happy", "happy"])


def address(recording, *rest):
    return f"/api/v1/recordings/{recording.pk}/" + "".join(f"{part}/" for part in rest)


def test_a_mark_makes_gaps_of_the_segments_and_says_whose_word_it_is(people, api, recording):
    script = api(people.owner)
    answer = script.post(address(recording, "stretches"), {"start_s": 0, "end_s": 5, "who": "counsellor"})
    assert answer.status_code == 201
    assert answer.json() == script.get(address(recording, "stretches")).json()["results"][0]
    segments = script.get(address(recording, "segments")).json()["results"]
    assert [segment["label"] for segment in segments] == [None, None, "happy", "happy", "happy"]
    taken = segments[0]
    assert taken["not_student"]["by"]["name"] == str(people.owner)
    assert taken["probabilities"] is taken["voice"] is taken["face"] is taken["general"] is None
    assert segments[2]["not_student"] is None
    session = script.get(f"/api/v1/students/{people.student.pk}/trend/").json()["sessions"][0]
    assert session["negative_share"] == 0


def test_a_mark_is_taken_back(people, api, recording):
    stretch = StretchFactory(recording=recording, end_s=5)
    script = api(people.owner)
    assert script.delete(address(recording, "stretches", stretch.pk)).status_code == 204
    assert script.get(address(recording, "segments")).json()["results"][0]["label"] == "sad"
    assert script.delete(address(recording, "stretches", stretch.pk)).status_code == 404


def test_a_mark_belongs_to_its_recording(people, api, recording):
    other = analysed(people.student, ["sad"])
    stretch = StretchFactory(recording=other)
    assert api(people.owner).delete(address(recording, "stretches", stretch.pk)).status_code == 404
    assert Stretch.objects.filter(pk=stretch.pk).exists()


def test_no_correction_is_taken_for_what_is_not_the_student_s(people, api, recording):
    StretchFactory(recording=recording, end_s=5)
    answer = api(people.owner).post(address(recording, "corrections"), {"index": 0, "label": "anger"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "not_the_students")


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"start_s": 0, "end_s": 99, "who": "other"}, (422, "stretch_outside")),
        ({"start_s": 4, "end_s": 4, "who": "other"}, (422, "empty_stretch")),
        ({"start_s": 0, "end_s": 4, "who": "me"}, (400, "invalid")),
        ({"start_s": -1, "end_s": 4, "who": "other"}, (400, "invalid")),
        ({"start_s": "x", "end_s": 4}, (400, "invalid")),
    ],
)
def test_refusals_say_why(people, api, recording, body, refusal):
    answer = api(people.owner).post(address(recording, "stretches"), body)
    assert (answer.status_code, answer.json()["error"]["code"]) == refusal
