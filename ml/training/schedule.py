"""Learning rates over a run, as factors: each follows from the step alone, so resuming needs no schedule's state."""

import math


def half_cosine(position: float, total: float = 1.0) -> float:
    """Factor on the learning rate that falls from 1 to 0 along half a cosine (Loshchilov and Hutter 2017, eq. 5)."""
    return (1 + math.cos(math.pi * position / total)) / 2


def rate(step: int, steps: int) -> float:
    """Factor on the learning rate: up over the first tenth of all steps, then down along a half cosine."""
    warm = max(1, steps // 10)
    if step < warm:
        return (step + 1) / warm
    return half_cosine(step - warm, max(1, steps - warm))
