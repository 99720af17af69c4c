"""Real recordings are written down, and nothing is invented where nobody speaks."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from ml.errors import Cancelled, RecognitionError
from ml.transcript.decoder import Decoder
from ml.transcript.results import Transcription
from ml.transcript.transcribe import STAGES, transcribe
from tests.ml.clips import make_clip
from tests.ml.voice.conftest import research_file
from tests.ml.voice.sounds import noise, tone

RATE = 16_000


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    return Decoder.load()


def plain(text: str) -> list[str]:
    return "".join(letter if letter.isalnum() or letter == "'" else " " for letter in text.lower()).split()


def melody() -> np.ndarray:
    return np.concatenate([tone(hertz, 0.4) for hertz in (262, 294, 330, 349, 392, 440, 494, 523) * 4])


def applause(seconds: float = 10, claps_per_s: int = 60) -> np.ndarray:
    """Many hands: bursts of noise that die away, at random times."""
    draws = np.random.default_rng(11)
    sound = np.zeros(int(seconds * RATE), np.float32)
    clap = np.exp(-np.arange(800) / 130)
    for start in draws.integers(0, len(sound) - 800, int(seconds * claps_per_s)):
        sound[start : start + 800] += draws.uniform(0.05, 0.3) * clap * draws.standard_normal(800)
    return sound


def hum() -> np.ndarray:
    """Mains hum and a fan."""
    return tone(50, 10, harmonics=6) + 0.3 * np.cumsum(noise(3, 10)).astype(np.float32) / 100


SOUNDS: dict[str, Callable[[], np.ndarray]] = {
    "silence": lambda: np.zeros(20 * RATE, np.float32),
    "hiss": lambda: noise(1, 20),
    "faint hiss": lambda: noise(2, 20) / 500,
    "hum": hum,
    "melody": melody,
    "applause": applause,
}


@pytest.mark.parametrize("name", SOUNDS)
def test_nothing_is_invented_where_nobody_speaks(name: str, decoder: Decoder, tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", SOUNDS[name](), RATE)
    result = transcribe(tmp_path / "a.wav", decoder)
    assert (result.text, result.language) == ("", "")


@pytest.mark.parametrize("name", SOUNDS)
def test_nor_is_it_where_speech_detection_is_fooled(
    name: str, decoder: Decoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ml.transcript.transcribe.speech_spans", lambda probabilities: [(0.0, 10.0)])
    soundfile.write(tmp_path / "a.wav", SOUNDS[name](), RATE)
    assert transcribe(tmp_path / "a.wav", decoder).text == ""


@pytest.mark.data
@pytest.mark.parametrize(
    "name",
    [
        "Hungarian_Dance_number_5_-_Allegro_in_F_sharp_minor_string_orchestra.hq.ogg",
        "Kevin_MacLeod_-_Vibe_Ace.hq.ogg",
        "Kevin_MacLeod_-_P_I_Tchaikovsky_Dance_of_the_Sugar_Plum_Fairy.hq.ogg",
        "sorohanro_-_solo-trumpet-06.hq.ogg",
        "456440__inspectorj__bird-whistling-robin-single-13.hq.ogg",
        "noise_freesound_573577.wav",
        "cafe_short.wav",
    ],
)
def test_nothing_is_invented_in_real_music_and_noise(name: str, decoder: Decoder) -> None:
    assert transcribe(research_file("separation", name), decoder).text == ""


@pytest.fixture(scope="module")
def speech(decoder: Decoder) -> Transcription:
    return transcribe(research_file("separation", "jfk.flac"), decoder)


@pytest.mark.data
def test_english_is_written_down_with_the_time_of_every_word(speech: Transcription) -> None:
    expected = (
        "and so my fellow americans ask not what your country can do for you ask what you can do for your country"
    )
    assert plain(speech.text) == plain(expected)
    assert (speech.language, speech.left_out_s) == ("en", 0)
    assert speech.language_probability > 0.9
    words = [word for sentence in speech.sentences for word in sentence.words]
    assert all(earlier.start_s <= later.start_s for earlier, later in pairwise(words))
    assert all(0 <= word.start_s <= word.end_s <= 11 and 0 <= word.probability <= 1 for word in words)
    (first_ask, second_ask) = (word.start_s for word in words if "ask" in word.text.lower())
    assert first_ask == pytest.approx(3.3, abs=0.5)
    assert second_ask == pytest.approx(8.1, abs=0.5)


@pytest.mark.data
def test_mandarin_is_written_down_character_by_character(decoder: Decoder) -> None:
    result = transcribe(research_file("talking", "mer2023", "sample_00000694.mp4"), decoder)
    assert result.language == "zh"
    assert "一個不讓我去" in result.text or "一个不让我去" in result.text
    assert max(len(word.text.strip()) for sentence in result.sentences for word in sentence.words) <= 2


@pytest.mark.data
def test_words_stand_at_their_time_when_speech_comes_late_and_after_a_long_pause(
    decoder: Decoder, tmp_path: Path
) -> None:
    samples, rate = soundfile.read(research_file("separation", "clean_freesound_33711.wav"), dtype="float32")
    pause = np.zeros(20 * rate, np.float32)
    soundfile.write(tmp_path / "a.wav", np.concatenate([pause, samples, pause, samples, pause]), rate)
    result = transcribe(tmp_path / "a.wav", decoder)
    length = len(samples) / rate
    starts = [word.start_s for each in result.sentences for word in each.words if "responsible" in word.text]
    assert len(starts) == 2
    assert starts[1] - starts[0] == pytest.approx(20 + length, abs=0.15)
    assert 20 < starts[0] < 20 + length
    heard = [word for each in result.sentences for word in each.words]
    assert not [word for word in heard if word.start_s < 20 or 20 + length + 0.5 < word.start_s < 40 + length]


@pytest.mark.data
def test_it_can_be_told_how_far_it_is_and_stopped(decoder: Decoder) -> None:
    told: list[tuple[str, float, float]] = []

    def stop(stage: str, completed: float, total: float) -> None:
        told.append((stage, completed, total))
        if stage == "language" and completed:
            raise Cancelled

    with pytest.raises(Cancelled):
        transcribe(research_file("separation", "jfk.flac"), decoder, stop)
    assert list(dict.fromkeys(stage for stage, _, _ in told)) == list(STAGES[:4])


def test_a_recording_without_sound_is_refused_with_its_code(decoder: Decoder, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", sound=None)
    with pytest.raises(RecognitionError, match="no_sound"):
        transcribe(clip, decoder)


@pytest.mark.data
def test_a_draft_that_is_not_believed_is_tried_in_halves_and_then_counted_as_left_out(
    decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[float] = []

    def never(draft: Any, piece: Any) -> bool:
        tried.append(piece.speech_s)
        return False

    monkeypatch.setattr("ml.transcript.transcribe.is_sound", never)
    result = transcribe(research_file("separation", "jfk.flac"), decoder)
    assert result.text == ""
    assert result.left_out_s == pytest.approx(result.speech_s)
    assert len(tried) > 1


def test_what_is_missing_for_writing_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecognitionError, match="encoder_missing"):
        Decoder.load(tmp_path)
