"""How far the numbers of a conversation can be trusted: do the intervals hold the truth as often as they say, and what
becomes of the numbers if some of the speech is given to the wrong voice? ADR 30 has the figures that this prints."""

import numpy as np
import pytest

from ml.speakers.conversation import describe
from ml.speakers.estimates import Estimate
from ml.turns import SpeakerTurns, Turn
from tests.ml.speakers.test_conversation import SILENT, of
from tests.ml.speakers.test_turn_taking import stretch

TEN_MINUTES, MANY = 600.0, 100


def drawn(seed: int, seconds: float) -> list[Turn]:
    """A conversation of two voices: turns of one to three stretches, answers around 0.4 and 0.1 s, "mm-hm" now and
    then."""
    chance = np.random.default_rng(seed)
    turns, at, speaker = [], chance.uniform(0, 3), 1
    while at < seconds - 3:
        for _ in range(chance.choice([1, 1, 2, 3])):
            length = 0.6 + chance.exponential(4.0 if speaker == 2 else 2.5)
            turns.append(stretch(at, at + length, speaker))
            at += length + 0.3 + chance.exponential(0.5)
        last = turns[-1]
        if chance.random() < 0.15:
            begins = last.start_s + 0.4 * last.seconds
            turns.append(stretch(begins, begins + min(0.5, 0.5 * last.seconds), 3 - speaker))
        at = max(last.start_s + 0.6, last.end_s + chance.normal(0.4 if speaker == 1 else 0.1, 0.5))
        speaker = 3 - speaker
    return [turn for turn in turns if turn.end_s <= seconds]


def figures(turns: list[Turn], seconds: float) -> dict[str, Estimate]:
    conversation = describe(of(turns), SILENT, seconds)
    own = conversation.voices[1].figures | {"silent_share": conversation.silent_share, "gap_s": conversation.gap_s}
    return {name: figure for name, figure in own.items() if figure is not None}


@pytest.fixture(scope="module")
def truth() -> dict[str, float]:
    """The same of many hours."""
    return {name: figure.value for name, figure in figures(drawn(0, 40_000.0), 40_000.0).items()}


def test_intervals_hold_the_truth_about_as_often_as_they_say(truth):
    held = {name: [] for name in truth}
    for seed in range(1, MANY + 1):
        for name, figure in figures(drawn(seed, TEN_MINUTES), TEN_MINUTES).items():
            held[name].append(figure.low <= truth[name] <= figure.high)
    print({name: f"{np.mean(each):.2f} of {len(each)}" for name, each in held.items()})
    for name, each in held.items():
        assert len(each) > MANY / 2 and np.mean(each) > 0.86, name


def test_speech_given_to_the_wrong_voice_moves_the_numbers_little(truth):
    """8 % of the speech to the wrong voice, ends off by a tenth of a second (standard deviation)."""
    moved = {name: [] for name in truth}
    for seed in range(1, 31):
        turns = drawn(seed, 3 * TEN_MINUTES)
        before = figures(turns, 3 * TEN_MINUTES)
        after = figures(confused(turns, 0.08, np.random.default_rng(seed)), 3 * TEN_MINUTES)
        for name in before.keys() & after.keys():
            moved[name].append(after[name].value - before[name].value)
    print({name: f"{np.mean(each):+.3f} from {truth[name]:.2f}" for name, each in moved.items()})
    assert abs(np.mean(moved["share"])) < 0.03
    assert abs(np.mean(moved["latency_s"])) < 0.08
    assert abs(np.mean(moved["silent_share"])) < 0.01


def confused(turns: list[Turn], part: float, chance: np.random.Generator) -> list[Turn]:
    """Whole stretches, up to this part of the speech, given to the other voice; every end moved a little."""
    total, wrong, given_away = sum(turn.seconds for turn in turns), 0.0, set()
    for number in chance.permutation(len(turns)):
        if wrong + turns[number].seconds <= part * total:
            wrong += turns[number].seconds
            given_away.add(number)
    moved = []
    for number, turn in enumerate(turns):
        start = max(0.0, turn.start_s + chance.normal(0, 0.1))
        end = max(start + 0.1, turn.end_s + chance.normal(0, 0.1))
        moved.append(stretch(start, end, 3 - turn.speaker if number in given_away else turn.speaker))
    return moved


def test_a_share_of_nobody_else_is_none():
    assert describe(SpeakerTurns((), (stretch(0, 5, 1),)), SILENT, 9.0).voices[0].figures["share"] is None
