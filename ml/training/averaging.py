"""Running averages of a network's weights, which are steadier than the weights of any one step."""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

WARM_UP = 10
"""Updates after which an average that warms up keeps half of itself."""


def running_average(network: nn.Module, decay: float, *, warm_up: bool = False, buffers: bool = False) -> AveragedModel:
    """An average whose first ``update_parameters`` copies a network, and every further one moves it towards that.

    Args:
        network: whose form the average has; it is copied.
        decay: share of itself that the average keeps in an update.
        warm_up: at its n-th move the average keeps at most n / (n + ``WARM_UP``) of itself, so that it soon forgets
            the weights it began with.
        buffers: average the buffers too, except for counters; otherwise they are always the network's latest.
    """

    def move(average: Sequence[Tensor], latest: Sequence[Tensor], updates: Tensor | int) -> None:
        share = decay
        if warm_up:
            share = min(decay, int(updates) / (int(updates) + WARM_UP))
        for own, new in zip(average, latest, strict=True):
            if own.is_floating_point():
                own.lerp_(new, 1 - share)
            else:
                own.copy_(new)

    return AveragedModel(network, multi_avg_fn=move, use_buffers=buffers)
