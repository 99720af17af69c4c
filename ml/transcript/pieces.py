"""Which stretches of a recording are listened to: those with speech, packed into pieces that the decoder can read."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.voice.activity import THRESHOLD, WINDOW_SAMPLES
from ml.voice.framing import SAMPLE_RATE

WINDOW_S = WINDOW_SAMPLES / SAMPLE_RATE
PIECE_S = 28.0
"""Longest piece; the decoder reads 30 s."""
LEAST_SPEECH_S = 0.25
"""A voice shorter than this is a cough or a click."""
CLOSED_GAP_S = 0.35
"""Pauses up to this stay inside a span of speech."""
MARGIN_S = 0.15
"""Kept before and after: speech is found a little late, and its end is soft."""
JOINED_GAP_S = 3.0
"""Spans further apart are never in one piece: in long silences the decoder begins to invent."""
CUT_WITHIN_S = 12.0
"""A piece that is full is cut at the longest pause of its last so many seconds."""

Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of at most ``PIECE_S`` seconds and the speech in it, as (start, end) in seconds of the recording."""

    spans: tuple[Span, ...]

    @property
    def start_s(self) -> float:
        """Where its first span begins."""
        return self.spans[0][0]

    @property
    def end_s(self) -> float:
        """Where its last span ends."""
        return self.spans[-1][1]

    @property
    def speech_s(self) -> float:
        """Seconds of speech."""
        return sum(end - start for start, end in self.spans)

    def halves(self) -> tuple["Piece", ...]:
        """Two pieces, cut at the longest pause; nothing where there is none."""
        if len(self.spans) < 2:
            return ()
        cut = _longest_pause(self.spans, 0)
        return Piece(self.spans[:cut]), Piece(self.spans[cut:])


def speech_spans(probabilities: np.ndarray) -> list[Span]:
    """Spans of speech, at most ``PIECE_S`` long, apart from one another, in time order.

    Args:
        probabilities: speech probability of every 32 ms (``ml.voice.activity``), shape (n,).
    """
    speech = np.concatenate([[False], probabilities >= THRESHOLD, [False]])
    edges = np.flatnonzero(np.diff(speech.astype(np.int8)))
    merged: list[list[int]] = []
    for first, last in edges.reshape(-1, 2):
        if merged and (first - merged[-1][1]) * WINDOW_S <= CLOSED_GAP_S:
            merged[-1][1] = int(last)
        else:
            merged.append([int(first), int(last)])
    spans: list[Span] = []
    for first, last in merged:
        if (last - first) * WINDOW_S < LEAST_SPEECH_S:
            continue
        for begin, end in _cut(probabilities, first, last):
            start = max(begin * WINDOW_S - MARGIN_S, spans[-1][1] if spans else 0.0)
            spans.append((start, min(end * WINDOW_S + MARGIN_S, len(probabilities) * WINDOW_S)))
    return spans


def _cut(probabilities: np.ndarray, first: int, last: int) -> list[tuple[int, int]]:
    """A span of windows, cut where speech is least likely until every part is short enough."""
    longest = int((PIECE_S - 2 * MARGIN_S) / WINDOW_S)
    parts = []
    while last - first > longest:
        least = first + longest // 2
        at = least + int(np.argmin(probabilities[least : first + longest]))
        parts.append((first, at))
        first = at
    return [*parts, (first, last)]


def pieces(spans: Sequence[Span]) -> list[Piece]:
    """The spans in order, as many in a piece as fit."""
    packed = []
    remaining = list(spans)
    while remaining:
        count = 1
        while (
            count < len(remaining)
            and remaining[count][0] - remaining[count - 1][1] <= JOINED_GAP_S
            and remaining[count][1] - remaining[0][0] <= PIECE_S
        ):
            count += 1
        is_full = count < len(remaining) and remaining[count][0] - remaining[count - 1][1] <= JOINED_GAP_S
        if is_full and count > 1:
            count = _longest_pause(remaining[: count + 1], remaining[count - 1][1] - CUT_WITHIN_S)
        packed.append(Piece(tuple(remaining[:count])))
        remaining = remaining[count:]
    return packed


def _longest_pause(spans: Sequence[Span], since_s: float) -> int:
    """Number of the span before which the pause is longest, of those that begin after ``since_s``; at least 1."""
    later = [number for number in range(1, len(spans)) if spans[number][0] >= since_s]
    return max(later, key=lambda number: spans[number][0] - spans[number - 1][1])
