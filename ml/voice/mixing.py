"""From two channels to one without losing the voice: channels in antiphase do not cancel.

A microphone wired the wrong way round, or a cable with one leg reversed, gives two channels that are each other's
negative; their mean is silence. Separation does not mind, for it looks at each channel's magnitudes, so the channels
are compared after it, where mostly the voice is left.
"""

import numpy as np

FLIPPED_BELOW = -0.5
"""Correlation of the channels below which the second is turned round."""
UPRIGHT_ABOVE = 0.0
"""Correlation above which it is taken as it is again; in between nothing changes."""
MEMORY_S = 10.0
"""Time over which the correlation is remembered; silence does not wear it out."""
_FADE_S = 0.01
_STEP_S = 1.0


class MonoMix:
    """The mean of two channels of a stream, the second turned round while the two are in antiphase."""

    def __init__(self, rate: int) -> None:
        """Start upright.

        Args:
            rate: samples per second.
        """
        self._step = round(rate * _STEP_S)
        self._fade = round(rate * _FADE_S)
        self._keep = float(np.exp(-_STEP_S / MEMORY_S))
        self._moments = np.zeros((2, 2))
        self._sign = 1.0
        self._energy = self._turned = 0.0

    @property
    def turned_share(self) -> float:
        """Share (0-1) of the energy so far that was heard with the second channel turned round."""
        return self._turned / self._energy if self._energy else 0.0

    def mixed(self, stereo: np.ndarray) -> np.ndarray:
        """The next samples, shape (n, 2), as one channel, shape (n,)."""
        steps = [stereo[at : at + self._step] for at in range(0, len(stereo), self._step)]
        return np.concatenate([self._mixed(step) for step in steps]) if steps else np.zeros(0, np.float32)

    def _mixed(self, stereo: np.ndarray) -> np.ndarray:
        left, right = np.ascontiguousarray(stereo.T, dtype=np.float32)
        before, energy = self._sign, self._listen(left, right)
        self._energy += energy
        self._turned += energy if self._sign < 0 else 0.0
        signs: np.ndarray | np.float32 = np.float32(self._sign)
        if before != self._sign:
            signs = np.full(len(right), self._sign, np.float32)
            fade = min(self._fade, len(right))
            signs[:fade] = np.linspace(before, self._sign, fade)
        return np.asarray(0.5 * (left + signs * right), dtype=np.float32)

    def _listen(self, left: np.ndarray, right: np.ndarray) -> float:
        """Bring the correlation up to date, and with it the sign; gives the energy of these samples."""
        moments = np.array([[left @ left, left @ right], [left @ right, right @ right]], dtype=np.float64)
        self._moments = self._keep * self._moments + moments
        scale = float(np.sqrt(self._moments[0, 0] * self._moments[1, 1]))
        if scale > 0:
            correlation = self._moments[0, 1] / scale
            if correlation < FLIPPED_BELOW:
                self._sign = -1.0
            elif correlation > UPRIGHT_ABOVE:
                self._sign = 1.0
        return float(np.trace(moments))
