"""Contours of a stretch of speech: how each feature lies, strays, rises and falls over its time, and a network on them.

The paper's memory (eq. 5) is a weighted mean of learned features. Of little speech by few people, plain functionals of
the frames, the base of classical emotion recognition, teach a network more; so both judge and their answers are
averaged (``ml.voice.recogniser``, docs/adr/0009).
"""

from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ml.emotions import EMOTIONS
from ml.voice.features import N_FEATURES

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
THIRDS = 3
LOCATED = slice(0, 1 + len(QUANTILES) + THIRDS)
"""Functionals in units of the feature: mean, quantiles, means of the first, middle and last third."""
SCALED = slice(LOCATED.stop, LOCATED.stop + 4)
"""Functionals in units of its deviation: deviation, slope, bend, mean absolute step from frame to frame."""
SHAPED = slice(SCALED.stop, SCALED.stop + 2)
"""Functionals without unit: skewness and the logarithm of the kurtosis."""
FUNCTIONALS = SHAPED.stop

LIMIT = 5.0
"""Standardised contours are bounded by this, so that one odd stretch of speech does not drown the rest."""
_LEAST_DEVIATION = 1e-3


def contours(frames: np.ndarray) -> np.ndarray:
    """Functionals of every feature over a stretch of speech.

    Slope and bend are the regression coefficients on time and on the second Legendre polynomial of time, time running
    from -1 to 1 over the stretch.

    Args:
        frames: shape (T, F), T at least 1.

    Returns:
        float32, shape (FUNCTIONALS, F), in the order of ``LOCATED``, ``SCALED``, ``SHAPED``.
    """
    count = len(frames)
    time = np.linspace(-1, 1, count)[:, None] if count > 1 else np.zeros((1, 1))
    bow = (3 * time**2 - 1) / 2
    bow = bow - bow.mean()
    mean, deviation = frames.mean(axis=0), frames.std(axis=0)
    strayed = (frames - mean) / (deviation + _LEAST_DEVIATION)
    cubed = strayed**3
    thirds = np.array_split(frames, THIRDS) if count >= THIRDS else [frames] * THIRDS
    rows = [
        mean,
        *np.quantile(frames, QUANTILES, axis=0),
        *(third.mean(axis=0) for third in thirds),
        deviation,
        (frames * time).mean(axis=0) / max((time**2).mean(), _LEAST_DEVIATION),
        (frames * bow).mean(axis=0) / max((bow**2).mean(), _LEAST_DEVIATION),
        np.abs(np.diff(frames, axis=0)).mean(axis=0) if count > 1 else np.zeros_like(mean),
        cubed.mean(axis=0),
        np.log((cubed * strayed).mean(axis=0) + 0.1),
    ]
    return np.stack(rows).astype(np.float32)


def standardise(raw: np.ndarray, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """The contours of ``(frames - mean) / std`` from those of ``frames``.

    Args:
        raw: shape (..., FUNCTIONALS, F).
        mean, std: per feature, shape (F,).
    """
    found = raw.copy()
    found[..., LOCATED, :] = (raw[..., LOCATED, :] - mean) / std
    found[..., SCALED, :] = raw[..., SCALED, :] / std
    return found


@dataclass(frozen=True, slots=True)
class ContourSizes:
    """Sizes of the network; stored with the weights.

    Attributes:
        inputs: features per frame.
        hidden: units of its one hidden layer.
        dropout: share of contours, and of hidden units, zeroed in training.
    """

    inputs: int = N_FEATURES
    hidden: int = 160
    dropout: float = 0.5

    def as_dict(self) -> dict[str, int | float]:
        """Plain values, ready for JSON."""
        return asdict(self)


class ContourNetwork(nn.Module):
    """Seven-class classifier of a stretch of speech by its contours."""

    def __init__(self, sizes: ContourSizes | None = None) -> None:
        super().__init__()
        self.sizes = sizes = sizes or ContourSizes()
        inputs = FUNCTIONALS * sizes.inputs
        self.scale = nn.BatchNorm1d(inputs, affine=False)
        self.dropout = nn.Dropout(sizes.dropout)
        self.hidden = nn.Sequential(nn.Linear(inputs, sizes.hidden), nn.BatchNorm1d(sizes.hidden), nn.ReLU())
        self.classify = nn.Linear(sizes.hidden, len(EMOTIONS))

    def forward(self, found: Tensor, mixed: tuple[Tensor, Tensor] | None = None) -> Tensor:
        """Classify a batch.

        Args:
            found: standardised contours, shape (B, FUNCTIONALS, inputs).
            mixed: in training, (share, partner), both of shape (B,): every row becomes ``share`` of its own and the
                rest of its partner's.

        Returns:
            Logits of shape (B, 7).
        """
        scaled = self.scale(torch.flatten(found, 1)).clamp(-LIMIT, LIMIT)
        if mixed is not None:
            share, partner = mixed
            scaled = share.unsqueeze(1) * scaled + (1 - share).unsqueeze(1) * scaled[partner]
        logits: Tensor = self.classify(self.dropout(self.hidden(self.dropout(scaled))))
        return logits
