"""States of OpenAI's Whisper base encoder (Radford et al. 2022): what a network that learnt to write down speech in
ninety-nine languages makes of a stretch of sound.

The encoder is rebuilt here from the published numbers (``ml.voice.whisper_model``). It reads a log mel spectrogram of
80 bands, halves its rate, adds fixed positions and passes through pre-norm transformer layers; the state after any of
them is a vector of ``WIDTH`` numbers every 20 ms. Layers above the last one asked for are never built.
"""

from collections.abc import Mapping
from functools import cache

import numpy as np
import torch
from librosa.filters import mel
from torch import Tensor, nn
from torch.nn.functional import gelu, scaled_dot_product_attention

from ml.precision import autocast
from ml.voice.framing import FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE

N_MELS = 80
WIDTH = 512
HEADS = 8
LAYERS = 6
MAX_STATES = 1_500
"""Positions the encoder knows: 30 s."""
STATE_SAMPLES = 2 * HOP_SAMPLES
"""20 ms."""
RANGE_DECADES = 8.0
"""Bands weaker than the strongest by more than this are raised to it."""
LEAST_POWER = 1e-10


def log_mel(samples: np.ndarray) -> np.ndarray:
    """The encoder's input: log10 mel power, bounded below ``RANGE_DECADES`` under its maximum, (x + 4) / 4.

    Args:
        samples: 16 kHz mono, shape (n,); the ends are mirrored by half a frame.

    Returns:
        float32, shape (N_MELS, T), T = n // 160, at least 2 and even (silence fills the last frame).
    """
    count = max(2, len(samples) // HOP_SAMPLES)
    count += count % 2
    length = count * HOP_SAMPLES
    padded = np.pad(np.asarray(samples[:length], dtype=np.float32), (0, max(0, length - len(samples))))
    spectrum = torch.stft(
        torch.from_numpy(padded),
        FRAME_SAMPLES,
        HOP_SAMPLES,
        window=torch.hann_window(FRAME_SAMPLES),
        center=True,
        pad_mode="reflect",
        return_complex=True,
    )[:, :count]
    power = spectrum.real.square() + spectrum.imag.square()
    bands = (_mel_filters() @ power).clamp(min=LEAST_POWER).log10()
    bands = bands.clamp(min=float(bands.max()) - RANGE_DECADES)
    scaled: np.ndarray = ((bands + 4) / 4).numpy()
    return scaled


@cache
def _mel_filters() -> Tensor:
    return torch.from_numpy(mel(sr=SAMPLE_RATE, n_fft=FRAME_SAMPLES, n_mels=N_MELS).astype(np.float32))


class EncoderLayer(nn.Module):
    """One pre-norm transformer layer; names follow the published file's."""

    def __init__(self) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(WIDTH)
        self.joined = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.feed_norm = nn.LayerNorm(WIDTH)
        self.widen = nn.Linear(WIDTH, 4 * WIDTH)
        self.narrow = nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, states: Tensor) -> Tensor:
        """States of shape (B, T, WIDTH) to states of the same shape."""
        batch, count, _ = states.shape
        joined = self.joined(self.attention_norm(states)).view(batch, count, 3, HEADS, WIDTH // HEADS)
        query, key, value = joined.permute(2, 0, 3, 1, 4)
        attended = scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(batch, count, WIDTH)
        states = states + self.out(attended)
        output: Tensor = states + self.narrow(gelu(self.widen(self.feed_norm(states))))
        return output


class WhisperEncoder(nn.Module):
    """The encoder up to and with layer ``layers``."""

    positions: Tensor

    def __init__(self, layers: int = LAYERS) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(N_MELS, WIDTH, 3, padding=1)
        self.conv2 = nn.Conv1d(WIDTH, WIDTH, 3, stride=2, padding=1)
        self.register_buffer("positions", torch.zeros(MAX_STATES, WIDTH))
        self.layers = nn.ModuleList(EncoderLayer() for _ in range(layers))

    @classmethod
    def from_variables(cls, variables: Mapping[str, np.ndarray], layers: int = LAYERS) -> "WhisperEncoder":
        """Built from the published file's variables (``whisper_model.read_variables``), in evaluation mode, float32.

        Raises:
            KeyError, RuntimeError: a variable is missing or of another shape.
        """
        network = cls(layers)
        state = {"positions": "encoder/position_encodings/encodings"}
        state |= {f"{name}.{kind}": f"encoder/{name}/{kind}" for name in ("conv1", "conv2") for kind in _LINEAR}
        for number in range(layers):
            for own, (published, kinds) in _LAYER.items():
                for kind, of in kinds.items():
                    state[f"layers.{number}.{own}.{kind}"] = f"encoder/layer_{number}/{published}/{of}"
        tensors = {own: torch.from_numpy(variables[name].astype(np.float32)) for own, name in state.items()}
        network.load_state_dict(tensors)
        return network.eval()

    def states(self, bands: Tensor, up_to: int | None = None) -> list[Tensor]:
        """States in the precision that suits this machine: bfloat16 where its processor has instructions for that."""
        with autocast(torch.device("cpu")):
            return self(bands, up_to)

    def forward(self, bands: Tensor, up_to: int | None = None) -> list[Tensor]:
        """States before the first layer and after each.

        Args:
            bands: shape (B, N_MELS, T).
            up_to: number of the last layer that is wanted; all by default.

        Returns:
            One per layer wanted and one more, every one of shape (B, T / 2, WIDTH).
        """
        states = gelu(self.conv2(gelu(self.conv1(bands)))).transpose(1, 2)
        states = states + self.positions[: states.shape[1]]
        layer_states = [states]
        for layer in self.layers[:up_to]:
            layer_states.append(layer(layer_states[-1]))
        return layer_states


_LINEAR = {"weight": "weight", "bias": "bias"}
_NORM = {"weight": "gamma", "bias": "beta"}
_LAYER: dict[str, tuple[str, dict[str, str]]] = {
    "attention_norm": ("self_attention/layer_norm", _NORM),
    "joined": ("self_attention/linear_0", _LINEAR),
    "out": ("self_attention/linear_1", _LINEAR),
    "feed_norm": ("ffn/layer_norm", _NORM),
    "widen": ("ffn/linear_0", _LINEAR),
    "narrow": ("ffn/linear_1", _LINEAR),
}
