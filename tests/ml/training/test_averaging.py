"""Averaged weights, held against their definition written out."""

import copy
from collections.abc import Iterator

import pytest
import torch
from torch import nn

from ml.training.averaging import running_average


def learning(network: nn.Module, steps: int) -> Iterator[int]:
    """Steps in which the network's weights and its batch normalisation move."""
    torch.manual_seed(3)
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.1)
    for step in range(steps):
        optimiser.zero_grad()
        network(torch.randn(8, 4)).square().mean().backward()
        optimiser.step()
        yield step


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 5), nn.BatchNorm1d(5), nn.Linear(5, 2))


def test_an_average_that_warms_up_is_that_of_its_definition_to_the_last_bit(network: nn.Module) -> None:
    expected = copy.deepcopy(network)
    average = running_average(network, 0.6, warm_up=True)
    average.update_parameters(network)
    for step in learning(network, 30):
        kept = min(0.6, (step + 1) / (step + 11))
        with torch.no_grad():
            for own, latest in zip(expected.parameters(), network.parameters(), strict=True):
                own.lerp_(latest, 1 - kept)
            for own, latest in zip(expected.buffers(), network.buffers(), strict=True):
                own.copy_(latest)
        average.update_parameters(network)
    assert_equal(average.module, expected.state_dict())
    assert not torch.equal(average.module.state_dict()["0.weight"], network.state_dict()["0.weight"])


def test_an_average_with_buffers_is_that_of_its_definition_to_the_last_bit(network: nn.Module) -> None:
    expected: dict[str, torch.Tensor] = {}
    average = running_average(network, 0.9, buffers=True)
    for step in learning(network, 20):
        if step < 10:
            continue
        for name, value in network.state_dict().items():
            if value.is_floating_point() and name in expected:
                expected[name].lerp_(value, 1 - 0.9)
            else:
                expected[name] = value.clone()
        average.update_parameters(network)
    assert_equal(average.module, expected)
    assert average.module.state_dict()["1.num_batches_tracked"] == 20


def test_a_taken_up_average_goes_on_as_if_it_had_never_stopped(network: nn.Module) -> None:
    whole = running_average(network, 0.99, warm_up=True)
    whole.update_parameters(network)
    taken_up = None
    for step in learning(network, 12):
        if step == 5:
            taken_up = running_average(network, 0.99, warm_up=True)
            taken_up.module.load_state_dict(whole.module.state_dict())
            taken_up.n_averaged += 6
        whole.update_parameters(network)
        if taken_up is not None:
            taken_up.update_parameters(network)
    assert taken_up is not None
    assert_equal(taken_up.module, whole.module.state_dict())


def assert_equal(found: nn.Module, expected: dict[str, torch.Tensor]) -> None:
    state = found.state_dict()
    assert state.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(state[name], value), name
