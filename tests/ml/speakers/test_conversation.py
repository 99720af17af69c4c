"""A conversation described from constructed turns and sound."""

import json

import numpy as np
import pytest
from hypothesis import given, settings

from ml.speakers.contour import Contour
from ml.speakers.conversation import FIGURES, Conversation, describe
from ml.turns import Speaker, SpeakerTurns, Turn
from tests.ml.speakers.test_turn_taking import conversations, stretch

SILENT = Contour(np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(0, bool))


def of(turns: list[Turn], student: int | None = None) -> SpeakerTurns:
    numbers = sorted({turn.speaker for turn in turns})
    speakers = tuple(Speaker(n, sum(t.seconds for t in turns if t.speaker == n)) for n in numbers)
    return SpeakerTurns(speakers, tuple(turns), student)


def sounding(turns: list[Turn], seconds: float, voices: dict[int, tuple[float, float, float]]) -> Contour:
    """A contour in which each voice has ``(pitch in Hz, level in dB, syllables a second)`` where it speaks."""
    time = np.arange(int(seconds * 100)) / 100
    level, pitch = np.full(len(time), -60.0), np.full(len(time), np.log2(100.0))
    voiced = np.zeros(len(time), bool)
    for turn in turns:
        hertz, db, rate = voices[turn.speaker]
        inside = (time >= turn.start_s) & (time < turn.end_s)
        level[inside] = db + 5 * np.sin(2 * np.pi * rate * (time[inside] - turn.start_s))
        pitch[inside] = np.log2(hertz)
        voiced |= inside
    return Contour(level.astype(np.float32), pitch.astype(np.float32), voiced)


def alternating(rounds: int = 8, length_s: float = 4.0, gap_s: float = 0.5) -> list[Turn]:
    """Two voices that speak in turn, the second twice as long."""
    turns, at = [], 0.0
    for _ in range(rounds):
        for speaker, seconds in ((1, length_s), (2, 2 * length_s)):
            turns.append(stretch(at, at + seconds, speaker))
            at += seconds + gap_s
    return turns


def test_numbers_of_a_conversation_made_to_measure():
    turns = alternating()
    conversation = describe(of(turns, student=2), SILENT, 120.0)
    first, second = conversation.voices
    assert (first.seconds, second.seconds, first.turns, second.turns) == (32, 64, 8, 8)
    assert first.figures["share"].value == pytest.approx(1 / 3)
    assert first.figures["turn_s"].value == pytest.approx(4)
    assert second.figures["latency_s"].value == pytest.approx(0.5)
    assert second.figures["latency_s"].n == 8 and first.figures["latency_s"].n == 7
    assert conversation.gap_s.value == pytest.approx(0.5)
    assert conversation.silent_s == pytest.approx(24)
    assert conversation.silent_share.value == pytest.approx(0.2)
    assert conversation.student == 2


def test_how_the_voices_sound():
    turns = alternating()
    contour = sounding(turns, 110, {1: (110.0, 0.0, 4.0), 2: (220.0, -6.0, 5.0)})
    low, high = describe(of(turns), contour, 110.0).voices
    assert low.figures["pitch_hz"].value == pytest.approx(110, rel=0.01)
    assert high.figures["pitch_hz"].value == pytest.approx(220, rel=0.01)
    assert low.figures["pitch_range_st"].value == pytest.approx(0, abs=0.1)
    assert low.figures["rate"].value == pytest.approx(4, rel=0.07)
    assert high.figures["rate"].value == pytest.approx(5, rel=0.07)
    assert low.figures["loudness_db"].value - high.figures["loudness_db"].value == pytest.approx(6, abs=0.3)


def test_a_fifth_of_wrong_octaves_moves_neither_the_pitch_nor_its_range():
    turns = alternating()
    contour = sounding(turns, 110, {1: (110.0, 0.0, 4.0), 2: (220.0, 0.0, 5.0)})
    contour.pitch[:] += np.linspace(-0.15, 0.15, 97)[np.arange(len(contour)) % 97].astype(np.float32)
    clean = describe(of(turns), contour, 110.0).voices[1].figures
    contour.pitch[::5] -= 1
    figures = describe(of(turns), contour, 110.0).voices[1].figures
    assert figures["pitch_hz"].value == pytest.approx(clean["pitch_hz"].value, rel=0.01)
    assert figures["pitch_range_st"].value == pytest.approx(clean["pitch_range_st"].value, rel=0.03)


def test_what_is_spoken_at_once_says_nothing_of_how_a_voice_sounds():
    turns = []
    for n in range(8):  # the second voice begins two seconds before the first ends
        turns += [stretch(12 * n, 12 * n + 5, 1), stretch(12 * n + 3, 12 * n + 11, 2)]
    contour = sounding(turns, 110, {1: (110.0, 0.0, 4.0), 2: (220.0, 20.0, 4.0)})
    figures = describe(of(turns), contour, 110.0).voices[0].figures
    assert figures["pitch_hz"].quartiles == (pytest.approx(110, rel=0.01), pytest.approx(110, rel=0.01))
    assert figures["loudness_db"].value < -15


def test_silence_gives_none_and_never_0():
    turns = [stretch(0, 3, 1), stretch(4, 6, 2)]
    for voice in describe(of(turns), SILENT, 10.0).voices:
        assert set(voice.figures) == set(FIGURES)
        assert all(figure is None for figure in voice.figures.values())


def test_nobody_told_apart_is_empty():
    assert describe(SpeakerTurns(), SILENT, 10.0) == Conversation()
    assert describe(SpeakerTurns(), SILENT, 10.0).as_dict() == {}


def test_one_voice_alone_has_no_share_no_answers_and_no_interruptions():
    turns = [stretch(10 * n, 10 * n + 8, 1) for n in range(10)]
    (voice,) = describe(of(turns), SILENT, 100.0).voices
    for name in ("share", "turn_s", "latency_s", "interrupting", "interrupted", "backchannels", "loudness_db"):
        assert voice.figures[name] is None
    assert voice.figures["pause_s"].value == pytest.approx(2)


def test_rates_are_per_ten_minutes_of_the_others_speech_with_the_interval_of_a_count():
    turns = []
    for n in range(12):  # voice 2 comes in half a second before the end of every turn of 10 s
        turns += [stretch(20 * n, 20 * n + 10, 1), stretch(20 * n + 9.5, 20 * n + 19, 2)]
    first, second = describe(of(turns), SILENT, 240.0).voices
    assert second.figures["interrupting"].value == pytest.approx(60)
    assert first.figures["interrupted"].value == pytest.approx(60)
    assert second.figures["interrupting"].n == 12 == first.figures["interrupted"].n
    assert second.figures["interrupting"].low < 40
    assert second.figures["interrupting"].high > 80
    assert first.figures["interrupting"].value == 0 < first.figures["interrupting"].high


def test_it_is_plain_json():
    turns = alternating()
    described = describe(of(turns, student=1), sounding(turns, 110, {1: (110, 0, 4), 2: (220, 0, 4)}), 110.0).as_dict()
    assert json.loads(json.dumps(described)) == described


@settings(max_examples=40)
@given(conversations(voices=3))
def test_shares_sum_to_one_and_what_is_spoken_at_once(turns):
    conversation = describe(of(turns), SILENT, 300.0)
    spoken = conversation.duration_s - conversation.silent_s
    alone = sum(voice.alone_s for voice in conversation.voices)
    assert alone + conversation.overlap_s == pytest.approx(spoken)
    assert sum(voice.seconds for voice in conversation.voices) >= spoken - 1e-6
    shares = [voice.figures["share"] for voice in conversation.voices]
    for voice, share in zip(conversation.voices, shares, strict=True):
        assert share is None or share.value == pytest.approx(voice.seconds / spoken)
    if all(shares):
        assert sum(share.value for share in shares) <= 1 + 2 * conversation.overlap_s / spoken + 1e-9


@settings(max_examples=40)
@given(conversations())
def test_exchanging_two_voices_exchanges_their_numbers(turns):
    swapped = [stretch(turn.start_s, turn.end_s, 3 - turn.speaker) for turn in turns]
    ends = {(turn.start_s, turn.end_s) for turn in turns}
    if len(ends) < len(turns):
        return  # two stretches that begin and end together: who has the floor is a toss-up
    one, other = describe(of(turns), SILENT, 300.0), describe(of(swapped), SILENT, 300.0)
    assert [v.figures for v in one.voices] == [v.figures for v in reversed(other.voices)]
    assert one.silent_share == other.silent_share and one.gap_s == other.gap_s


@settings(max_examples=40)
@given(conversations())
def test_every_interval_holds_its_number(turns):
    for voice in describe(of(turns), SILENT, 300.0).voices:
        for figure in voice.figures.values():
            assert figure is None or figure.low <= figure.value <= figure.high
