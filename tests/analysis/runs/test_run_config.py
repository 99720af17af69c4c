"""Every setting of the site that the engine knows reaches it under its own name."""

import pytest

from analysis.runs.worker import run_config
from tests.factories import RunFactory

pytestmark = pytest.mark.django_db


def test_a_run_is_made_with_the_site_s_settings(settings):
    settings.EMOREC_VOICE_BY = "attention_lstm"
    settings.EMOREC_FUSION = "product"
    settings.EMOREC_FUSION_ALPHA, settings.EMOREC_FUSION_BETA = 0.7, 0.3
    settings.EMOREC_SAMPLE_FPS = 2.5
    settings.EMOREC_MAX_DURATION_S = 99
    config = run_config(RunFactory(voice=True, face=False, track=3, speaker=2))
    assert (config.voice, config.face, config.track, config.speaker) == (True, False, 3, 2)
    assert (config.voice_by, config.fusion) == ("attention_lstm", "product")
    assert (config.alpha, config.beta) == (0.7, 0.3)
    assert (config.sample_fps, config.max_duration_s) == (2.5, 99)


@pytest.mark.parametrize(("voice", "face"), [(True, True), (True, False), (False, True)])
def test_only_what_was_agreed_to_is_analysed(voice, face):
    config = run_config(RunFactory(voice=voice, face=face))
    assert (config.voice, config.face) == (voice, face)
