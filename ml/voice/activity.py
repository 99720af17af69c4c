"""Speech activity: which moments of a recording have a voice at all (silero-vad, weights inside its package).

The model looks at windows of 512 samples (32 ms) of 16 kHz mono and keeps a state from window to window, so a recording
is read in order, in blocks, whatever its length.
"""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ml.voice.framing import FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE, frame_count

WINDOW_SAMPLES = 512
"""32 ms."""
CONTEXT_SAMPLES = 64
"""Samples before a window that the network sees as well."""
THRESHOLD = 0.5
"""A window whose probability reaches this has speech."""
MARGIN_FRAMES = 5
"""50 ms kept around speech: silero-vad answers a little late."""
TARGET_PEAK = 0.5
MAX_GAIN = 100.0
PEAK_QUANTILE = 0.999
_BLOCK_WINDOWS = 1_875
"""60 s."""


@cache
def _model_file() -> Path:
    """The TorchScript file inside the installed package.

    The package itself is not imported: doing so sets torch to one thread for the whole process.
    """
    spec = find_spec("silero_vad")
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError("silero_vad is not installed")
    return Path(spec.submodule_search_locations[0]) / "data" / "silero_vad.jit"


@cache
def _networks() -> tuple[torch.jit.ScriptModule, nn.LSTM]:
    """The 16 kHz network, and the LSTM inside it by itself, which reads many windows in one call.

    What comes before the LSTM looks at one window (with the 64 samples before it) only, so windows can be computed
    together; called window by window, as the package does, nine tenths of the time go into calling. The packaged module
    around the network keeps one state for all callers; these keep none, so they are shared.
    """
    network = torch.jit.load(str(_model_file()), map_location="cpu").eval()._model
    weights = {f"{name}_l0": tensor for name, tensor in network.decoder.rnn.state_dict().items()}
    units = weights["weight_hh_l0"].shape[1]
    memory = nn.LSTM(weights["weight_ih_l0"].shape[1], units)
    memory.load_state_dict(weights)
    return network, memory.eval()


class SpeechActivity:
    """Speech probabilities of one recording, fed block by block."""

    def __init__(self) -> None:
        self._unread = np.zeros(CONTEXT_SAMPLES, dtype=np.float32)
        """The last samples of the last window, and those after it that fill no window yet."""
        self._state: tuple[torch.Tensor, torch.Tensor] | None = None

    def feed(self, samples: np.ndarray) -> np.ndarray:
        """Take the next samples (16 kHz mono float32, any number).

        Returns:
            Probabilities (0-1) of the windows completed by them, float32, shape (windows,).
        """
        stream = np.concatenate([self._unread, np.asarray(samples, dtype=np.float32)])
        whole = (len(stream) - CONTEXT_SAMPLES) // WINDOW_SAMPLES
        self._unread = stream[whole * WINDOW_SAMPLES :]
        if not whole:
            return np.zeros(0, dtype=np.float32)
        network, memory = _networks()
        with torch.inference_mode():
            windows = torch.from_numpy(stream).unfold(0, CONTEXT_SAMPLES + WINDOW_SAMPLES, WINDOW_SAMPLES)
            encoded = network.encoder(network.run_extractors(windows)).squeeze(-1)
            states, self._state = memory(encoded, self._state)
            return network.decoder.decoder(states.unsqueeze(-1)).flatten().numpy()

    def finish(self) -> np.ndarray:
        """The probability of the last, incomplete window (filled with silence), shape (0,) or (1,)."""
        missing = (CONTEXT_SAMPLES - len(self._unread)) % WINDOW_SAMPLES
        return self.feed(np.zeros(missing, dtype=np.float32))


def level_gain(samples: np.ndarray) -> float:
    """The factor that brings a recording's peaks to ``TARGET_PEAK``, so that very quiet speech is still found.

    Never below 1 and at most ``MAX_GAIN``. The peak is the 99.9 % quantile of the greatest magnitudes of successive
    10 ms, so that one click does not set the level.
    """
    peaks: list[np.ndarray] = []
    for at in range(0, len(samples), _BLOCK_WINDOWS * WINDOW_SAMPLES):
        block = np.abs(np.asarray(samples[at : at + _BLOCK_WINDOWS * WINDOW_SAMPLES], dtype=np.float32))
        peaks.append(np.pad(block, (0, -len(block) % HOP_SAMPLES)).reshape(-1, HOP_SAMPLES).max(axis=1))
    peak = float(np.quantile(np.concatenate(peaks), PEAK_QUANTILE)) if peaks else 0.0
    return float(np.clip(TARGET_PEAK / max(peak, 1e-9), 1.0, MAX_GAIN))


def speech_probabilities(samples: np.ndarray, gain: float | None = None) -> np.ndarray:
    """Speech probability of every 512-sample window of a recording.

    Args:
        samples: 16 kHz mono; an array or a ``np.memmap`` (read in blocks of 60 s).
        gain: factor applied first; by default ``level_gain`` of the recording.

    Returns:
        float32 in 0-1, shape (ceil(n / 512),).
    """
    if gain is None:
        gain = level_gain(samples)
    activity = SpeechActivity()
    block = _BLOCK_WINDOWS * WINDOW_SAMPLES
    parts = [activity.feed(gain * np.asarray(samples[at : at + block])) for at in range(0, len(samples), block)]
    return np.concatenate([*parts, activity.finish()])


def speech_share(probabilities: np.ndarray, start_s: float, end_s: float) -> float:
    """Share (0-1) of the stretch from ``start_s`` to ``end_s`` whose windows have speech."""
    first = int(start_s * SAMPLE_RATE // WINDOW_SAMPLES)
    last = max(first + 1, int(np.ceil(end_s * SAMPLE_RATE / WINDOW_SAMPLES)))
    inside = probabilities[first:last]
    return float(np.mean(inside >= THRESHOLD)) if inside.size else 0.0


def frame_mask(probabilities: np.ndarray, samples: int) -> np.ndarray:
    """Which of the 10 ms frames of a recording with that many samples have speech.

    A frame has speech when the window around its centre has.

    Returns:
        bool, shape (frame_count(samples),).
    """
    centres = np.arange(frame_count(samples)) * HOP_SAMPLES + FRAME_SAMPLES // 2
    if probabilities.size == 0:
        return np.zeros(len(centres), dtype=bool)
    window = np.minimum(centres // WINDOW_SAMPLES, len(probabilities) - 1)
    return np.asarray(probabilities[window] >= THRESHOLD)


def speech_span(mask: np.ndarray) -> tuple[int, int]:
    """The frames from the first to the last speech, with ``MARGIN_FRAMES`` on both sides: (first, last exclusive).

    Silence before and after is left out; pauses inside stay, for they belong to how something is said. Without any
    speech the span is everything.

    Args:
        mask: bool per 10 ms frame, at least one frame.
    """
    speech_frames = np.flatnonzero(mask)
    if speech_frames.size == 0:
        return 0, len(mask)
    return max(0, int(speech_frames[0]) - MARGIN_FRAMES), min(len(mask), int(speech_frames[-1]) + 1 + MARGIN_FRAMES)
