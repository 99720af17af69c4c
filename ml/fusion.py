"""Decision-level fusion of face and voice (paper section 4).

What ships is the paper's rule, E = argmax_i (alpha * P_face,i + beta * P_voice,i) (equation 6). Such a sum of two
calibrated answers is too modest where they agree, so a temperature makes it as sure as it is right; it changes no
decision.

The other rule multiplies the two: P_i ~ P_face,i ^ a * P_voice,i ^ b, a logarithmic opinion pool (Genest and Zidek
1986). An answer that is unsure of itself is flat and changes the other little, so each side counts by how sure it is.
On label-matched pairs it is far better, on real clips of people who talk it is not: there a voice or a face is often
surer than it is right, and a product follows the surer one. So it does not ship (docs/adr/0017).

Where one modality is missing the other decides alone, and the flag says so.
"""

from typing import NamedTuple

import numpy as np

from ml.config import Config

_LEAST = 1e-9
"""No class is ruled out by one side alone."""


class Fused(NamedTuple):
    """What face and voice say together.

    Attributes:
        probabilities: float64, shape (7,), sums to 1; None where neither was judged.
        flag: "voice_only", "face_only", "none", or "" when both were there.
    """

    probabilities: np.ndarray | None
    flag: str


def fuse(face: np.ndarray | None, voice: np.ndarray | None, config: Config) -> Fused:
    """Both distributions as one, by the rule that ``config.fusion`` names.

    Args:
        face, voice: calibrated probabilities, shape (7,), each sums to 1; None where not judged.
        config: the rule and its numbers.
    """
    if face is None and voice is None:
        return Fused(None, "none")
    if face is None:
        return Fused(_normalised(voice), "voice_only")
    if voice is None:
        return Fused(_normalised(face), "face_only")
    if config.fusion == "weighted":
        together = config.alpha * np.asarray(face, float) + config.beta * np.asarray(voice, float)
        return Fused(_normalised((together / together.max()) ** (1 / config.fusion_temperature)), "")
    logarithms = config.face_power * _logarithm(face) + config.voice_power * _logarithm(voice)
    return Fused(_normalised(np.exp(logarithms - logarithms.max())), "")


def _logarithm(probabilities: np.ndarray) -> np.ndarray:
    logarithms: np.ndarray = np.log(np.maximum(np.asarray(probabilities, dtype=np.float64), _LEAST))
    return logarithms


def _normalised(weights: np.ndarray | None) -> np.ndarray:
    """Float32 networks leave sums a little off 1; the result is exact to double precision."""
    values = np.asarray(weights, dtype=np.float64)
    return values / values.sum()
