"""Whose voice: a sample plays for as long as it lasts, and a choice is one click."""

import pytest

from analysis.files import storage
from tests.analysis import clips
from tests.factories import analysed, voices


@pytest.fixture
def recording(people, tmp_path):
    """Twelve seconds with two voices; those of the first are heard from 2 to 4."""
    recording = analysed(people.student, ["sad", "normal", "sad", "happy"], container="mov")
    recording.file = storage.original_name(recording.pk)
    recording.save(update_fields=["file"])
    path = storage.original_path(recording)
    path.parent.mkdir(parents=True)
    path.write_bytes(clips.interview(tmp_path / "clip.mp4", seconds=12).read_bytes())
    voices(recording.current_run)
    recording.current_run.speakers.filter(number=1).update(sample_start_s=2.0, sample_end_s=4.0)
    return recording


def test_a_sample_stops_at_its_end_and_the_choice_is_one_click(people, visitor, recording):
    someone = visitor()
    someone.sign_in(people.owner)
    someone.go(f"/recordings/{recording.pk}/")
    someone.page.click("text=Listen and choose.")
    sample = someone.page.locator("[data-listen]").first
    sample.click()
    someone.page.wait_for_selector("[data-listen].is-playing")
    assert "Stop" in sample.inner_text()
    someone.page.wait_for_selector("[data-listen].is-playing", state="detached")
    assert someone.page.evaluate("document.getElementById('player').paused")
    assert 4.0 <= someone.page.evaluate("document.getElementById('player').currentTime") < 4.5
    sample.click()
    someone.page.wait_for_selector("[data-listen].is-playing")
    sample.click()
    someone.page.wait_for_selector("[data-listen].is-playing", state="detached")
    assert someone.page.evaluate("document.getElementById('player').currentTime") < 4.0
    someone.page.locator(".voice").nth(1).get_by_role("button", name="This is the student").click()
    someone.page.wait_for_selector("text=The analysis starts anew")
    assert recording.runs.get(number=2).speaker == 2


def test_who_goes_elsewhere_while_a_sample_plays_is_not_stopped(people, visitor, recording):
    someone = visitor()
    someone.sign_in(people.owner)
    someone.go(f"/recordings/{recording.pk}/")
    someone.page.locator("[data-listen]").first.click()
    someone.page.wait_for_selector("[data-listen].is-playing")
    someone.page.evaluate("document.getElementById('player').currentTime = 8")
    someone.page.wait_for_selector("[data-listen].is-playing", state="detached")
    assert not someone.page.evaluate("document.getElementById('player').paused")
