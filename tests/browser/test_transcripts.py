"""What was said, in a real browser: a word leads to its second, captions play, a search leads to the place."""

import pytest
from playwright.sync_api import expect

from analysis.files import storage
from analysis.models import Transcript
from ml.sample import make_sample
from tests.factories import TranscriptFactory, analysed, spoken

SAID = spoken(("I did not sleep well.", 1.0), ("The exam is on Friday.", 4.0), ("My sister helps me.", 8.0))


@pytest.fixture
def recording(people, media, tmp_path):
    """Twelve seconds of the sample recording with results and a transcript."""
    recording = analysed(people.student, ["sad", "normal"] * 3, container="mov")
    recording.file = storage.original_name(recording.pk)
    recording.save()
    path = storage.original_path(recording)
    path.parent.mkdir(parents=True)
    path.write_bytes(make_sample(tmp_path / "sample.mp4", 12).read_bytes())
    TranscriptFactory(recording=recording, sentences=SAID)
    return recording


def seconds_of(page) -> float:
    return page.evaluate("document.getElementById('player').currentTime")


@pytest.mark.parametrize("width", [1280, 390])
def test_words_lead_to_their_second_and_the_player_has_captions(people, visitor, recording, width):
    someone = visitor(width=width)
    someone.sign_in(people.owner)
    someone.go(f"/recordings/{recording.pk}/")
    page = someone.page
    page.click("#transcript span[data-at] >> text=Friday")
    expect(page.locator("#transcript .sentence[aria-current]")).to_contain_text("exam")
    assert seconds_of(page) == pytest.approx(5.33, abs=0.01)
    page.locator("#transcript .sentence-time").nth(2).press("Enter")
    expect(page.locator("#transcript .sentence[aria-current]")).to_contain_text("sister")
    page.evaluate("document.getElementById('player').textTracks[0].mode = 'showing'")
    page.wait_for_function("() => document.getElementById('player').textTracks[0].cues?.length === 3")
    cue = page.evaluate("document.getElementById('player').textTracks[0].cues[1].text")
    assert cue == "The exam is on Friday."
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("width", [1280, 390])
def test_a_search_leads_to_the_place_in_the_recording(people, visitor, recording, width):
    someone = visitor(width=width)
    someone.sign_in(people.owner)
    someone.go(f"/students/{people.student.pk}/")
    page = someone.page
    page.click("text=Search what was said")
    page.fill("#q", "exam")
    page.press("#q", "Enter")
    expect(page.locator("mark")).to_have_text("exam")
    assert "exam" not in page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.click("a.hit")
    page.wait_for_function("() => document.getElementById('player')?.currentTime > 4")
    assert seconds_of(page) == pytest.approx(4.33, abs=0.01)
    expect(page.locator("#transcript .sentence[aria-current]")).to_contain_text("exam")


def test_the_panel_turns_into_the_text_when_it_is_written(people, visitor, recording):
    Transcript.objects.update(status="queued", attempt=0, percent=0)
    someone = visitor()
    someone.sign_in(people.owner)
    someone.go(f"/recordings/{recording.pk}/")
    expect(someone.page.locator("#transcript")).to_contain_text("Waiting: analyses come first")
    Transcript.objects.update(status="succeeded")
    expect(someone.page.locator("#transcript .sentence")).to_have_count(3, timeout=10_000)
    expect(someone.page.locator("#player track")).to_have_count(1)
