"""Examples of a batch mixed in pairs, so that a network learns what lies between them (Zhang et al. 2018)."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class Mixup:
    """Who is mixed with whom, and by how much; the same for inputs, memories and targets of a batch.

    Attributes:
        share: of an example's own in the mixture, 0-1, shape (B,).
        partner: position of the other, int64, shape (B,).
    """

    share: Tensor
    partner: Tensor

    def __call__(self, part: Tensor) -> Tensor:
        """``share`` of every row of ``part``, shape (B, ...), and the rest of its partner's (their eq. 1)."""
        share = self.share.view(len(part), *(1,) * (part.ndim - 1))
        return torch.lerp(part[self.partner], part, share)
