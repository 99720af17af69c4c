"""Vocal separation with Spleeter's two stems, offline and in bounded memory (paper section 2.1).

Spleeter reads 44.1 kHz stereo in chunks of a fixed length that overlap and are cross-faded, so that a recording of two
hours needs no more memory than one of a minute and no chunk's edge can be heard. What comes out is 16 kHz mono.

Facts this module rests on:

- TensorFlow must see ``TF_USE_LEGACY_KERAS=1`` and Spleeter its ``MODEL_PATH`` before they are imported; both are
  imported by the first ``vocals`` call, in the process that makes it. A process forked from one that has used
  TensorFlow hangs.
- The stock ``separate()`` needs ``tf.estimator``, which TensorFlow 2.16 dropped; ``_open_session`` keeps one session.
- Spleeter runs on random weights when its model is missing, so ``verify_model`` looks at the files before every load.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import soxr

from ml.voice.framing import SAMPLE_RATE
from ml.voice.mixing import MonoMix
from ml.voice.separation_model import default_model_folder, fetch_model, verify_model

__all__ = ["Separator", "fetch_model", "overlapped"]

INPUT_RATE = 44_100
BLOCK_FRAMES = 512
"""Spectrogram frames that Spleeter's network reads at a time."""
FRAME_STEP = 1_024
FRAME_LENGTH = 4_096
CHUNK_SAMPLES = 3 * BLOCK_FRAMES * FRAME_STEP - FRAME_LENGTH
"""35.6 s: exactly three blocks with the frame of zeros that Spleeter puts in front, so nothing is spent on padding."""
OVERLAP_SAMPLES = 2 * INPUT_RATE
"""2 s, of which ``FADE_SAMPLES`` in the middle are cross-faded and the rest only gives context."""
FADE_SAMPLES = INPUT_RATE // 2

SeparateChunk = Callable[[np.ndarray], np.ndarray]
"""From one chunk (CHUNK_SAMPLES, 2) to its vocals, same shape."""
Mix = Callable[[np.ndarray], np.ndarray]


class Separator:
    """Vocals of recordings. Making one is cheap and touches no TensorFlow; the first ``vocals`` loads the model."""

    def __init__(self, model_dir: Path | None = None) -> None:
        self._model_dir = Path(model_dir) if model_dir is not None else default_model_folder()
        self._separate: SeparateChunk | None = None

    def vocals(self, chunks: Iterable[np.ndarray], mix: Mix | None = None) -> Iterator[np.ndarray]:
        """Separate a stream.

        Args:
            chunks: float32 stereo at 44.1 kHz, blocks of shape (n, 2), n as it comes.
            mix: brings the two channels of the vocals together, from (n, 2) to (n,); by default ``MonoMix``.

        Yields:
            float32 mono at 16 kHz, blocks of shape (m,); in all as long as the input, to the sample.

        Raises:
            RecognitionError: separator_missing, separator_damaged.
        """
        verify_model(self._model_dir)
        if self._separate is None:
            self._separate = _open_session(self._model_dir)
        mix = mix or MonoMix(INPUT_RATE).mixed
        resampler = soxr.ResampleStream(INPUT_RATE, SAMPLE_RATE, 1, dtype="float32")
        samples_in = samples_out = 0
        for stereo in overlapped(chunks, self._separate):
            samples_in += len(stereo)
            mono = resampler.resample_chunk(mix(stereo))
            samples_out += len(mono)
            yield mono
        rest = resampler.resample_chunk(np.zeros(0, dtype=np.float32), last=True)
        missing = round(samples_in * SAMPLE_RATE / INPUT_RATE) - samples_out
        yield np.pad(rest[:missing], (0, max(0, missing - len(rest))))


def overlapped(chunks: Iterable[np.ndarray], separate: SeparateChunk) -> Iterator[np.ndarray]:
    """Apply ``separate`` to overlapping chunks of a stream and join the results without a seam.

    Every chunk but the first shares ``OVERLAP_SAMPLES`` with the one before. In the middle of the shared stretch
    the two results are cross-faded over ``FADE_SAMPLES``; nearer to an edge, where a chunk lacks context, the other's
    result stands. The last chunk is filled up with silence, so that every chunk has the same length.

    Yields:
        The separated stream, as long as the input, blocks of shape (m, 2).
    """
    margin = (OVERLAP_SAMPLES - FADE_SAMPLES) // 2
    fade = np.linspace(0, 1, FADE_SAMPLES, dtype=np.float32)[:, None]
    tail: np.ndarray | None = None
    for chunk, length, last in _windows(chunks):
        result = separate(chunk)[:length]
        if tail is not None:
            result = result[margin:]
            result[:FADE_SAMPLES] = tail * (1 - fade) + result[:FADE_SAMPLES] * fade
        if last:
            yield result
        else:
            cut = len(result) - margin - FADE_SAMPLES
            yield result[:cut]
            tail = result[cut : cut + FADE_SAMPLES]


def _windows(chunks: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, int, bool]]:
    """Chunks of CHUNK_SAMPLES with OVERLAP_SAMPLES in common: (samples, how many of them are real, is it the last)."""
    buffer = np.zeros((0, 2), dtype=np.float32)
    started = False
    for block in chunks:
        buffer = np.concatenate([buffer, np.asarray(block, dtype=np.float32)])
        while len(buffer) > CHUNK_SAMPLES:
            yield buffer[:CHUNK_SAMPLES], CHUNK_SAMPLES, False
            buffer = buffer[CHUNK_SAMPLES - OVERLAP_SAMPLES :]
            started = True
    if len(buffer) or started:
        yield np.pad(buffer, ((0, CHUNK_SAMPLES - len(buffer)), (0, 0))), len(buffer), True


def _open_session(model_dir: Path) -> SeparateChunk:
    """Load the model into one TensorFlow session that serves every chunk."""
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ["MODEL_PATH"] = str(model_dir.parent)

    import spleeter.separator
    import tensorflow

    separator = spleeter.separator.Separator("spleeter:2stems", multiprocess=False)
    separator._params["model_dir"] = str(model_dir)
    with separator._tf_graph.as_default():
        vocals = separator._get_builder().outputs["vocals"]
        session = tensorflow.compat.v1.Session(
            config=tensorflow.compat.v1.ConfigProto(inter_op_parallelism_threads=1, use_per_session_threads=True)
        )
        tensorflow.compat.v1.train.Saver().restore(session, str(model_dir / "model"))
    provider, placeholders = separator._get_input_provider(), separator._get_features()

    def separate(chunk: np.ndarray) -> np.ndarray:
        return np.asarray(session.run(vocals, feed_dict=provider.get_feed_dict(placeholders, chunk, "-")))

    return separate
