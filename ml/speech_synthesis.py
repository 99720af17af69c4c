"""Speech from text with the espeak-ng library that espeakng-loader brings: formant synthesis, no network, no data."""

import ctypes
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from typing import NamedTuple

import numpy as np

_AUDIO_OUTPUT_RETRIEVAL = 1
_POSITION_CHARACTER = 1
_CHARS_UTF8 = 1
_RATE, _PITCH, _RANGE = 1, 3, 4
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class Manner(NamedTuple):
    """How a sentence is spoken: words per minute, pitch 0-99, pitch range 0-99."""

    rate: int = 165
    pitch: int = 50
    range: int = 50


class _Library(NamedTuple):
    functions: ctypes.CDLL
    rate: int


@cache
def _library() -> _Library:
    """The library, initialised once per process; ``rate`` is its sampling rate in Hz."""
    import espeakng_loader

    functions = ctypes.CDLL(espeakng_loader.get_library_path())
    data = str(espeakng_loader.get_data_path()).encode()
    rate = functions.espeak_Initialize(_AUDIO_OUTPUT_RETRIEVAL, 0, data, 0)
    if rate <= 0 or functions.espeak_SetVoiceByName(b"en-us") != 0:
        raise RuntimeError("espeak-ng cannot be started; install espeakng-loader again")
    return _Library(functions, rate)


def speak(text: str, manner: Manner | None = None) -> tuple[np.ndarray, int]:
    """One sentence.

    Returns:
        Samples (float32, shape (n,), -1 to 1) and their sampling rate in Hz.
    """
    library, pieces = _library(), list[np.ndarray]()

    def collect(samples: "ctypes._Pointer[ctypes.c_short]", count: int, events: int | None) -> int:
        if count > 0:
            pieces.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    callback = _CALLBACK(collect)
    manner = manner or Manner()
    library.functions.espeak_SetSynthCallback(callback)
    for parameter, value in ((_RATE, manner.rate), (_PITCH, manner.pitch), (_RANGE, manner.range)):
        library.functions.espeak_SetParameter(parameter, value, 0)
    encoded = text.encode()
    size = ctypes.c_size_t(len(encoded) + 1)
    library.functions.espeak_Synth(encoded, size, 0, _POSITION_CHARACTER, 0, _CHARS_UTF8, None, None)
    library.functions.espeak_Synchronize()
    samples = np.concatenate(pieces) if pieces else np.zeros(0, np.int16)
    return samples.astype(np.float32) / 32768, library.rate


def speak_afresh(sentences: Sequence[tuple[str, Manner]], seconds: float, pause_s: float) -> tuple[np.ndarray, int]:
    """``speak_all`` in a process of its own: the library never speaks the same twice in one process, since its phases
    and its noise go on from where they were. A process that dies raises BrokenProcessPool."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(speak_all, sentences, seconds, pause_s).result()


def speak_all(sentences: Sequence[tuple[str, Manner]], seconds: float, pause_s: float) -> tuple[np.ndarray, int]:
    """Sentences one after the other, from the first again, with pauses, until the time is full.

    Returns:
        Samples (float32, exactly ``seconds`` long) and their sampling rate in Hz.
    """
    rate, parts, filled, number = _library().rate, list[np.ndarray](), 0, 0
    length = round(seconds * rate)
    while filled < length:
        text, manner = sentences[number % len(sentences)]
        samples, _ = speak(text, manner)
        parts += [np.zeros(round(pause_s * rate), np.float32), samples]
        filled += len(parts[-2]) + len(samples)
        number += 1
    return np.concatenate(parts)[:length], rate
