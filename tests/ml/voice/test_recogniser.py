import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ml import weights
from ml.errors import RecognitionError
from ml.reference import Evidence
from ml.voice.activity import frame_mask, speech_probabilities
from ml.voice.framing import SAMPLE_RATE
from ml.voice.recogniser import VoiceRecogniser, frame_times, load_encoder, pack
from tests.ml.tiny_models import tiny_member


@pytest.fixture(scope="module")
def recogniser() -> VoiceRecogniser:
    members = [tiny_member(0, 1), tiny_member(1, 2), tiny_member(1, 3)]
    return VoiceRecogniser(members, {"ann": 0, "ben": 1}, "voice-test", load_encoder())


@pytest.fixture
def mask(tune: np.ndarray) -> np.ndarray:
    """Speech in the middle of the tune, as silero-vad would say it."""
    probabilities = np.zeros(-(-len(tune) // 512), dtype=np.float32)
    probabilities[20:70] = 1
    return frame_mask(probabilities, len(tune))


def predicted(recogniser: VoiceRecogniser, samples: np.ndarray, mask: np.ndarray, *spans: tuple[float, float], **more):  # type: ignore[no-untyped-def]
    return recogniser.predict(recogniser.features(samples, mask), spans, mask, **more)


def test_probabilities_and_attention_each_sum_to_one(
    recogniser: VoiceRecogniser, tune: np.ndarray, mask: np.ndarray
) -> None:
    judged = predicted(recogniser, tune, mask, (0, 2), (1, 3))
    assert len(judged) == 2
    for each in judged:
        assert each.general.shape == each.scores.shape == (7,)
        assert each.general.sum() == pytest.approx(1, abs=1e-5)
        assert each.weights.sum() == pytest.approx(1, abs=1e-5)
        assert each.times.shape == each.weights.shape


def test_times_lie_in_the_span_where_there_is_speech(
    recogniser: VoiceRecogniser, tune: np.ndarray, mask: np.ndarray
) -> None:
    first, last = 20 * 512 / SAMPLE_RATE, 70 * 512 / SAMPLE_RATE
    (judged,) = predicted(recogniser, tune, mask, (0, 3))
    assert first - 0.1 < judged.times[0] < first + 0.1
    assert last - 0.1 < judged.times[-1] < last + 0.1
    assert np.all(np.diff(judged.times) > 0)


def test_segments_are_judged_alike_alone_and_together(
    recogniser: VoiceRecogniser, tune: np.ndarray, mask: np.ndarray
) -> None:
    spans = [(0.0, 1.5), (0.5, 3.0), (1.0, 1.4)]
    for span, judged in zip(spans, predicted(recogniser, tune, mask, *spans), strict=True):
        (alone,) = predicted(recogniser, tune, mask, span)
        assert np.allclose(alone.general, judged.general, atol=1e-5)


def test_loudness_of_the_recording_does_not_matter(
    recogniser: VoiceRecogniser, tune: np.ndarray, mask: np.ndarray
) -> None:
    loud, soft = (
        predicted(recogniser, (tune * factor).astype(np.float32), mask, (0, 3))[0].general for factor in (1, 0.02)
    )
    assert np.allclose(loud, soft, atol=1e-3)


def test_spans_at_the_very_end_or_without_speech_are_judged_too(
    recogniser: VoiceRecogniser, tune: np.ndarray, mask: np.ndarray
) -> None:
    for judged in predicted(recogniser, tune, mask, (2.9, 3.0), (2.99, 3.5), (0.0, 0.001)):
        assert np.isfinite(judged.general).all()
        assert len(judged.times) >= 1


def test_no_spans_give_no_answers(recogniser: VoiceRecogniser, tune: np.ndarray, mask: np.ndarray) -> None:
    assert predicted(recogniser, tune, mask) == []


def test_a_training_speaker_is_judged_only_by_networks_that_never_heard_them(
    recogniser: VoiceRecogniser, tune: np.ndarray, mask: np.ndarray
) -> None:
    assert [each.fold for each in recogniser.unaware_of("ann")] == [0]
    assert [each.fold for each in recogniser.unaware_of("ben")] == [1, 1]
    assert len(recogniser.unaware_of("somebody else")) == len(recogniser.unaware_of(None)) == 3
    (unheard,) = predicted(recogniser, tune, mask, (0, 3), exclude_speaker="ben")
    (expected,) = predicted(recogniser.with_members(recogniser.members[1:]), tune, mask, (0, 3))
    assert np.array_equal(unheard.weights, expected.weights)
    assert np.allclose(unheard.general, expected.general, atol=1e-6)


def test_the_answer_is_the_mean_of_the_speech_networks(
    recogniser: VoiceRecogniser, tune: np.ndarray, mask: np.ndarray
) -> None:
    single = [predicted(recogniser.with_members([each]), tune, mask, (0, 3))[0].general for each in recogniser.members]
    (judged,) = predicted(recogniser, tune, mask, (0, 3))
    assert np.allclose(judged.general, np.mean(single, axis=0), atol=1e-5)


def test_what_is_known_of_the_person_moves_the_answer(
    recogniser: VoiceRecogniser, tune: np.ndarray, mask: np.ndarray
) -> None:
    (unknown,) = predicted(recogniser, tune, mask, (0, 3))
    draws = np.random.default_rng(1)
    evidence = Evidence.of_recording(
        "voice-test",
        np.full(140, 2.0),
        np.tile(np.eye(7), (20, 1)),
        unknown.scores + 2 * draws.standard_normal((140, 7)),
    )
    (known,) = recogniser.personal(unknown.general[None], unknown.scores[None], evidence)
    assert known.sum() == pytest.approx(1)
    assert not np.allclose(known, unknown.general, atol=1e-3)
    assert np.array_equal(recogniser.personal(unknown.general[None], unknown.scores[None], None)[0], unknown.general)


def test_the_papers_network_alone_needs_no_encoder(
    recogniser: VoiceRecogniser, tune: np.ndarray, mask: np.ndarray
) -> None:
    paper = recogniser.attention_alone()
    (alone,) = predicted(paper, tune, mask, (0, 3))
    (both,) = predicted(recogniser, tune, mask, (0, 3))
    assert np.array_equal(alone.weights, both.weights)
    assert np.array_equal(both.attended, alone.general)
    assert not np.allclose(alone.general, both.general, atol=1e-4)
    sure = paper.with_members([replace(each, attention_temperature=1e4) for each in paper.members])
    assert np.allclose(predicted(sure, tune, mask, (0, 3))[0].general, 1 / 7, atol=1e-3)


def test_what_is_stored_and_read_back_answers_the_same(
    recogniser: VoiceRecogniser, tune: np.ndarray, mask: np.ndarray, tmp_path: Path
) -> None:
    weights.write("voice", *pack(recogniser), tmp_path)
    loaded = VoiceRecogniser.load(tmp_path)
    assert loaded.version == "voice-test"
    assert loaded.fold_of == recogniser.fold_of
    before, after = (predicted(each, tune, mask, (0, 3))[0] for each in (recogniser, loaded))
    assert np.allclose(before.general, after.general, atol=1e-3)
    assert np.allclose(before.scores, after.scores, atol=1e-2)


@pytest.mark.parametrize("missing", ["1.model.classify.weight", "0.speech.hidden.weight", "2.people.moods"])
def test_parts_that_do_not_fit_together_are_refused(recogniser: VoiceRecogniser, tmp_path: Path, missing: str) -> None:
    tensors, described = pack(recogniser)
    del tensors[missing]
    weights.write("voice", tensors, described, tmp_path)
    with pytest.raises(RecognitionError) as raised:
        VoiceRecogniser.load(tmp_path)
    assert raised.value.code == "weights_damaged"


def test_without_its_encoder_the_voice_does_not_load_but_the_papers_does(tiny_weights: Path, tmp_path: Path) -> None:
    with pytest.raises(RecognitionError) as raised:
        VoiceRecogniser.load(tiny_weights, tmp_path)
    assert raised.value.code == "encoder_missing"
    assert VoiceRecogniser.load(tiny_weights, tmp_path, "attention_lstm").version == "voice-tiny"


@given(first=st.integers(0, 500), count=st.integers(1, 60), group=st.integers(1, 6))
def test_frame_times_are_the_centres_of_the_averaged_frames(first: int, count: int, group: int) -> None:
    single = frame_times(first, first + count, 1)
    assert single[0] == pytest.approx(first * 0.01 + 0.0125)
    grouped = frame_times(first, first + count, group)
    assert np.allclose(grouped, [single[at : at + group].mean() for at in range(0, count, group)])


def test_the_callers_number_of_threads_stays(recogniser: VoiceRecogniser, tune: np.ndarray, mask: np.ndarray) -> None:
    before = torch.get_num_threads()
    predicted(recogniser, tune, mask, (0, 3))
    assert torch.get_num_threads() == before


@pytest.fixture(scope="module")
def shipped() -> VoiceRecogniser:
    return VoiceRecogniser.load(Path(weights.__file__).parent)


def test_the_shipped_weights_load_in_two_seconds(shipped: VoiceRecogniser) -> None:
    started = time.process_time()
    VoiceRecogniser.load(Path(weights.__file__).parent)
    assert time.process_time() - started < 2
    assert len({each.fold for each in shipped.members}) >= 5


@pytest.mark.data
def test_the_shipped_weights_judge_real_speech(shipped: VoiceRecogniser, real_speech: np.ndarray) -> None:
    mask = frame_mask(speech_probabilities(real_speech), len(real_speech))
    judged = predicted(shipped, real_speech, mask, (0, 4), (4, 8))
    assert all(0.15 < each.general.max() < 1 for each in judged)
