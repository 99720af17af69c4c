"""Two channels become one without cancelling each other."""

import numpy as np
import pytest

from ml.voice.mixing import MonoMix

RATE = 8_000


def voice(seconds: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(int(seconds * RATE)).astype(np.float32)


def mixed(stereo: np.ndarray, block: int = 5_000) -> tuple[np.ndarray, MonoMix]:
    mix = MonoMix(RATE)
    return np.concatenate([mix.mixed(stereo[at : at + block]) for at in range(0, len(stereo), block)]), mix


def level(samples: np.ndarray) -> float:
    return float(np.sqrt(np.square(samples).mean()))


def test_channels_that_agree_are_averaged() -> None:
    left, right = voice(3), voice(3) + 0.3 * voice(3, 1)
    found, mix = mixed(np.stack([left, right], axis=1))
    np.testing.assert_allclose(found, (left + right) / 2, atol=1e-6)
    assert mix.turned_share == 0


@pytest.mark.parametrize("share", [1.0, 0.3])
def test_channels_in_antiphase_do_not_cancel(share: float) -> None:
    left = voice(3)
    found, mix = mixed(np.stack([left, -share * left], axis=1))
    np.testing.assert_allclose(found[RATE // 10 :], (1 + share) / 2 * left[RATE // 10 :], atol=1e-6)
    assert mix.turned_share == 1


def test_two_speakers_one_in_each_channel_are_both_kept() -> None:
    left, right = voice(3), voice(3, 1)
    found, mix = mixed(np.stack([left, right], axis=1))
    np.testing.assert_allclose(found, (left + right) / 2, atol=1e-6)
    assert mix.turned_share == 0


def test_a_cable_that_is_swapped_in_the_middle_is_followed_without_a_click() -> None:
    left = voice(60)
    right = left * np.where(np.arange(len(left)) < 30 * RATE, 1, -1).astype(np.float32)
    found, mix = mixed(np.stack([left, right], axis=1))
    assert level(found[: 30 * RATE]) == pytest.approx(level(left), rel=0.1)
    assert level(found[42 * RATE :]) == pytest.approx(level(left), rel=0.1)
    assert 0.2 < mix.turned_share < 0.5


def test_silence_decides_nothing_and_nothing_gives_nothing() -> None:
    found, mix = mixed(np.zeros((2 * RATE, 2), np.float32))
    assert not found.any()
    assert mix.turned_share == 0
    assert MonoMix(RATE).mixed(np.zeros((0, 2), np.float32)).shape == (0,)
