"""One recording from file to words: sound, speech, pieces, language, words.

The sound is spooled to a temporary folder that is removed however it ends, and listened to piece by piece, so memory
does not grow with the recording's length. Nothing said stands in an error or in a log.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from ml import media
from ml.errors import RecognitionError
from ml.level import measure
from ml.results import Progress
from ml.spool import spool
from ml.transcript.decoder import Decoder
from ml.transcript.pieces import Piece, pieces, speech_spans
from ml.transcript.results import Transcription, Word
from ml.transcript.sentences import sentences
from ml.transcript.trust import is_sound, said
from ml.voice import activity, whisper_model
from ml.voice.framing import SAMPLE_RATE
from ml.voice.front import SoundFront
from ml.voice.recogniser import single_thread

STAGES: tuple[str, ...] = ("probe", "sound", "speech", "language", "words")
SPEECH_BLOCK_S = 15
LANGUAGE_PIECES = 8
"""So many pieces, spread over the recording, are asked for the language."""
MODEL = {"version": whisper_model.VERSION, "sha256": whisper_model.SHA256}


def transcribe(
    path: Path | str, decoder: Decoder, progress: Progress | None = None, max_duration_s: float = 2 * 60 * 60
) -> Transcription:
    """Write down what is said in a recording.

    Args:
        path: video with sound, or sound alone; only read.
        decoder: see ``Decoder.load``.
        progress: told after every step, with the stages of ``STAGES``; may raise ``ml.errors.Cancelled``.
        max_duration_s: recordings longer than this are refused.

    Raises:
        RecognitionError: those of ``ml.media``, and no_sound where the recording has none.
        Cancelled: raised by ``progress``; nothing is left behind.
    """
    tell = progress or (lambda stage, completed, total: None)
    with tempfile.TemporaryDirectory(prefix="emorec-") as folder:
        return _Job(Path(path), decoder, tell, max_duration_s).run(Path(folder))


class _Job:
    """One transcription under way."""

    def __init__(self, path: Path, decoder: Decoder, progress: Progress, max_duration_s: float) -> None:
        self.path, self.decoder, self.progress, self.max_duration_s = path, decoder, progress, max_duration_s
        self.timings: dict[str, float] = {}
        self.encodings: dict[Piece, Any] = {}
        """Of the few pieces that were asked for the language, until they are written down."""

    def run(self, folder: Path) -> Transcription:
        with self._stage("probe"):
            self.info = media.probe(self.path, self.max_duration_s)
            if not self.info.has_audio:
                raise RecognitionError("no_sound")
        with self._stage("sound"):
            samples = spool(self._sound(), folder / "sound.f32")
        with self._stage("speech"):
            packed = pieces(speech_spans(self._speech(samples)))
        with self._stage("language"):
            language, probability = self._language(samples, packed)
        with self._stage("words"):
            words, left_out_s = self._words(samples, packed, language)
        return Transcription(
            language,
            probability,
            sentences(words),
            sum(piece.speech_s for piece in packed),
            left_out_s,
            MODEL,
            self.timings,
        )

    def _sound(self) -> Iterator[np.ndarray]:
        """16 kHz mono at the level that speech is looked for at."""
        meter = measure(
            self.path, self.info, self.max_duration_s, lambda _: self.progress("sound", 0.0, self.info.duration_s)
        )
        front = SoundFront(meter, media.SAMPLE_RATE)
        resampler = soxr.ResampleStream(media.SAMPLE_RATE, SAMPLE_RATE, 1, dtype="float32")
        for block in front.prepared(self._blocks()):
            yield resampler.resample_chunk(front.mixed(block))
        yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)

    def _blocks(self) -> Iterator[np.ndarray]:
        seconds = 0.0
        for block in media.audio_blocks(self.path, self.info, self.max_duration_s):
            yield block
            seconds += len(block) / media.SAMPLE_RATE
            self.progress("sound", min(seconds, self.info.duration_s), self.info.duration_s)

    def _speech(self, samples: np.ndarray) -> np.ndarray:
        """Speech probability of every 32 ms."""
        detector = activity.SpeechActivity()
        block, probabilities = SPEECH_BLOCK_S * SAMPLE_RATE, []
        for at in range(0, len(samples), block):
            with single_thread():
                probabilities.append(detector.feed(samples[at : at + block]))
            self.progress("speech", min(at + block, len(samples)), len(samples))
        return np.concatenate([*probabilities, detector.finish()])

    def _language(self, samples: np.ndarray, packed: Sequence[Piece]) -> tuple[str, float]:
        """The language that most of the speech listened to is in, and how sure the model is of it."""
        weights: dict[str, float] = {}
        asked = packed[:: max(1, -(-len(packed) // LANGUAGE_PIECES))]
        for number, piece in enumerate(asked):
            self.encodings[piece] = self._encoded(samples, piece)
            for name, probability in self.decoder.languages(self.encodings[piece]).items():
                weights[name] = weights.get(name, 0.0) + probability * piece.speech_s
            self.progress("language", number + 1, len(asked))
        if not weights:
            return "", 0.0
        language = max(weights, key=lambda name: weights[name])
        return language, weights[language] / sum(piece.speech_s for piece in asked)

    def _words(self, samples: np.ndarray, packed: Sequence[Piece], language: str) -> tuple[list[Word], float]:
        """All words that are believed, and the seconds of speech that are not written down."""
        words: list[Word] = []
        left_out_s, total = 0.0, sum(piece.speech_s for piece in packed)
        done = 0.0
        waiting = list(reversed(packed))
        while waiting:
            piece = waiting.pop()
            encoded = self.encodings.pop(piece, None) or self._encoded(samples, piece)
            draft = self.decoder.draft(encoded, piece.end_s - piece.start_s, language)
            if is_sound(draft, piece):
                words += said((_moved(word, piece.start_s) for word in draft.words), piece.spans)
            elif halves := piece.halves():
                waiting += reversed(halves)
                continue
            else:
                left_out_s += piece.speech_s
            done += piece.speech_s
            self.progress("words", done, total)
        return words, left_out_s

    def _encoded(self, samples: np.ndarray, piece: Piece) -> Any:
        return self.decoder.encoded(samples[int(piece.start_s * SAMPLE_RATE) : int(piece.end_s * SAMPLE_RATE)])

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        """Measures a stage; reports its beginning and its end."""
        started = time.perf_counter()
        self.progress(name, 0.0, 1.0)
        yield
        self.timings[name] = time.perf_counter() - started
        self.progress(name, 1.0, 1.0)


def _moved(word: Word, seconds: float) -> Word:
    return replace(word, start_s=word.start_s + seconds, end_s=word.end_s + seconds)
