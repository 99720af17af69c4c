"""The Whisper base model (Radford et al. 2022) writing down a piece of speech, run by CTranslate2 in 8-bit integers.

Greedy, without what came before as a prompt, so that an error does not breed the next. The decoder is asked for text
without time marks; when each word was said is read from its attention (``align``).
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np

from ml.transcript.results import Word
from ml.transcript.tokens import text_of, word_lengths
from ml.voice import whisper_model
from ml.voice.framing import SAMPLE_RATE
from ml.voice.whisper_encoder import log_mel

INPUT_SAMPLES = 30 * SAMPLE_RATE
MAX_TOKENS = 224
"""Half of what the decoder could write for 30 s; nobody speaks faster."""
POSITION_S = 0.02
"""One step of the encoder."""
_START, _WRITE, _UNTIMED, _FIRST_SPECIAL = (
    "<|startoftranscript|>",
    "<|transcribe|>",
    "<|notimestamps|>",
    "<|endoftext|>",
)


@dataclass(frozen=True, slots=True)
class Draft:
    """What the decoder wrote for one piece.

    Attributes:
        words: times in seconds from the beginning of the piece.
        mean_log_probability: per token.
        no_speech: the model's probability that nobody speaks.
    """

    words: tuple[Word, ...]
    mean_log_probability: float
    no_speech: float

    @property
    def text(self) -> str:
        """All words."""
        return "".join(word.text for word in self.words).strip()


class Decoder:
    """The model, loaded once; in the process that uses it."""

    def __init__(self, files: dict[str, bytes]) -> None:
        threads = len(os.sched_getaffinity(0))
        self._model = ctranslate2.models.Whisper(
            "whisper-base", device="cpu", compute_type="int8", intra_threads=min(4, threads), files=files
        )
        vocabulary = files["vocabulary.txt"].decode("utf-8").split("\n")
        self._number = {token: number for number, token in enumerate(vocabulary)}

    @classmethod
    def load(cls, folder: Path | None = None) -> "Decoder":
        """Raises RecognitionError: encoder_missing, encoder_damaged."""
        return cls(whisper_model.read_decoder(folder))

    def encoded(self, samples: np.ndarray) -> Any:
        """What the decoder reads, of at most 30 s of 16 kHz mono."""
        padded = np.pad(samples[:INPUT_SAMPLES], (0, max(0, INPUT_SAMPLES - len(samples))))
        return self._model.encode(ctranslate2.StorageView.from_array(log_mel(padded)[None]))

    def languages(self, encoded: Any) -> dict[str, float]:
        """Probability of every language the model knows, by ISO 639 code."""
        (found,) = self._model.detect_language(encoded)
        return {token.strip("<|>"): float(probability) for token, probability in found}

    def draft(self, encoded: Any, seconds: float, language: str) -> Draft:
        """Writes down a piece of ``seconds`` length."""
        prompt = [_START, f"<|{language}|>", _WRITE]
        (result,) = self._model.generate(
            encoded,
            [[*prompt, _UNTIMED]],
            beam_size=1,
            max_length=MAX_TOKENS,
            return_scores=True,
            return_no_speech_prob=True,
        )
        end = self._number[_FIRST_SPECIAL]
        pairs = zip(result.sequences[0], result.sequences_ids[0], strict=True)
        text = [(token, number) for token, number in pairs if number < end]
        words: tuple[Word, ...] = ()
        if text:
            aligned = self._aligned(encoded, prompt, [number for _, number in text], seconds)
            words = _words([token for token, _ in text], *aligned, language)
        return Draft(words, float(result.scores[0]), float(result.no_speech_prob))

    def _aligned(
        self, encoded: Any, prompt: Sequence[str], text: list[int], seconds: float
    ) -> tuple[np.ndarray, np.ndarray]:
        """Where each token begins in seconds, with the end of the last one, shape (n + 1,); and their probabilities."""
        frames = max(2, min(3000, round(seconds * 100)))
        (found,) = self._model.align(encoded, [self._number[token] for token in prompt], [text], [frames])
        rows, positions = np.array(found.alignments).T
        begins = positions[np.concatenate([[True], np.diff(rows) > 0])] * POSITION_S
        begins = np.append(begins[: len(text) + 1], [seconds] * max(0, len(text) + 1 - len(begins)))
        return np.minimum(begins, seconds), np.array(found.text_token_probs)


def _words(tokens: Sequence[str], begins: np.ndarray, probabilities: np.ndarray, language: str) -> tuple[Word, ...]:
    words, first = [], 0
    for length in word_lengths(tokens, language):
        last = first + length
        text = text_of(tokens[first:last])
        if text.strip():
            probability = float(np.mean(probabilities[first:last]))
            words.append(Word(text, float(begins[first]), float(begins[last]), probability))
        first = last
    return tuple(words)
