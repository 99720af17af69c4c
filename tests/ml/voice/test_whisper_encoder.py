import numpy as np
import pytest
import torch

from ml.voice.framing import SAMPLE_RATE
from ml.voice.recogniser import load_encoder
from ml.voice.whisper_encoder import N_MELS, RANGE_DECADES, WIDTH, WhisperEncoder, log_mel


@pytest.fixture(scope="module")
def encoder() -> WhisperEncoder:
    return load_encoder()


def tone(hertz: float, seconds: float = 1.0) -> np.ndarray:
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    return (0.1 * np.sin(2 * np.pi * hertz * time)).astype(np.float32)


def test_the_input_has_a_column_every_ten_milliseconds_and_eight_decades_at_most() -> None:
    bands = log_mel(tone(440, 2.5))
    assert bands.shape == (N_MELS, 250)
    assert bands.max() - bands.min() <= RANGE_DECADES / 4 + 1e-6
    assert log_mel(np.zeros(0, np.float32)).shape == (N_MELS, 2)
    assert log_mel(tone(440, 0.175)).shape[1] % 2 == 0


def test_a_tone_lies_in_its_band() -> None:
    low, high = (int(log_mel(tone(hertz))[:, 50].argmax()) for hertz in (300, 3000))
    assert low < 15
    assert high > 45


def test_the_level_only_shifts_the_input() -> None:
    loud, quiet = log_mel(tone(440)), log_mel(tone(440) * np.float32(0.1))
    assert np.allclose(loud - quiet, 2 / 4, atol=1e-3)


def test_there_is_a_state_every_twenty_milliseconds_after_every_layer(encoder: WhisperEncoder) -> None:
    with torch.inference_mode():
        states = encoder.states(torch.from_numpy(log_mel(tone(200, 3)))[None])
    assert [tuple(each.shape) for each in states] == [(1, 150, WIDTH)] * 5
    assert all(torch.isfinite(each).all() for each in states)


def test_layers_that_are_not_asked_for_are_not_built(encoder: WhisperEncoder) -> None:
    assert len(encoder.layers) == 4


def test_a_layer_is_attention_and_feed_forward_around_the_states_that_enter_it(encoder: WhisperEncoder) -> None:
    """The same layer computed step by step from its published weights, one head after the other."""
    layer = encoder.layers[0]
    states = torch.randn(1, 6, WIDTH, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        normed = torch.nn.functional.layer_norm(
            states, (WIDTH,), layer.attention_norm.weight, layer.attention_norm.bias
        )
        query, key, value = (normed @ layer.joined.weight.T + layer.joined.bias).split(WIDTH, dim=2)
        heads = []
        for at in range(0, WIDTH, 64):
            part = slice(at, at + 64)
            weights = torch.softmax(query[..., part] @ key[..., part].transpose(1, 2) / 8, dim=2)
            heads.append(weights @ value[..., part])
        between = states + torch.cat(heads, dim=2) @ layer.out.weight.T + layer.out.bias
        expected = between + layer.narrow(torch.nn.functional.gelu(layer.widen(layer.feed_norm(between))))
        assert torch.allclose(layer(states), expected, atol=1e-4)
