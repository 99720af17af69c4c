"""Who has a channel to themselves, from the power of two channels."""

import numpy as np
import pytest

from ml.speakers.channels import ChannelMeter, channel_turns

QUIET = 1e-7


def powers(*lines: str, bleed_db: float = -30.0) -> np.ndarray:
    """One line per channel, one sign per half second: # speaks."""
    own = np.repeat(np.array([[sign == "#" for sign in line] for line in lines]).T, 5, axis=0).astype(float) * 0.01
    return own + own[:, ::-1] * 10 ** (bleed_db / 10) + QUIET


def speech(*lines: str) -> np.ndarray:
    return np.repeat(np.array([[sign == "#" for sign in line] for line in lines]).any(axis=0), 5)


TALK = ("####....####......", "....####....##....")


def test_one_left_and_one_right_are_two_people_with_their_channels() -> None:
    found = channel_turns(powers(*TALK), speech(*TALK))
    assert found is not None
    assert found.several
    assert [(s.number, s.channel) for s in found.speakers] == [(1, 1), (2, 2)]
    assert [(round(t.start_s), round(t.end_s), t.speaker) for t in found.turns] == [
        (0, 2, 1),
        (2, 4, 2),
        (4, 6, 1),
        (6, 7, 2),
    ]


def test_a_microphone_with_less_gain_changes_nothing() -> None:
    uneven = powers(*TALK) * np.array([1.0, 0.02])
    found = channel_turns(uneven, speech(*TALK))
    assert found is not None
    assert [t.speaker for t in found.turns] == [1, 2, 1, 2]


def test_speaking_at_once_is_in_both_turns() -> None:
    lines = ("######....######....", "....######..........")
    found = channel_turns(powers(*lines), speech(*lines))
    assert found is not None
    first, second = found.turns[:2]
    assert first.end_s > second.start_s + 0.5


@pytest.mark.parametrize(
    ("name", "bleed_db"), [("mono in both channels", 0.0), ("one room, a little left and right", -4.0)]
)
def test_a_room_in_stereo_is_not_two_channels_of_people(name: str, bleed_db: float) -> None:
    assert channel_turns(powers(*TALK, bleed_db=bleed_db), speech(*TALK)) is None, name


def test_one_channel_alone_or_silence_says_nothing() -> None:
    assert channel_turns(powers("####", "...."), speech("####", "....")) is None
    assert channel_turns(np.zeros((0, 2)), np.zeros(10, dtype=bool)) is None
    assert channel_turns(np.zeros((20, 2)), np.ones(20, dtype=bool)) is None


def test_power_is_measured_per_cell_however_the_blocks_fall() -> None:
    draws = np.random.default_rng(0).normal(size=(44_100, 2)).astype(np.float32)
    whole, parts = ChannelMeter(44_100), ChannelMeter(44_100)
    whole.add(draws)
    for at in range(0, len(draws), 1_237):
        parts.add(draws[at : at + 1_237])
    np.testing.assert_allclose(whole.powers(), parts.powers(), rtol=1e-5)
    assert whole.powers().shape == (10, 2)
