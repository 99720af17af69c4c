"""Mixed pairs."""

import torch

from ml.training.mixup import Mixup


def test_every_row_becomes_its_share_of_its_own_and_the_rest_of_its_partners() -> None:
    mix = Mixup(torch.tensor([0.25, 1.0]), torch.tensor([1, 0]))
    assert torch.equal(mix(torch.tensor([[8.0, 0.0], [0.0, 4.0]])), torch.tensor([[2.0, 3.0], [0.0, 4.0]]))
    pictures = torch.arange(16.0).view(2, 2, 2, 2)
    assert torch.equal(mix(pictures)[0], 0.25 * pictures[0] + 0.75 * pictures[1])


def test_mixed_targets_of_whole_classes_are_what_their_formula_says_to_the_last_bit() -> None:
    torch.manual_seed(1)
    share, partner = torch.rand(5_000), torch.randperm(5_000)
    targets = torch.nn.functional.one_hot(torch.randint(0, 7, (5_000,)), 7).float()
    mixed = Mixup(share, partner)(targets)
    assert torch.equal(mixed, share[:, None] * targets + (1 - share[:, None]) * targets[partner])
