"""What is not believed: the decoder writes something whatever it is given, so what it writes is held against the sound.

The bounds are Whisper's own where it has one.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ml.transcript.decoder import Draft
from ml.transcript.pieces import Piece, Span
from ml.transcript.results import Word

LEAST_LOG_PROBABILITY = -1.0
NO_SPEECH = 0.6
SURE_LOG_PROBABILITY = -0.5
"""A draft surer than this counts although the model doubts that anybody speaks."""
MOST_COMPRESSION = 2.4
"""Text that compresses better than this repeats itself."""
NEAR_SPEECH_S = 0.3
"""A word further from any speech was not said."""
FASTEST_WORDS_PER_S = 12.0
"""Characters a second, in Chinese; more were not said."""


def is_sound(draft: Draft, piece: Piece) -> bool:
    """Whether a draft of this piece may be believed as a whole."""
    if draft.mean_log_probability < LEAST_LOG_PROBABILITY:
        return False
    if draft.no_speech > NO_SPEECH and draft.mean_log_probability < SURE_LOG_PROBABILITY:
        return False
    if len(draft.words) > FASTEST_WORDS_PER_S * piece.speech_s + 2:
        return False
    return compression(draft.text) <= MOST_COMPRESSION


def compression(text: str) -> float:
    """How many times shorter zlib makes the text; at least 1 for what is too short to repeat itself."""
    content = text.encode()
    return len(content) / len(zlib.compress(content)) if content else 1.0


def said(words: Iterable[Word], spans: Sequence[Span]) -> tuple[Word, ...]:
    """The words that lie in speech, each cut to the span it shares most time with.

    Args:
        words: times in seconds of the recording, as ``spans``.
    """
    kept = []
    for word in words:
        span = max(spans, key=lambda span: min(word.end_s, span[1]) - max(word.start_s, span[0]))
        if max(word.start_s - span[1], span[0] - word.end_s) > NEAR_SPEECH_S:
            continue
        start = min(max(word.start_s, span[0]), span[1])
        kept.append(replace(word, start_s=start, end_s=max(start, min(word.end_s, span[1]))))
    return tuple(kept)
