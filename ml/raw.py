"""What ffmpeg writes when it decodes: samples with or without a header before them, and the time of each frame."""

import re
import struct
import subprocess
from typing import IO

import numpy as np
from scipy.signal import butter, sosfilt, sosfilt_zi

from ml.decoder import exact_reads
from ml.errors import RecognitionError

_OFFSET_HZ = 20
_LARGEST_SAMPLE = 100.0
_HEADER_BYTES = 1024 * 1024


def wav_header(child: subprocess.Popen[bytes]) -> tuple[int, int]:
    """Sampling rate and channels, from the header that ffmpeg writes before the samples; it is read to its end."""
    rate = channels = 0
    _read_exactly(child, len(b"RIFF....WAVE"))
    while True:
        name, size = struct.unpack("<4sI", _read_exactly(child, 8))
        if name == b"data":
            break
        chunk = _read_exactly(child, min(size + size % 2, _HEADER_BYTES))
        if name == b"fmt ":
            channels, rate = struct.unpack_from("<HI", chunk, 2)
    if not (rate and channels):
        raise RecognitionError("damaged_file", "no sound can be decoded")
    return rate, channels


def _read_exactly(child: subprocess.Popen[bytes], size: int) -> bytearray:
    piece = next(exact_reads(child, size), None)
    if piece is None:
        raise RecognitionError("damaged_file", "no sound can be decoded")
    return piece


def finite(block: bytearray, channels: int) -> np.ndarray:
    """The samples in a block, shape (n, channels); what is no number becomes silence, what is absurd is bounded."""
    samples = np.frombuffer(block[: len(block) // (4 * channels) * 4 * channels], "<f4").reshape(-1, channels)
    return np.clip(np.nan_to_num(samples), -_LARGEST_SAMPLE, _LARGEST_SAMPLE)


class OffsetFilter:
    """High pass against a constant offset; it begins at the level of the first sample, so that there is no thump."""

    def __init__(self, rate: int) -> None:
        """Begin; ``rate`` in samples per second."""
        self._filter = butter(2, _OFFSET_HZ, "highpass", fs=rate, output="sos")
        self._state: np.ndarray | None = None

    def removed(self, samples: np.ndarray) -> np.ndarray:
        """The next samples, shape (n, channels), without what lies below 20 Hz."""
        if self._state is None:
            self._state = sosfilt_zi(self._filter)[:, :, None] * samples[:1]
        filtered, self._state = sosfilt(self._filter, samples.astype(np.float64), axis=0, zi=self._state)
        return np.asarray(filtered, dtype=np.float32)


def time_of(times: IO[bytes]) -> float:
    """The time ffmpeg reported for the frame just read; it reports before it hands the frame on."""
    seconds = 0.0
    while line := times.readline():
        if line.startswith(b"frame:"):
            match = re.search(rb"pts_time:(-?[\d.]+(?:e[+-]?\d+)?)", line)
            seconds = max(0.0, float(match.group(1))) if match else 0.0
        elif line.startswith(b"sampled="):
            return seconds
    raise RecognitionError("decoder_failed", "a frame without a time")
