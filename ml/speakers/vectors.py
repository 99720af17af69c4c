"""Where in a space of voices each moment of speech lies.

The speech encoder's first states (``ml.voice.whisper_encoder``) hold how a voice sounds along with what it says and in
which mood. A linear projection learned from people in changing moods (``ml.training.speakers``) keeps what tells people
apart: along its axes the same person varies by about 1 whatever the mood, and people differ by ``between``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from ml import weights
from ml.errors import RecognitionError
from ml.voice.framing import SAMPLE_RATE
from ml.voice.whisper_encoder import STATE_SAMPLES, WIDTH, WhisperEncoder, log_mel

LAYERS = (0, 1, 2)
"""Layers of the encoder whose states are read (by experiment: docs/experiments-speakers.md)."""
STATE_WIDTH = len(LAYERS) * WIDTH
CELL_S = 0.1
CELL_SAMPLES = round(CELL_S * SAMPLE_RATE)
BLOCK_CELLS = 150
"""15 s: the encoder adds a place to every state, so training and use read blocks of one length."""
_CELL_STATES = CELL_SAMPLES // STATE_SAMPLES


@dataclass(frozen=True, slots=True)
class SpeakerSpace:
    """The projection.

    Attributes:
        mean: of the states, shape (STATE_WIDTH,).
        axes: shape (STATE_WIDTH, D).
        between: variance of people's means along each axis, in units of one person's own variance, shape (D,).
        version: names what it was learned from.
    """

    mean: np.ndarray
    axes: np.ndarray
    between: np.ndarray
    version: str

    @classmethod
    def load(cls, directory: Path | None = None) -> "SpeakerSpace":
        """The shipped projection.

        Raises:
            RecognitionError: weights_missing, weights_damaged.
        """
        tensors, entry = weights.read("speakers", directory)
        try:
            arrays = {name: tensors[name].float().numpy() for name in ("mean", "axes", "between")}
            if arrays["axes"].shape != (STATE_WIDTH, len(arrays["between"])) or tuple(entry["layers"]) != LAYERS:
                raise ValueError("another space")
            return cls(**arrays, version=str(entry["version"]))
        except (KeyError, TypeError, ValueError) as error:
            raise RecognitionError("weights_damaged", "the speaker weights do not fit together") from error

    def project(self, states: np.ndarray) -> np.ndarray:
        """States of shape (n, STATE_WIDTH) as points of shape (n, D)."""
        points: np.ndarray = (states - self.mean) @ self.axes
        return points


def cell_points(
    samples: np.ndarray,
    speech: np.ndarray,
    networks: tuple[WhisperEncoder, SpeakerSpace],
    *,
    tell: Callable[[float], None] = lambda seconds: None,
) -> np.ndarray:
    """The point of every 100 ms of a recording, block by block; blocks without speech are not looked at.

    Args:
        samples: the whole recording, 16 kHz mono, at ``ml.level.TARGET_LEVEL``; an array or a ``np.memmap``.
        speech: which cells have speech, bool, shape (cells,).
        networks: the speech encoder, and the projection of its states.
        tell: told the seconds gone through; may raise to stop.

    Returns:
        float32, shape (cells, D); 0 where nothing was looked at. About 350 kB an hour.
    """
    encoder, space = networks
    points = np.zeros((len(speech), len(space.between)), dtype=np.float32)
    for first in range(0, len(speech), BLOCK_CELLS):
        inside = speech[first : first + BLOCK_CELLS]
        if inside.any():
            block = np.asarray(samples[first * CELL_SAMPLES : (first + BLOCK_CELLS) * CELL_SAMPLES], dtype=np.float32)
            points[first : first + BLOCK_CELLS] = space.project(cell_states(encoder, block))[: len(inside)]
        tell((first + len(inside)) * CELL_S)
    return points


def cell_states(encoder: WhisperEncoder, block: np.ndarray) -> np.ndarray:
    """States of ``LAYERS`` side by side, averaged over cells of 100 ms, of at most ``BLOCK_CELLS`` cells of sound.

    Returns:
        float32, shape (cells, STATE_WIDTH); a last cell that the sound fills in part is averaged over that part.
    """
    cells = -(-len(block) // CELL_SAMPLES)
    with torch.inference_mode():
        layers = encoder.states(torch.from_numpy(log_mel(block))[None], max(LAYERS))
        states = torch.cat([layers[number][0].float() for number in LAYERS], dim=1)[: cells * _CELL_STATES]
    missing = cells * _CELL_STATES - len(states)
    if missing:
        states = torch.cat([states, states[-1:].expand(missing, -1)])
    averaged: np.ndarray = states.view(cells, _CELL_STATES, STATE_WIDTH).mean(dim=1).numpy()
    return averaged
