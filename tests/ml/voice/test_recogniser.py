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
from ml.voice import features
from ml.voice.activity import speech_probabilities
from ml.voice.attention_lstm import Architecture, AttentionLSTM
from ml.voice.contours import ContourNetwork, ContourSizes
from ml.voice.framing import SAMPLE_RATE
from ml.voice.recogniser import Member, VoiceRecogniser, frame_times, pack
from ml.voice.standardise import MIN_OWN_SPEECH_S, Statistics

TINY = Architecture(embedding=8, hidden=4, attention=4, steps=2, decoder=6)


def member(fold: int, seed: int) -> Member:
    torch.manual_seed(seed)
    model = AttentionLSTM(TINY).half().float().eval()  # as stored: float16
    outline = ContourNetwork(ContourSizes(hidden=6, hidden_prosody=5, hidden_states=4)).half().float().eval()
    statistics = Statistics(
        np.full(features.N_FEATURES, -3.0, np.float32), np.full(features.N_FEATURES, 2.0, np.float32), 1.0, 0
    )
    return Member(model, outline, fold, 1.0 + 0.1 * seed, 3.0, statistics)


@pytest.fixture
def recogniser() -> VoiceRecogniser:
    return VoiceRecogniser([member(0, 1), member(1, 2), member(1, 3)], {"ann": 0, "ben": 1}, "voice-test")


@pytest.fixture
def speech(tune: np.ndarray) -> np.ndarray:
    """Speech in the middle of the tune, as silero-vad would say it."""
    probabilities = np.zeros(-(-len(tune) // 512), dtype=np.float32)
    probabilities[20:70] = 1
    return probabilities


def test_probabilities_and_attention_each_sum_to_one(
    recogniser: VoiceRecogniser, tune: np.ndarray, speech: np.ndarray
) -> None:
    judged = recogniser.predict(tune, [(0, 2), (1, 3)], recogniser.statistics(tune, speech), speech)
    assert len(judged) == 2
    for probabilities, times, attention, own in judged:
        assert own == (recogniser.statistics(tune, speech).speech_s >= MIN_OWN_SPEECH_S)
        assert probabilities.shape == (7,)
        assert probabilities.dtype == np.float32
        assert probabilities.sum() == pytest.approx(1, abs=1e-5)
        assert attention.sum() == pytest.approx(1, abs=1e-5)
        assert times.shape == attention.shape


def test_times_lie_in_the_span_where_there_is_speech(
    recogniser: VoiceRecogniser, tune: np.ndarray, speech: np.ndarray
) -> None:
    first, last = 20 * 512 / SAMPLE_RATE, 70 * 512 / SAMPLE_RATE
    (judged,) = recogniser.predict(tune, [(0, 3)], recogniser.statistics(tune, speech), speech)
    assert first - 0.1 < judged.times[0] < first + 0.1
    assert last - 0.1 < judged.times[-1] < last + 0.1
    assert np.all(np.diff(judged.times) > 0)


def test_segments_are_judged_alike_alone_and_together(
    recogniser: VoiceRecogniser, tune: np.ndarray, speech: np.ndarray
) -> None:
    spans = [(0.0, 1.5), (0.5, 3.0), (1.0, 1.4)]
    statistics = recogniser.statistics(tune, speech)
    together = recogniser.predict(tune, spans, statistics, speech)
    for span, judged in zip(spans, together, strict=True):
        (alone,) = recogniser.predict(tune, [span], statistics, speech)
        assert np.allclose(alone.probabilities, judged.probabilities, atol=1e-5)


def test_loudness_of_the_recording_does_not_matter(
    recogniser: VoiceRecogniser, tune: np.ndarray, speech: np.ndarray
) -> None:
    quiet = (tune * 0.02).astype(np.float32)
    loud, soft = (
        recogniser.predict(samples, [(0, 3)], recogniser.statistics(samples, speech), speech)[0].probabilities
        for samples in (tune, quiet)
    )
    assert np.allclose(loud, soft, atol=1e-3)


def test_a_memory_mapped_recording_is_judged_like_an_array(
    recogniser: VoiceRecogniser, tune: np.ndarray, speech: np.ndarray, tmp_path: Path
) -> None:
    tune.tofile(tmp_path / "samples")
    mapped = np.memmap(tmp_path / "samples", dtype=np.float32, mode="r")
    direct = recogniser.predict(tune, [(0, 3)], recogniser.statistics(tune, speech), speech)
    other = recogniser.predict(mapped, [(0, 3)], recogniser.statistics(mapped, speech), speech)
    assert np.allclose(direct[0].probabilities, other[0].probabilities, atol=1e-6)


def test_spans_at_the_very_end_or_without_speech_are_judged_too(
    recogniser: VoiceRecogniser, tune: np.ndarray, speech: np.ndarray
) -> None:
    spans = [(2.9, 3.0), (2.99, 3.5), (0.0, 0.001)]
    for judged in recogniser.predict(tune, spans, recogniser.statistics(tune, speech), speech):
        assert np.isfinite(judged.probabilities).all()
        assert len(judged.times) >= 1


def test_no_spans_give_no_answers(recogniser: VoiceRecogniser, tune: np.ndarray, speech: np.ndarray) -> None:
    assert recogniser.predict(tune, [], recogniser.statistics(tune, speech), speech) == []


def test_a_training_speaker_is_judged_only_by_networks_that_never_heard_them(recogniser: VoiceRecogniser) -> None:
    assert [each.fold for each in recogniser.unaware_of("ann")] == [0]
    assert [each.fold for each in recogniser.unaware_of("ben")] == [1, 1]
    assert len(recogniser.unaware_of("somebody else")) == 3
    assert len(recogniser.unaware_of(None)) == 3


def test_the_answer_is_the_mean_of_the_networks_calibrated_probabilities(
    recogniser: VoiceRecogniser, tune: np.ndarray, speech: np.ndarray
) -> None:
    """All contour networks have their say, each with the first pair's Attention-LSTM."""
    statistics = recogniser.statistics(tune, speech)
    single = [
        VoiceRecogniser([replace(each, model=recogniser.members[0].model)], {}, "one")
        .predict(tune, [(0, 3)], statistics, speech)[0]
        .probabilities
        for each in recogniser.members
    ]
    (judged,) = recogniser.predict(tune, [(0, 3)], statistics, speech)
    assert np.allclose(judged.probabilities, np.mean(single, axis=0), atol=1e-5)


def test_a_training_speaker_is_attended_to_by_the_network_that_never_heard_them(
    recogniser: VoiceRecogniser, tune: np.ndarray, speech: np.ndarray
) -> None:
    statistics = recogniser.statistics(tune, speech)
    (unheard,) = recogniser.predict(tune, [(0, 3)], statistics, speech, exclude_speaker="ben")
    own = VoiceRecogniser(recogniser.members[1:], {}, "two")
    (expected,) = own.predict(tune, [(0, 3)], statistics, speech)
    assert np.array_equal(unheard.weights, expected.weights)
    assert np.allclose(unheard.probabilities, expected.probabilities, atol=1e-6)


def test_statistics_of_another_recording_are_applied_to_this_one(
    recogniser: VoiceRecogniser, tune: np.ndarray, speech: np.ndarray
) -> None:
    """A recording is not mistaken for the one whose features the statistics hold."""
    other = tune[::-1].copy()
    held = recogniser.statistics(tune, speech)
    apart = replace(held, heard=())
    (found,) = recogniser.predict(other, [(0, 3)], held, speech)
    (expected,) = recogniser.predict(other, [(0, 3)], apart, speech)
    assert np.array_equal(found.probabilities, expected.probabilities)


def test_a_lone_short_utterance_is_standardised_by_the_training_set(recogniser: VoiceRecogniser) -> None:
    utterance = np.random.default_rng(5).standard_normal(SAMPLE_RATE).astype(np.float32) * 0.1
    (judged,) = recogniser.predict_utterances([utterance], own_statistics=False)
    assert judged.probabilities.sum() == pytest.approx(1, abs=1e-5)


def test_answers_for_too_little_speech_have_a_temperature_of_their_own(
    recogniser: VoiceRecogniser, tune: np.ndarray, speech: np.ndarray
) -> None:
    unsure = VoiceRecogniser([replace(each, fallback_temperature=1e4) for each in recogniser.members], {}, "unsure")
    little = recogniser.statistics(tune, speech)
    enough = replace(little, frames=int(MIN_OWN_SPEECH_S * 100))
    assert little.speech_s < MIN_OWN_SPEECH_S
    (guess,) = unsure.predict(tune, [(0, 3)], little, speech)
    assert not guess.own
    assert np.allclose(guess.probabilities, 1 / 7, atol=1e-3)
    (usual,), (same,) = (each.predict(tune, [(0, 3)], enough, speech) for each in (recogniser, unsure))
    assert same.own
    assert np.array_equal(usual.probabilities, same.probabilities)


def test_what_is_stored_and_read_back_answers_the_same(
    recogniser: VoiceRecogniser, tune: np.ndarray, speech: np.ndarray, tmp_path: Path
) -> None:
    tensors, described = pack(recogniser)
    weights.write("voice", tensors, described, tmp_path)
    loaded = VoiceRecogniser.load(tmp_path)
    assert loaded.version == "voice-test"
    assert loaded.fold_of == recogniser.fold_of
    statistics = recogniser.statistics(tune, speech)
    before, after = (each.predict(tune, [(0, 3)], statistics, speech)[0] for each in (recogniser, loaded))
    assert np.allclose(before.probabilities, after.probabilities, atol=1e-6)


def test_parts_that_do_not_fit_together_are_refused(recogniser: VoiceRecogniser, tmp_path: Path) -> None:
    tensors, described = pack(recogniser)
    del tensors["1.model.classify.weight"]
    weights.write("voice", tensors, described, tmp_path)
    with pytest.raises(RecognitionError) as raised:
        VoiceRecogniser.load(tmp_path)
    assert raised.value.code == "weights_damaged"


@given(first=st.integers(0, 500), count=st.integers(1, 60), group=st.integers(1, 6))
def test_frame_times_are_the_centres_of_the_averaged_frames(first: int, count: int, group: int) -> None:
    single = frame_times(first, first + count, 1)
    assert single[0] == pytest.approx(first * 0.01 + 0.0125)
    grouped = frame_times(first, first + count, group)
    assert np.allclose(grouped, [single[at : at + group].mean() for at in range(0, count, group)])


def test_the_callers_number_of_threads_stays(recogniser: VoiceRecogniser, tune: np.ndarray, speech: np.ndarray) -> None:
    before = torch.get_num_threads()
    recogniser.predict(tune, [(0, 3)], recogniser.statistics(tune, speech), speech)
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
    speech = speech_probabilities(real_speech)
    judged = shipped.predict(real_speech, [(0, 4), (4, 8)], shipped.statistics(real_speech, speech), speech)
    assert all(0.15 < each.probabilities.max() < 1 for each in judged)
