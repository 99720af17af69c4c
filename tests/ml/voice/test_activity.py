from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ml.voice.activity import (
    MARGIN_FRAMES,
    WINDOW_SAMPLES,
    SpeechActivity,
    frame_mask,
    level_gain,
    speech_probabilities,
    speech_share,
    speech_span,
)
from ml.voice.framing import SAMPLE_RATE, frame_count
from tests.ml.voice.conftest import load, research_file

SECOND = SAMPLE_RATE


def test_silence_and_noise_have_no_speech() -> None:
    draws = np.random.default_rng(0)
    for level in (0.0, 0.01):
        samples = (level * draws.standard_normal(5 * SECOND)).astype(np.float32)
        assert speech_share(speech_probabilities(samples), 0, 5) < 0.05


@pytest.mark.data
def test_speech_is_found_and_music_is_not_taken_for_it(real_speech: np.ndarray) -> None:
    music = load(research_file("separation", "Kevin_MacLeod_-_P_I_Tchaikovsky_Dance_of_the_Sugar_Plum_Fairy.hq.ogg"))
    assert speech_share(speech_probabilities(real_speech), 0, 11) > 0.6
    assert speech_share(speech_probabilities(music[: 20 * SECOND]), 0, 20) < 0.1


@pytest.mark.data
def test_very_quiet_speech_is_found_as_well(real_speech: np.ndarray) -> None:
    share = speech_share(speech_probabilities(real_speech), 0, 11)
    quiet = speech_share(speech_probabilities((real_speech * 0.003).astype(np.float32)), 0, 11)
    assert quiet == pytest.approx(share, abs=0.05)


@pytest.mark.data
def test_a_silent_stretch_between_speech_is_seen(real_speech: np.ndarray) -> None:
    silence = np.zeros(4 * SECOND, dtype=np.float32)
    found = speech_probabilities(np.concatenate([real_speech, silence, real_speech]))
    assert speech_share(found, 11.5, 15) == 0
    assert speech_share(found, 15, 26) > 0.6


@pytest.mark.data
def test_the_stateless_network_answers_as_the_packaged_model(real_speech: np.ndarray) -> None:
    from ml.voice.activity import _model_file

    packaged = torch.jit.load(str(_model_file()))
    whole = real_speech[: 100 * WINDOW_SAMPLES]
    with torch.inference_mode():
        expected = packaged.audio_forward(torch.from_numpy(whole)[None], SAMPLE_RATE)[0].numpy()
    assert np.allclose(speech_probabilities(whole, gain=1.0), expected, atol=1e-5)


def test_blocks_of_any_size_give_the_same_probabilities(tune: np.ndarray) -> None:
    whole = speech_probabilities(tune, gain=1.0)
    activity = SpeechActivity()
    pieces = [activity.feed(part) for part in np.array_split(tune, 17)]
    assert np.allclose(np.concatenate([*pieces, activity.finish()]), whole, atol=1e-6)


def test_two_recordings_can_be_read_side_by_side(tune: np.ndarray) -> None:
    first, second = SpeechActivity(), SpeechActivity()
    half = len(tune) // 2
    begun = first.feed(tune[:half])
    second.feed(np.random.default_rng(1).standard_normal(9000).astype(np.float32))
    joined = np.concatenate([begun, first.feed(tune[half:]), first.finish()])
    assert np.allclose(joined, speech_probabilities(tune, gain=1.0), atol=1e-6)


def test_a_memory_mapped_recording_is_read_like_an_array(tune: np.ndarray, tmp_path: Path) -> None:
    file = tmp_path / "samples.f32"
    tune.tofile(file)
    mapped = np.memmap(file, dtype=np.float32, mode="r")
    assert np.allclose(speech_probabilities(mapped), speech_probabilities(tune), atol=1e-6)


def test_the_callers_number_of_threads_stays(tune: np.ndarray) -> None:
    before = torch.get_num_threads()
    speech_probabilities(tune[:SECOND])
    assert torch.get_num_threads() == before


def test_one_click_does_not_set_the_level() -> None:
    samples = np.full(20 * SECOND, 0.01, dtype=np.float32)
    expected = level_gain(samples)
    samples[1000] = 1.0
    assert level_gain(samples) == pytest.approx(expected)


@given(st.integers(1, 40_000))
def test_there_is_a_mask_value_for_every_frame(samples: int) -> None:
    windows = -(-samples // WINDOW_SAMPLES)
    assert frame_mask(np.ones(windows), samples).all()
    assert len(frame_mask(np.zeros(windows), samples)) == frame_count(samples)


@given(st.lists(st.booleans(), min_size=1, max_size=80))
def test_the_span_reaches_from_the_first_to_the_last_speech(spoken: list[bool]) -> None:
    mask = np.array(spoken)
    first, last = speech_span(mask)
    assert 0 <= first < last <= len(mask)
    if not mask.any():
        assert (first, last) == (0, len(mask))
    else:
        assert mask[first:last].sum() == mask.sum()
        assert mask[: first + MARGIN_FRAMES].sum() == 0 or first == 0
