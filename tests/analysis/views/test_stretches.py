"""Whose a stretch is: said on the recording's page, shown there, and taken back."""

import pytest
from django.urls import reverse

from analysis.forms import StretchForm
from analysis.models import Stretch
from tests.factories import StretchFactory, analysed

pytestmark = pytest.mark.django_db


@pytest.fixture
def recording(people):
    """Two sad moments, then three happy ones; 12 seconds."""
    return analysed(people.student, ["sad", "sad", "happy", "happy", "happy"])


def mark(client, recording, start="0:00", end="0:05", who="counsellor"):
    fields = {"start_s": start, "end_s": end, "who": who}
    return client.post(reverse("recording-stretches", args=[recording.pk]), fields, follow=True)


def moments(client, recording, **query):
    return client.get(reverse("recording-moments", args=[recording.pk]), query).content.decode()


def test_a_marked_moment_shows_who_said_so_in_place_of_a_label(people, as_user, recording):
    client = as_user(people.owner)
    answer = mark(client, recording)
    page = answer.content.decode()
    assert answer.redirect_chain[-1][0].endswith("#stretches")
    assert "The mark was saved" in page
    assert page.count(f"not the student’s but the counsellor’s, says {people.owner}") == 2
    assert [row[6] is None for row in answer.context["segments_data"]] == [False, False, True, True, True]
    assert answer.context["summary"]["index"].negative_share == 0
    assert moments(client, recording, moments="negative").count("data-seek") == 0
    assert moments(client, recording, moments="gaps").count("data-seek") == 2
    assert answer.context["figures"]["timeline"]["data"][0]["y"][:2] == [None, None]


def test_how_good_the_recording_was_stays(people, as_user, recording):
    client = as_user(people.owner)
    quality = client.get(reverse("recording", args=[recording.pk])).context["figures"]["quality"]
    assert mark(client, recording).context["figures"]["quality"] == quality


def test_a_removed_mark_gives_the_moments_back(people, as_user, recording):
    client = as_user(people.owner)
    mark(client, recording)
    answer = client.post(reverse("stretch-remove", args=[Stretch.objects.get().pk]), follow=True)
    assert "The mark was removed" in answer.content.decode()
    assert answer.context["summary"]["index"].negative_share == pytest.approx(5 / 12)
    assert not Stretch.objects.exists()


def test_the_page_of_marks_needs_no_script_and_offers_the_moment_it_was_asked_for(people, as_user, recording):
    client = as_user(people.owner)
    assert f"/recordings/{recording.pk}/stretches/?start_s=2&amp;end_s=6" in moments(client, recording)
    page = client.get(reverse("recording-stretches", args=[recording.pk]), {"start_s": "62.5", "end_s": "nan"})
    assert 'value="1:02.5"' in page.content.decode()
    assert page.context["stretch_form"].initial == {"start_s": 62.5}


def test_what_is_no_time_is_told_beside_the_field(people, as_user, recording):
    answer = mark(as_user(people.owner), recording, start="soon")
    assert answer.status_code == 422
    assert "such as 4:05" in answer.content.decode()
    assert not Stretch.objects.exists()


def test_what_lies_outside_is_refused_with_a_next_step(people, as_user, recording):
    page = mark(as_user(people.owner), recording, end="1:05").content.decode()
    assert "lies outside the recording" in page
    assert "correct the times" in page


@pytest.mark.parametrize(
    ("typed", "seconds"),
    [("4", 4), ("4.25", 4.25), ("4,5", 4.5), ("1:02", 62), ("1:02.5", 62.5), ("1:00:01", 3601), (" 0:07 ", 7)],
)
def test_times_are_typed_as_a_player_shows_them(typed, seconds):
    form = StretchForm({"start_s": typed, "end_s": "99:00", "who": "other"})
    assert form.is_valid(), form.errors
    assert form.cleaned_data["start_s"] == seconds
    assert form["start_s"].field.clean(form["start_s"].field.prepare_value(float(seconds))) == seconds


@pytest.mark.parametrize("typed", ["", "-1", "1:", ":5", "a", "1e3", "٣", "1:2:3:4", "nan"])
def test_what_is_no_time_is_not_taken_for_one(typed):
    assert "start_s" in StretchForm({"start_s": typed, "end_s": "9", "who": "other"}).errors


def test_marks_stay_when_the_account_is_gone(people, as_user, recording):
    StretchFactory(recording=recording, by=None, end_s=5)
    assert "says somebody whose account is gone" in moments(as_user(people.owner), recording)
