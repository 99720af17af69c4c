"""Hidden states of a speaker encoder: a network that learnt from thousands of people how voices differ.

The encoder is resemblyzer's (Wan et al. 2018, "Generalized end-to-end loss for speaker verification"): three layers of
256 LSTM units over 40 mel bands, trained elsewhere to tell speakers apart in windows of 1.6 s. How its states move when
one person speaks differently says much about emotion that the few speakers of the emotion corpora could not teach.
Nothing here recognises anybody: of a stretch of speech only mean and deviation of the states are looked at, in units of
the same person's own, which takes away who speaks, and nothing of them is stored.

Of the package only the trained numbers are used; its SHA-256 is verified before they are read, and reading them runs no
code from the file.
"""

import hashlib
import io
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from librosa.filters import mel
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import rfft
from scipy.signal import get_window
from torch import nn

from ml.errors import RecognitionError
from ml.voice.framing import FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE, frame_count

VERSION = "resemblyzer 0.1.4"
SHA256 = "39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e"
"""Of ``pretrained.pt``."""
UNITS = 256
"""States of one frame."""
LAYERS = 3
N_MELS = 40
CONTEXT_FRAMES = 60
"""Frames before a step that are read with it, and whose states are left out: they know too little yet."""
STEP_FRAMES = 100
"""Frames whose states are kept of one reading; with the context 1.6 s, what the encoder was trained on."""
LEVEL_RMS = 10 ** (-30 / 20)
"""Every reading is brought to the level that the encoder was trained at, -30 dB relative to full scale..."""
LEAST_RMS = 5e-3
"""...but nothing quieter than this, 20 dB below the level of speech, is raised any further."""

_READING_FRAMES = CONTEXT_FRAMES + STEP_FRAMES
_READING_SAMPLES = (_READING_FRAMES - 1) * HOP_SAMPLES + FRAME_SAMPLES


def extract_range(samples: np.ndarray, first: int, last: int, gain: float = 1.0) -> np.ndarray:
    """States of the last layer for frames ``first`` to ``last`` (exclusive) of a recording.

    Readings begin at fixed places of the recording, so pieces put together are the whole.

    Args:
        samples: the whole recording, 16 kHz mono; an array or a ``np.memmap``.
        first, last: numbers of 10 ms frames (``framing.frame_count``), at least one.
        gain: factor that brings its speech to ``standardise.REFERENCE_RMS``.

    Returns:
        float32, shape (last - first, UNITS).

    Raises:
        RecognitionError: weights_missing, weights_damaged.
    """
    begin = first // STEP_FRAMES * STEP_FRAMES
    return _states(_readings(samples, begin, last, gain)).reshape(-1, UNITS)[first - begin : last - begin]


def extract(samples: np.ndarray) -> np.ndarray:
    """``extract_range`` of all frames."""
    return extract_range(samples, 0, frame_count(len(samples)))


def extract_several(recordings: Sequence[np.ndarray]) -> list[np.ndarray]:
    """``extract`` of each of several short recordings, read together, which takes far less time than one by one."""
    counts = [frame_count(len(samples)) for samples in recordings]
    readings = [_readings(samples, 0, count, 1.0) for samples, count in zip(recordings, counts, strict=True)]
    ends = np.cumsum([len(each) for each in readings])
    states = np.split(_states(np.concatenate(readings)), ends[:-1])
    return [found.reshape(-1, UNITS)[:count] for found, count in zip(states, counts, strict=True)]


def _readings(samples: np.ndarray, begin: int, last: int, gain: float) -> np.ndarray:
    """What the encoder reads from frame ``begin`` to ``last``, shape (N, _READING_FRAMES, N_MELS).

    Reading n covers frame ``begin + n * STEP_FRAMES`` and those after it, and the context before it.
    """
    count = -(-(last - begin) // STEP_FRAMES)
    heard = _samples(samples, begin - CONTEXT_FRAMES, count * STEP_FRAMES + CONTEXT_FRAMES) * np.float32(gain)
    # Power goes with the square of the level, so every frame is transformed once, whatever its readings' levels.
    bands = sliding_window_view(_mel_bands(heard), _READING_FRAMES, axis=0)[::STEP_FRAMES].swapaxes(1, 2)
    power = np.square(sliding_window_view(heard, _READING_SAMPLES)[:: STEP_FRAMES * HOP_SAMPLES]).mean(axis=1)
    factor = LEVEL_RMS**2 / np.maximum(power, LEAST_RMS**2)
    return bands * factor[:, None, None]


def _states(readings: np.ndarray) -> np.ndarray:
    """States of the last layer after the context, shape (N, STEP_FRAMES, UNITS)."""
    with torch.inference_mode():
        states, _ = encoder()(torch.from_numpy(readings))
    return states[:, CONTEXT_FRAMES:].numpy()


@cache
def encoder() -> nn.LSTM:
    """The verified encoder, in evaluation mode.

    Raises:
        RecognitionError: weights_missing when the package is not installed, weights_damaged when its file differs.
    """
    try:
        content = _path().read_bytes()
    except FileNotFoundError as error:
        raise RecognitionError("weights_missing", "resemblyzer is not installed") from error
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise RecognitionError("weights_damaged", "resemblyzer's pretrained.pt differs from the published file")
    state = torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)["model_state"]
    network = nn.LSTM(N_MELS, UNITS, LAYERS, batch_first=True)
    own = {name.removeprefix("lstm."): value for name, value in state.items() if name.startswith("lstm.")}
    network.load_state_dict(own)
    return network.eval()


def _path() -> Path:
    """Where the trained numbers lie; the package itself is not imported."""
    spec = find_spec("resemblyzer")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("resemblyzer")
    return Path(spec.origin).with_name("pretrained.pt")


def _samples(samples: np.ndarray, first: int, count: int) -> np.ndarray:
    """Samples of ``count`` frames from frame ``first`` on, which may be negative; zeros beyond both ends, float32."""
    start, length = first * HOP_SAMPLES, (count - 1) * HOP_SAMPLES + FRAME_SAMPLES
    found = np.asarray(samples[max(start, 0) : start + length], dtype=np.float32)
    before = max(-start, 0)
    return np.pad(found, (before, length - before - len(found)))


def _mel_bands(samples: np.ndarray) -> np.ndarray:
    """Mel band powers as the encoder learnt them (no logarithm), every 10 ms: float32, shape (T, N_MELS)."""
    frames = sliding_window_view(samples, FRAME_SAMPLES)[::HOP_SAMPLES]
    spectrum = rfft(frames * get_window("hann", FRAME_SAMPLES).astype(np.float32), axis=1)
    return (spectrum.real**2 + spectrum.imag**2) @ _mel_filters().T


@cache
def _mel_filters() -> np.ndarray:
    return mel(sr=SAMPLE_RATE, n_fft=FRAME_SAMPLES, n_mels=N_MELS).astype(np.float32)
