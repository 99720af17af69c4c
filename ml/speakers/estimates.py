"""Numbers with their uncertainty: 95 % intervals by resampling what a number was made of, or from a count."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import chi2

SEED = 2022
RESAMPLES = 500
FEWEST = 5
"""From fewer turns, pauses or answers than this no number is made."""
LEAST_EXPOSURE_S = 60.0
"""How often something happens is not said of less time than this."""
PER_S = 600.0
"""Rates are per ten minutes."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number, how sure it is, and what it rests on.

    Attributes:
        value: the number.
        low, high: ends of its 95 % interval; they hold the value.
        n: how many turns, pauses, answers or events it was made of.
        quartiles: where the middle half of those lies; None where that says nothing.
    """

    value: float
    low: float
    high: float
    n: int
    quartiles: tuple[float, float] | None = None

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "value": round(self.value, 4),
            "low": round(self.low, 4),
            "high": round(self.high, 4),
            "n": self.n,
            "quartiles": self.quartiles and [round(each, 4) for each in self.quartiles],
        }


def resampled(value: float, n: int, draw: Callable[[np.ndarray], np.ndarray], **more: Any) -> Estimate | None:
    """A number with its interval by the bootstrap; None where it is made of fewer than ``FEWEST``.

    Args:
        value: the number itself.
        n: how many things it was made of.
        draw: from how often each thing is in each resample, shape (RESAMPLES, n), to the number in each resample,
            shape (RESAMPLES,); nan where it cannot be said.
    """
    if n < FEWEST:
        return None
    weights = np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), size=RESAMPLES)
    values = draw(weights)
    low, high = np.nanquantile(values, [0.025, 0.975])
    return Estimate(value, min(float(low), value), max(float(high), value), n, **more)


def median_of(values: np.ndarray) -> Estimate | None:
    """The median of values, shape (n,), with their quartiles."""
    if len(values) < FEWEST:
        return None
    ordered = np.sort(values)
    lower, middle, upper = (float(each) for each in np.quantile(ordered, [0.25, 0.5, 0.75]))
    return resampled(middle, len(ordered), lambda weights: _medians(ordered, weights), quartiles=(lower, upper))


def _medians(ordered: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The median of each resample of values in their order."""
    reached = np.cumsum(weights, axis=1)
    n = weights.shape[1]
    low, high = (np.argmax(reached > place, axis=1) for place in ((n - 1) // 2, n // 2))
    return np.asarray((ordered[low] + ordered[high]) / 2)


def ratio_of(parts: np.ndarray, wholes: np.ndarray) -> Estimate | None:
    """The sum of parts over the sum of wholes, both of shape (n,) and resampled together; None where that is 0 / 0."""
    if not wholes.sum() > 0:
        return None

    def draw(weights: np.ndarray) -> np.ndarray:
        whole = weights @ wholes
        return np.where(whole > 0, weights @ parts / np.where(whole > 0, whole, 1), np.nan)

    return resampled(float(parts.sum() / wholes.sum()), len(parts), draw)


def rate_of(count: int, exposure_s: float) -> Estimate | None:
    """Events per ten minutes with the exact interval of a Poisson count (Garwood 1936); ``n`` is the count.

    None where there was less than a minute in which they could happen.
    """
    if exposure_s < LEAST_EXPOSURE_S:
        return None
    scale = PER_S / exposure_s
    low = float(chi2.ppf(0.025, 2 * count) / 2) if count else 0.0
    return Estimate(count * scale, low * scale, float(chi2.ppf(0.975, 2 * count + 2) / 2) * scale, count)
