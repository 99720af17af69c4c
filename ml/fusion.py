"""Decision-level fusion of face and voice (paper section 4, equation 6).

E = argmax_i (alpha * P_face,i + beta * P_voice,i), on calibrated probabilities. Where one modality is missing the other
decides alone, and the flag says so.

A weighted sum of two calibrated answers is itself too modest where they agree, so a temperature makes it as sure as it
is right; it changes no decision.
"""

from typing import NamedTuple

import numpy as np


class Fused(NamedTuple):
    """What face and voice say together.

    Attributes:
        probabilities: float64, shape (7,), sums to 1; None where neither was judged.
        flag: "voice_only", "face_only", "none", or "" when both were there.
    """

    probabilities: np.ndarray | None
    flag: str


def fuse(
    face: np.ndarray | None, voice: np.ndarray | None, alpha: float, beta: float, temperature: float = 1.0
) -> Fused:
    """Weighted sum of the two distributions.

    Args:
        face, voice: calibrated probabilities, shape (7,), each sums to 1; None where not judged.
        alpha, beta: weights of face and voice, at least 0, together 1.
        temperature: the sum is raised to 1 / temperature and normalised; above 0, 1 leaves it as it is.
    """
    if face is None and voice is None:
        return Fused(None, "none")
    if face is None:
        return Fused(_normalised(voice), "voice_only")
    if voice is None:
        return Fused(_normalised(face), "face_only")
    together = alpha * np.asarray(face, float) + beta * np.asarray(voice, float)
    return Fused(_normalised((together / together.max()) ** (1 / temperature)), "")


def _normalised(weights: np.ndarray | None) -> np.ndarray:
    """Float32 networks leave sums a little off 1; the result is exact to double precision."""
    values = np.asarray(weights, dtype=np.float64)
    return values / values.sum()
