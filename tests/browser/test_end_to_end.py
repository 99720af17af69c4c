"""A real clip through the browser, the real worker and the real models, to the counsellor's page."""

from pathlib import Path

import pytest

from analysis.models import Recording, Segment
from ml import weights

pytestmark = [pytest.mark.slow, pytest.mark.data]

ANALYSIS_S = 240


@pytest.fixture
def real_clip(research_data) -> Path:
    """One clip of the research data; it is read where it lies."""
    clips = sorted((research_data / "clips" / "ravdess_video").glob("*.mp4"))
    if not clips:
        pytest.skip("the research data has no clips")
    return clips[0]


@pytest.fixture
def trained() -> None:
    """The shipped weights; without them there is nothing to run end to end."""
    missing = sorted(set(weights.NAMES) - set(weights.card()))
    if missing:
        pytest.skip(f"no trained weights for {', '.join(missing)}: run python -m ml train")


def test_a_clip_is_uploaded_analysed_and_read(people, visitor, worker, real_clip, trained):
    staff = visitor()
    staff.sign_in(people.staff)
    staff.go("/upload/")
    staff.page.check(f'input[name="student"][value="{people.student.pk}"]')
    staff.page.set_input_files(".uppy-Dashboard-input >> nth=0", str(real_clip))
    staff.page.click(".uppy-StatusBar-actionBtn--upload")
    staff.page.wait_for_selector("text=Open the recording")
    worker()
    staff.page.click("text=Open the recording")
    staff.page.wait_for_selector("text=The recording has been analysed", timeout=ANALYSIS_S * 1000)

    recording = Recording.objects.get()
    assert Segment.objects.filter(run=recording.current_run, label__isnull=False).exists()
    counsellor = visitor()
    counsellor.sign_in(people.owner)
    counsellor.go(f"/recordings/{recording.pk}/")
    counsellor.page.wait_for_selector('[data-figure="timeline"] .main-svg')
    assert "of the judged time" in counsellor.page.inner_text(".lead-fact")
    assert counsellor.page.inner_text("#moment-label") != "–"
    counsellor.go(f"/students/{people.student.pk}/")
    counsellor.page.wait_for_selector('[data-figure="trend"] .main-svg')
