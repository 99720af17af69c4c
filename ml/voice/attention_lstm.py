"""The Attention-LSTM of the paper (section 2.4, figure 2, eq. 5).

How the paper's figure is read here. Its symbols: x<t> the frames, a<t> the features learned from them, w<k,t> the
attention that step k of the output pays to a<t>, c the memory, y<k> the output.

1. The first LSTM reads the frames x<t> in both directions and gives a<t>. Its cell has the attention gate
   (``attention_gate_scan``): forget and input gate become one gate computed from the cell state (Xie et al. 2019).
2. For each of K steps, attention weights w(k,t) = exp e(k,t) / sum_t exp e(k,t) (eq. 5) pool the a<t> into a memory
   c(k) = sum_t w(k,t) a<t>. The score is e(k,t) = v . tanh(W_a a<t> + W_s s(k-1)) with s the second LSTM's state.
   Beside that mean the memory holds the deviation, weighted likewise: how much a voice moves says as much as where it
   lies.
3. The second LSTM reads the memories c(1)..c(K); softmax over its last state gives the seven classes.

The weights reported for a segment are the mean of w(k,t) over k: one number per frame, summing to 1.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from ml.emotions import EMOTIONS
from ml.voice.attention_gate import attention_gate_scan
from ml.voice.features import N_FEATURES


@dataclass(frozen=True, slots=True)
class Architecture:
    """Sizes of the network; stored with the weights.

    Attributes:
        inputs: features per frame.
        embedding: width of the linear map in front of the first LSTM.
        hidden: units of the first LSTM per direction.
        layers: layers of the first LSTM.
        attention: width of the attention's hidden layer.
        steps: K, the steps of the second LSTM.
        decoder: units of the second LSTM.
        dropout: share of values zeroed in training.
        dropout_memory: the same of the memory before the second LSTM.
        frames_averaged: 10 ms frames averaged into one before the network reads them.
    """

    inputs: int = N_FEATURES
    embedding: int = 128
    hidden: int = 80
    layers: int = 2
    attention: int = 64
    steps: int = 2
    decoder: int = 96
    dropout: float = 0.3
    dropout_memory: float = 0.4
    frames_averaged: int = 3

    def as_dict(self) -> dict[str, int | float]:
        """Plain values, ready for JSON."""
        return asdict(self)


class AttentionGateLSTM(nn.Module):
    """One bidirectional layer of the attention-gate LSTM.

    Sequences may be padded at the end; padding changes nothing before it, since each direction reads the
    valid frames first.
    """

    def __init__(self, inputs: int, hidden: int) -> None:
        super().__init__()
        self.hidden = hidden
        self.project = nn.Linear(inputs, 6 * hidden)
        self.recurrent = nn.Parameter(torch.empty(2, hidden, 3 * hidden))
        self.from_cell = nn.Parameter(torch.empty(2, hidden, hidden))
        self.to_gate = nn.Parameter(torch.empty(2, hidden, hidden))
        self.gate_bias = nn.Parameter(torch.ones(2, 1, hidden))
        for direction in range(2):
            for part in self.recurrent[direction].split(hidden, dim=1):
                nn.init.orthogonal_(part)
            nn.init.orthogonal_(self.from_cell[direction])
            nn.init.xavier_uniform_(self.to_gate[direction])

    def forward(self, frames: Tensor, reverse: Tensor) -> tuple[Tensor, Tensor]:
        """Read the frames in both directions.

        Args:
            frames: shape (B, T, inputs).
            reverse: index of shape (B, T) that turns every sequence's valid part around (``reversal``).

        Returns:
            (states, gates), each (B, T, 2 H), in the order of time.
        """
        forward, backward = self.project(frames).chunk(2, -1)
        turn = reverse.unsqueeze(-1)
        backward = backward.gather(1, turn.expand(-1, -1, backward.shape[-1]))
        projected = torch.stack([forward, backward]).permute(2, 0, 1, 3).contiguous()
        states, gates = attention_gate_scan(projected, self.recurrent, self.from_cell, self.to_gate, self.gate_bias)
        turn = turn.expand(-1, -1, self.hidden)
        both = []
        for values in (states, gates):
            ahead, back = values.permute(1, 2, 0, 3).unbind(0)
            both.append(torch.cat([ahead, back.gather(1, turn)], dim=-1))
        return both[0], both[1]


def reversal(lengths: Tensor, time: int) -> Tensor:
    """Index that reverses the first ``lengths[b]`` of ``time`` positions and leaves the padding where it is.

    Returns:
        int64, shape (B, time).
    """
    position = torch.arange(time, device=lengths.device).unsqueeze(0)
    last = lengths.unsqueeze(1) - 1
    return torch.where(position <= last, last - position, position)


def attention_weights(scores: Tensor, valid: Tensor) -> Tensor:
    """w(k,t) = exp e(k,t) / sum_t exp e(k,t) over the valid frames (paper eq. 5).

    Args:
        scores: e, shape (B, T).
        valid: bool, shape (B, T), at least one frame valid per row.

    Returns:
        shape (B, T); zero on padding, each row sums to 1.
    """
    return torch.softmax(scores.masked_fill(~valid, float("-inf")), dim=-1)


def pool(features: Tensor, weights: Tensor) -> Tensor:
    """The memory c(k): mean of the features over time, weighted by attention, and their deviation, weighted likewise.

    Args:
        learned: shape (B, T, F).
        weights: shape (B, T), rows sum to 1.

    Returns:
        shape (B, 2 F).
    """
    row_weights = weights.unsqueeze(1)
    mean = torch.bmm(row_weights, features)
    variance = torch.bmm(row_weights, (features - mean) ** 2)
    return torch.cat([mean, torch.sqrt(variance + 1e-5)], dim=-1).squeeze(1)


class AttentionLSTM(nn.Module):
    """Seven-class classifier of a stretch of speech; see the module's description."""

    def __init__(self, architecture: Architecture | None = None) -> None:
        super().__init__()
        self.architecture = sizes = architecture or Architecture()
        self.embed = nn.Sequential(
            nn.Linear(sizes.inputs, sizes.embedding),
            nn.LayerNorm(sizes.embedding),
            nn.ReLU(),
            nn.Dropout(sizes.dropout),
        )
        widths = [sizes.embedding] + [2 * sizes.hidden] * sizes.layers
        encoded_width = widths[-1]
        self.encoder = nn.ModuleList([AttentionGateLSTM(width, sizes.hidden) for width in widths[:-1]])
        self.dropout = nn.Dropout(sizes.dropout)
        self.scale_memory = nn.BatchNorm1d(2 * encoded_width)
        self.dropout_memory = nn.Dropout(sizes.dropout_memory)
        self.score_features = nn.Linear(encoded_width, sizes.attention)
        self.score_state = nn.Linear(sizes.decoder, sizes.attention, bias=False)
        self.score = nn.Linear(sizes.attention, 1, bias=False)
        self.decoder = nn.LSTMCell(2 * encoded_width, sizes.decoder)
        self.classify = nn.Linear(sizes.decoder, len(EMOTIONS))

    def forward(
        self, frames: Tensor, lengths: Tensor, mix: Callable[[Tensor], Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Classify a batch.

        Args:
            frames: standardised features, averaged over time, shape (B, T, inputs), padded at the end.
            lengths: valid frames of each row, int64, shape (B,), at least 1.
            mix: in training, what becomes of the memories, shape (B, n), before they are read: those of a batch may be
                mixed with each other.

        Returns:
            (logits of shape (B, 7), attention weights of shape (B, T) summing to 1 per row).
        """
        time = frames.shape[1]
        reverse = reversal(lengths, time)
        valid = torch.arange(time, device=lengths.device).unsqueeze(0) < lengths.unsqueeze(1)
        encoded = self.embed(frames)
        for layer in self.encoder:
            encoded = self.dropout(layer(encoded, reverse)[0])
        keys = self.score_features(encoded)
        state = cell = encoded.new_zeros(encoded.shape[0], self.architecture.decoder)
        weights_by_step = []
        for _ in range(self.architecture.steps):
            scores = self.score(torch.tanh(keys + self.score_state(state).unsqueeze(1))).squeeze(-1)
            weights = attention_weights(scores, valid)
            pooled = pool(encoded, weights)
            if mix is not None:
                pooled = mix(pooled)
            state, cell = self.decoder(self.dropout_memory(self.scale_memory(pooled)), (state, cell))
            weights_by_step.append(weights)
        return self.classify(self.dropout(state)), torch.stack(weights_by_step).mean(0)
