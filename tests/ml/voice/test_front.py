"""The way of a recording's sound to its separated voice: its level, its channels, and what separation leaves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.level import TARGET_LEVEL, LevelMeter
from ml.voice.activity import WINDOW_SAMPLES
from ml.voice.framing import SAMPLE_RATE
from ml.voice.front import SoundFront, _CellPower, cell_speech

RATE = 44_100
SECONDS = 4


def sound(level: float = 0.1, channels: tuple[float, float] = (1, 1)) -> np.ndarray:
    draws = np.random.default_rng(0).standard_normal((SECONDS * RATE, 1))
    return (level * draws * np.array(channels)).astype(np.float32)


def front(recorded: np.ndarray, kept_db: float = 0.0) -> tuple[SoundFront, np.ndarray, np.ndarray]:
    """A front through which a recording has gone, of which separation kept so much; what it prepared, what came out."""
    meter = LevelMeter(RATE)
    meter.add(recorded)
    meter.finish()
    found = SoundFront(meter, RATE)
    prepared = list(found.prepared(np.array_split(recorded, 7)))
    mixed = [found.mixed(block * np.float32(10 ** (kept_db / 20))) for block in prepared]
    return found, np.concatenate(prepared), np.concatenate(mixed)


def heard(probability: float) -> np.ndarray:
    return np.full(SECONDS * SAMPLE_RATE // WINDOW_SAMPLES, probability, np.float32)


@pytest.mark.parametrize("level", [3.0, 0.1, 0.001, 0.00003])
def test_every_recording_comes_to_the_same_level(level: float) -> None:
    _, prepared, mixed = front(sound(level))
    _, expected, _ = front(sound())
    assert np.sqrt(np.square(prepared).mean()) == pytest.approx(TARGET_LEVEL, rel=0.01)
    np.testing.assert_allclose(prepared, expected, atol=1e-5)
    np.testing.assert_allclose(mixed, expected[:, 0], atol=1e-5)


@pytest.mark.parametrize(("channels", "dead"), [((1, 0), True), ((0, 1), True), ((1, 0.01), True), ((1, 0.3), False)])
def test_the_live_channel_stands_in_for_a_dead_one(channels: tuple[float, float], dead: bool) -> None:
    found, prepared, mixed = front(sound(channels=channels))
    assert found.dead_channel is dead
    assert (prepared[:, 0] == prepared[:, 1]).all() == dead
    if dead:
        assert np.sqrt(np.square(mixed).mean()) == pytest.approx(TARGET_LEVEL, rel=0.01)


def test_antiphase_is_turned_and_told() -> None:
    found, _, mixed = front(sound(channels=(1, -1)))
    assert found.turned_share == 1
    assert np.sqrt(np.square(mixed).mean()) == pytest.approx(TARGET_LEVEL, rel=0.01)


@pytest.mark.parametrize(
    ("kept_db", "probability", "expected"),
    [
        (0.0, 0.99, None),
        (-4.5, 0.95, None),
        (-7.5, 0.95, None),
        (-10.0, 0.95, "music"),
        (-25.0, 0.99, "music"),
        (-3.0, 0.8, "music"),
        (-0.5, 0.7, None),
    ],
)
def test_what_separation_leaves_of_music_is_no_voice(kept_db: float, probability: float, expected: str | None) -> None:
    found, _, _ = front(sound(), kept_db)
    assert found.objection(heard(probability), 0, SECONDS, has_speech=True) == expected


@pytest.mark.parametrize(("unsure", "expected"), [(1, "music"), (0, None)])
def test_where_much_is_music_for_certain_what_is_accompanied_is_sung_as_well(unsure: int, expected: str | None) -> None:
    """Four stretches, one or none of which has too little certainty for a voice with something else beside it."""
    whole = np.concatenate([sound()] * 4)
    speech = np.concatenate([heard(0.7 if number < unsure else 0.95) for number in range(4)])
    spans = [(float(number * SECONDS), float((number + 1) * SECONDS)) for number in range(4)]
    accompanied, clear = front(whole, -3.0)[0], front(whole, -0.5)[0]
    assert accompanied.objections(speech, spans, [True] * 4)[3] == expected
    assert clear.objections(speech, spans, [True] * 4) == [None] * 4


@given(st.lists(st.integers(0, 9000), min_size=1, max_size=12))
def test_power_is_the_same_however_the_sound_is_cut(sizes: list[int]) -> None:
    whole = np.random.default_rng(1).standard_normal((sum(sizes), 2)).astype(np.float32)
    once, cut = _CellPower(44_100), _CellPower(44_100)
    once.add(whole)
    for block in np.split(whole, np.cumsum(sizes)[:-1]):
        cut.add(block)
    assert cut.between(0, 9).shape == once.between(0, 9).shape
    # Float32 sums of up to 4,410 samples in another order.
    assert np.allclose(cut.between(0, 9), once.between(0, 9), rtol=1e-4)


def test_where_no_speech_was_found_music_is_named_and_silence_is_not() -> None:
    assert front(sound(), -20)[0].objection(heard(0.1), 0, SECONDS, has_speech=False) == "music"
    assert front(sound(), 0)[0].objection(heard(0.1), 0, SECONDS, has_speech=False) is None
    quiet_end = np.concatenate([sound(), 0.01 * sound()])
    assert front(quiet_end, -20)[0].objection(heard(0.1), SECONDS, 2 * SECONDS, has_speech=False) is None


def test_a_voice_lost_in_rounding_is_too_quiet() -> None:
    assert front(sound(0.0003))[0].objection(heard(0.99), 0, SECONDS, has_speech=True) is None
    assert front(sound(0.00003))[0].objection(heard(0.99), 0, SECONDS, has_speech=True) == "too_quiet"


def test_a_stretch_beyond_the_sound_is_no_objection() -> None:
    assert front(sound())[0].objection(heard(0.99), 100, 104, has_speech=True) is None
    assert front(sound())[0].objection(heard(0.99), 100, 104, has_speech=False) is None


def test_cells_with_speech() -> None:
    speech = np.zeros(125, np.float32)
    speech[SAMPLE_RATE // WINDOW_SAMPLES :] = 1
    assert not cell_speech(speech, 0, 0.9).any()
    assert cell_speech(speech, 1.1, 3.9).all()
    assert not cell_speech(speech, 4.1, 9).any()
    assert cell_speech(np.zeros(0, np.float32), 0, 1).tolist() == [False] * 10
