"""Contours of a stretch of speech: how each feature lies, strays, rises and falls over its time."""

import numpy as np

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
THIRDS = 3
FUNCTIONALS = 1 + len(QUANTILES) + THIRDS + 6
"""Mean, quantiles, means of the first, middle and last third; deviation, slope, bend, mean absolute step from frame to
frame, skewness, logarithm of the kurtosis."""
LEAST_VOICED = 3
"""With fewer voiced frames nothing is said of what means something only in voiced ones."""
_LEAST_DEVIATION = 1e-3


def contours(frames: np.ndarray) -> np.ndarray:
    """Functionals of every feature over a stretch of speech.

    Slope and bend are the regression coefficients on time and on the second Legendre polynomial of time, time running
    from -1 to 1 over the stretch.

    Args:
        frames: shape (T, F), T at least 1.

    Returns:
        float32, shape (FUNCTIONALS, F).
    """
    rows = np.ascontiguousarray(frames.T)
    count = len(frames)
    time = np.linspace(-1, 1, count) if count > 1 else np.zeros(1)
    bow = (3 * time**2 - 1) / 2
    bow -= bow.mean()
    mean = rows.mean(axis=1)
    centred = rows - mean[:, None]
    deviation = np.sqrt(np.mean(centred**2, axis=1))
    standardised = centred / (deviation + _LEAST_DEVIATION)[:, None]
    cubed = standardised**2 * standardised
    thirds = np.array_split(rows, THIRDS, axis=1) if count >= THIRDS else [rows] * THIRDS
    functionals = [
        mean,
        *_quantiles(rows),
        *(third.mean(axis=1) for third in thirds),
        deviation,
        centred @ time.astype(rows.dtype) / count / max((time**2).mean(), _LEAST_DEVIATION),
        centred @ bow.astype(rows.dtype) / count / max((bow**2).mean(), _LEAST_DEVIATION),
        np.abs(np.diff(rows, axis=1)).mean(axis=1) if count > 1 else np.zeros_like(mean),
        cubed.mean(axis=1),
        np.log(np.einsum("ft,ft->f", cubed, standardised) / count + 0.1),
    ]
    return np.stack(functionals).astype(np.float32)


def _quantiles(rows: np.ndarray) -> list[np.ndarray]:
    """``QUANTILES`` of every row, interpolated linearly between neighbours; one sort serves them all."""
    ordered = np.sort(rows, axis=1)
    quantiles = []
    for share in QUANTILES:
        position = share * (rows.shape[1] - 1)
        below = int(position)
        above = min(below + 1, rows.shape[1] - 1)
        quantiles.append(ordered[:, below] + (position - below) * (ordered[:, above] - ordered[:, below]))
    return quantiles
