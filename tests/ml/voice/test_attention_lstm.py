import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.voice.attention_gate import attention_gate_scan
from ml.voice.attention_lstm import Architecture, AttentionGateLSTM, AttentionLSTM, attention_weights, reversal

SMALL = Architecture(inputs=10, embedding=8, hidden=6, attention=5, steps=3, decoder=7)


def network(seed: int = 0, **changes: int) -> AttentionLSTM:
    torch.manual_seed(seed)
    return AttentionLSTM(Architecture(**{**SMALL.as_dict(), **changes})).eval()  # type: ignore[arg-type]


def parts(time: int, batch: int, size: int, dtype: torch.dtype = torch.float64) -> list[torch.Tensor]:
    shapes = [(time, 2, batch, 3 * size), (2, size, 3 * size), (2, size, size), (2, size, size), (2, 1, size)]
    return [torch.randn(*shape, dtype=dtype) for shape in shapes]


def cell_by_the_equations(projected, recurrent, from_cell, to_gate, bias):  # type: ignore[no-untyped-def]
    """The cell one time step and one direction at a time, straight from the docstring's equations."""
    time, directions, batch, _ = projected.shape
    size = recurrent.shape[1]
    states = torch.zeros(time, directions, batch, size, dtype=projected.dtype)
    gates = torch.zeros_like(states)
    for d in range(directions):
        h = c = torch.zeros(batch, size, dtype=projected.dtype)
        for t in range(time):
            z = projected[t, d] + h @ recurrent[d]
            a = torch.sigmoid(torch.tanh(z[:, :size] + c @ from_cell[d]) @ to_gate[d] + bias[d])
            c = a * c + (1 - a) * torch.tanh(z[:, size : 2 * size])
            h = torch.sigmoid(z[:, 2 * size :]) * torch.tanh(c)
            states[t, d], gates[t, d] = h, a
    return states, gates


def test_the_scan_follows_the_cells_equations() -> None:
    torch.manual_seed(1)
    given_parts = parts(9, 4, 5)
    states, gates = attention_gate_scan(*given_parts)
    expected_states, expected_gates = cell_by_the_equations(*given_parts)
    assert torch.allclose(states, expected_states, atol=1e-12)
    assert torch.allclose(gates, expected_gates, atol=1e-12)


def test_the_written_out_gradient_is_the_numerical_one() -> None:
    torch.manual_seed(2)
    inputs = [part.requires_grad_() for part in parts(4, 3, 3)]
    assert torch.autograd.gradcheck(lambda *values: attention_gate_scan(*values)[0], inputs)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), scale=st.floats(0.1, 20))
def test_the_attention_gate_lies_between_nought_and_one(seed: int, scale: float) -> None:
    torch.manual_seed(seed)
    layer = AttentionGateLSTM(10, 6)
    frames = torch.randn(2, 7, 10) * scale
    _, gates = layer(frames, reversal(torch.tensor([7, 4]), 7))
    assert gates.min() >= 0
    assert gates.max() <= 1


def test_an_open_gate_keeps_the_cell_and_a_shut_one_replaces_it() -> None:
    torch.manual_seed(3)
    projected, recurrent, from_cell, to_gate, bias = parts(5, 1, 4)
    kept, _ = attention_gate_scan(projected, recurrent, from_cell, to_gate, torch.full_like(bias, 1e3))
    assert torch.allclose(kept, torch.zeros_like(kept), atol=1e-9)  # the cell starts at 0 and stays there
    replaced, _ = attention_gate_scan(projected, recurrent, from_cell, to_gate, torch.full_like(bias, -1e3))
    candidate = torch.tanh(projected[0, :, :, 4:8])
    assert torch.allclose(replaced[0], torch.sigmoid(projected[0, :, :, 8:]) * torch.tanh(candidate))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=5), st.integers(0, 1000))
def test_attention_weights_of_a_row_sum_to_one_and_vanish_on_padding(lengths: list[int], seed: int) -> None:
    torch.manual_seed(seed)
    frames = torch.randn(len(lengths), max(lengths), 10)
    with torch.inference_mode():
        logits, weights = network()(frames, torch.tensor(lengths))
    assert logits.shape == (len(lengths), 7)
    assert torch.allclose(weights.sum(dim=1), torch.ones(len(lengths)), atol=1e-5)
    assert (weights >= 0).all()
    for row, length in enumerate(lengths):
        assert torch.all(weights[row, length:] == 0)


def test_attention_weights_are_the_softmax_of_the_scores() -> None:
    scores = torch.tensor([[1.0, 2.0, 3.0, 9.0]])
    weights = attention_weights(scores, torch.tensor([[True, True, True, False]]))
    expected = torch.exp(scores[0, :3]) / torch.exp(scores[0, :3]).sum()
    assert torch.allclose(weights[0, :3], expected)
    assert weights[0, 3] == 0


@settings(max_examples=30, deadline=None)
@given(length=st.integers(1, 15), padding=st.integers(0, 20), layers=st.integers(1, 2))
def test_padding_does_not_change_the_result(length: int, padding: int, layers: int) -> None:
    model = network(layers=layers)
    torch.manual_seed(length)
    frames = torch.randn(1, length, 10)
    padded = torch.cat([frames, torch.randn(1, padding, 10) * 100], dim=1)
    with torch.inference_mode():
        logits, weights = model(frames, torch.tensor([length]))
        padded_logits, padded_weights = model(padded, torch.tensor([length]))
    # Batches of another shape are summed in another order: float32's rounding, 3e-8 at most where it was measured.
    assert torch.allclose(logits, padded_logits, atol=1e-5)
    assert torch.allclose(weights, padded_weights[:, :length], atol=1e-5)


def test_a_row_does_not_see_its_neighbours() -> None:
    model = network()
    torch.manual_seed(4)
    frames = torch.randn(3, 6, 10)
    lengths = torch.tensor([6, 3, 5])
    with torch.inference_mode():
        together = model(frames, lengths)[0]
        alone = [model(frames[row : row + 1], lengths[row : row + 1])[0][0] for row in range(3)]
    assert torch.allclose(together, torch.stack(alone), atol=1e-5)


def test_reversal_turns_the_valid_part_and_leaves_the_padding() -> None:
    assert reversal(torch.tensor([3, 1]), 4).tolist() == [[2, 1, 0, 3], [0, 1, 2, 3]]


@pytest.mark.parametrize(
    "name", ["encoder.0.to_gate", "encoder.0.from_cell", "score_state.weight", "decoder.weight_ih"]
)
def test_every_part_of_the_network_learns(name: str) -> None:
    model = network().train()
    torch.manual_seed(5)
    logits, _ = model(torch.randn(4, 8, 10), torch.tensor([8, 8, 5, 2]))
    torch.nn.functional.cross_entropy(logits, torch.tensor([0, 1, 2, 3])).backward()
    gradient = dict(model.named_parameters())[name].grad
    assert gradient is not None
    assert gradient.abs().sum() > 0
