"""Contours of a stretch of speech: how each feature lies, strays, rises and falls over its time, and a network on them.

Of the many states of the speaker encoder (``ml.voice.speaker_encoder``), mean and deviation alone are taken.

The paper's memory (eq. 5) is a weighted mean of learned features. Of little speech by few people, plain functionals of
the frames, the base of classical emotion recognition, teach a network more; so both judge and their answers are
averaged (``ml.voice.recogniser``, docs/adr/0009).
"""

from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor, nn

from ml.emotions import EMOTIONS
from ml.voice import features, prosody, speaker_encoder
from ml.voice.standardise import Statistics

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
THIRDS = 3
LOCATED = slice(0, 1 + len(QUANTILES) + THIRDS)
"""Functionals in units of the feature: mean, quantiles, means of the first, middle and last third."""
SCALED = slice(LOCATED.stop, LOCATED.stop + 4)
"""Functionals in units of its deviation: deviation, slope, bend, mean absolute step from frame to frame."""
SHAPED = slice(SCALED.stop, SCALED.stop + 2)
"""Functionals without unit: skewness and the logarithm of the kurtosis."""
FUNCTIONALS = SHAPED.stop

KEPT = np.r_[
    features.FBANK.start : features.FBANK.start + 2 * features.N_MELS,
    features.MFCC.start : features.MFCC.start + 2 * features.N_MFCC,
    features.SPECTROGRAM,
]
"""Features of the three families whose contours are taken: all but the second differences, which add nothing."""
N_CONTOURED = len(KEPT) + prosody.N_FEATURES
"""Features with contours: those kept, then those of ``ml.voice.prosody``."""
LEAST_VOICED = 3
"""With fewer voiced frames the contours over them are left at the speaker's mean."""

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
    rows = np.ascontiguousarray(frames.T)
    count = len(frames)
    time = np.linspace(-1, 1, count) if count > 1 else np.zeros(1)
    bow = (3 * time**2 - 1) / 2
    bow -= bow.mean()
    mean = rows.mean(axis=1)
    centred = rows - mean[:, None]
    deviation = np.sqrt(np.mean(centred**2, axis=1))
    strayed = centred / (deviation + _LEAST_DEVIATION)[:, None]
    cubed = strayed**2 * strayed
    thirds = np.array_split(rows, THIRDS, axis=1) if count >= THIRDS else [rows] * THIRDS
    found = [
        mean,
        *_quantiles(rows),
        *(third.mean(axis=1) for third in thirds),
        deviation,
        centred @ time.astype(rows.dtype) / count / max((time**2).mean(), _LEAST_DEVIATION),
        centred @ bow.astype(rows.dtype) / count / max((bow**2).mean(), _LEAST_DEVIATION),
        np.abs(np.diff(rows, axis=1)).mean(axis=1) if count > 1 else np.zeros_like(mean),
        cubed.mean(axis=1),
        np.log(np.einsum("ft,ft->f", cubed, strayed) / count + 0.1),
    ]
    return np.stack(found).astype(np.float32)


def _quantiles(rows: np.ndarray) -> list[np.ndarray]:
    """``QUANTILES`` of every row, interpolated linearly between neighbours; one sort serves them all."""
    ordered = np.sort(rows, axis=1)
    found = []
    for share in QUANTILES:
        place = share * (rows.shape[1] - 1)
        below = int(place)
        above = min(below + 1, rows.shape[1] - 1)
        found.append(ordered[:, below] + (place - below) * (ordered[:, above] - ordered[:, below]))
    return found


def contours_of(averaged: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Contours of a stretch of speech over all that they are taken of.

    Args:
        averaged: the three feature families, averaged over a few frames, shape (T, features.N_FEATURES).
        columns: of ``prosody`` for the same stretch, one per 10 ms, shape (T', prosody.N_COLUMNS).

    Returns:
        float32, shape (FUNCTIONALS, N_CONTOURED); NaN over voiced frames where there are too few.
    """
    voiced = columns[columns[:, prosody.VOICED] > 0][:, prosody.WHEN_VOICED]
    parts = [
        contours(averaged[:, KEPT]),
        contours(voiced) if len(voiced) >= LEAST_VOICED else np.full((FUNCTIONALS, voiced.shape[1]), np.nan),
        contours(columns[:, prosody.ALWAYS]),
    ]
    return np.concatenate(parts, axis=1, dtype=np.float32, casting="same_kind")


def scale_of(statistics: Statistics) -> tuple[np.ndarray, np.ndarray]:
    """(mean, deviation) of the features with contours, each of shape (N_CONTOURED,)."""
    return (
        np.concatenate([statistics.mean[KEPT], statistics.prosody_mean]),
        np.concatenate([statistics.std[KEPT], statistics.prosody_std]),
    )


def standardise(raw: np.ndarray, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """The contours of ``(frames - mean) / std`` from those of ``frames``.

    Args:
        raw: shape (..., FUNCTIONALS, F).
        mean, std: per feature, shape (F,).

    Returns:
        The same shape; 0 in place of NaN.
    """
    found = raw.copy()
    found[..., LOCATED, :] = (raw[..., LOCATED, :] - mean) / std
    found[..., SCALED, :] = raw[..., SCALED, :] / std
    return np.nan_to_num(found, copy=False)


def moments_of(states: np.ndarray) -> np.ndarray:
    """Mean and deviation over time of the speaker encoder's states (T, UNITS): float32, shape (2, UNITS)."""
    return np.stack([states.mean(axis=0), states.std(axis=0)]).astype(np.float32)


def standardise_moments(raw: np.ndarray, statistics: Statistics) -> np.ndarray:
    """The moments of ``(states - mean) / std`` from those of ``states``, shape (..., 2, UNITS)."""
    centre = np.stack([statistics.states_mean, np.zeros_like(statistics.states_mean)])
    standardised: np.ndarray = (raw - centre) / statistics.states_std
    return standardised


@dataclass(frozen=True, slots=True)
class ContourSizes:
    """Sizes of the network; stored with the weights.

    Attributes:
        inputs: features with contours.
        prosody: how many of them, at the end, are pitch, voice quality and loudness.
        hidden: units of the hidden layer that reads all contours.
        hidden_prosody: units of the hidden layer that reads the last ``prosody`` features' alone.
        prosody_share: share of the latter's answer in the probabilities of both.
        hidden_states: units of the hidden layer that reads the speaker encoder's states.
        states_share: share of its answer in the probabilities; the other two have the rest.
        dropout: share of contours, and of hidden units, zeroed in training.
    """

    inputs: int = N_CONTOURED
    prosody: int = prosody.N_FEATURES
    hidden: int = 224
    hidden_prosody: int = 160
    prosody_share: float = 0.3
    hidden_states: int = 128
    states_share: float = 0.4
    dropout: float = 0.5

    def as_dict(self) -> dict[str, int | float]:
        """Plain values, ready for JSON."""
        return asdict(self)


class _Reader(nn.Module):
    """One hidden layer on some contours."""

    def __init__(self, inputs: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.scale = nn.BatchNorm1d(inputs, affine=False)
        self.dropout = nn.Dropout(dropout)
        self.hidden = nn.Sequential(nn.Linear(inputs, hidden), nn.BatchNorm1d(hidden), nn.ReLU())
        self.classify = nn.Linear(hidden, len(EMOTIONS))

    def forward(self, found: Tensor, mixed: tuple[Tensor, Tensor] | None) -> Tensor:
        """Logits, shape (B, 7), of contours of shape (B, inputs); ``mixed`` as in ``ContourNetwork``."""
        scaled = self.scale(found).clamp(-LIMIT, LIMIT)
        if mixed is not None:
            share, partner = mixed
            scaled = share.unsqueeze(1) * scaled + (1 - share).unsqueeze(1) * scaled[partner]
        logits: Tensor = self.classify(self.dropout(self.hidden(self.dropout(scaled))))
        return logits


class ContourNetwork(nn.Module):
    """Seven-class classifier of a stretch of speech by its contours and by the speaker encoder's states.

    Three hidden layers read side by side: one all contours, one those of pitch, voice quality and loudness alone, which
    drown among the many others otherwise, and one the states; the answer is the weighted mean of all three.
    """

    def __init__(self, sizes: ContourSizes | None = None) -> None:
        super().__init__()
        self.sizes = sizes = sizes or ContourSizes()
        self.everything = _Reader(FUNCTIONALS * sizes.inputs, sizes.hidden, sizes.dropout)
        self.prosody = _Reader(FUNCTIONALS * sizes.prosody, sizes.hidden_prosody, sizes.dropout)
        self.states = _Reader(2 * speaker_encoder.UNITS, sizes.hidden_states, sizes.dropout)

    def apart(
        self, found: Tensor, moments: Tensor, mixed: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Logits by all contours, by those of prosody alone and by the states, each (B, 7); they are fitted apart.

        Args:
            found: standardised contours, shape (B, FUNCTIONALS, inputs).
            moments: standardised moments of the states, shape (B, 2, speaker_encoder.UNITS).
            mixed: in training, (share, partner), both of shape (B,): every row becomes ``share`` of its own and the
                rest of its partner's.
        """
        last = found[:, :, self.sizes.inputs - self.sizes.prosody :]
        return (
            self.everything(torch.flatten(found, 1), mixed),
            self.prosody(torch.flatten(last, 1), mixed),
            self.states(torch.flatten(moments, 1), mixed),
        )

    def forward(self, found: Tensor, moments: Tensor) -> Tensor:
        """Logarithms of the probabilities, shape (B, 7); arguments as in ``apart``."""
        everything, prosody_alone, states = self.apart(found, moments)
        outlined = blend(everything, prosody_alone, self.sizes.prosody_share)
        return blend(outlined, states, self.sizes.states_share)


def blend(first: Tensor, second: Tensor, share: float) -> Tensor:
    """Logarithm of the weighted mean of two answers' probabilities.

    Args:
        first, second: logits, shape (B, 7).
        share: of the second.
    """
    shares = torch.tensor([1 - share, share]).log()
    scores = torch.stack([first.log_softmax(-1) + shares[0], second.log_softmax(-1) + shares[1]])
    return torch.logsumexp(scores, dim=0)
