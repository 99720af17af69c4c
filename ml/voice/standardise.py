"""Standardisation of the features: subtract the mean, divide by the standard deviation (paper section 2.3, eq. 3-4).

The paper normalises training and test set each by its own statistics. In use the counterpart is the recording's own
statistics: they take out the speaker's voice and the room. The rule:

- the level first: the recording is brought to ``REFERENCE_RMS`` over its speech, one gain for the whole of it, so that
  quiet recordings and loud ones look alike while loud and soft moments within a recording keep their difference;
- mean and standard deviation of every feature and every state of the speaker encoder over the frames with speech, of
  pitch and voice quality over the voiced ones among them;
- with less than ``MIN_OWN_SPEECH_S`` of speech the recording says too little about its speaker, and the training set's
  statistics serve instead (the level is the recording's own all the same).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from ml.voice import features, prosody, speaker_encoder
from ml.voice.framing import FRAMES_PER_SECOND, HOP_SAMPLES
from ml.voice.heard import Frames, Heard

REFERENCE_RMS = 0.05
"""-26 dB relative to full scale, the active speech level that ITU-T P.56 material is commonly set to."""
MAX_GAIN = 300.0
"""Nothing is amplified by more than about 50 dB: below that there is only noise."""
MIN_OWN_SPEECH_S = 3.0
MIN_STD = 1e-3
"""A feature that hardly moves is not blown up."""
_LEVEL_BLOCK = 60 * 16_000

_FAMILIES = slice(0, features.N_FEATURES)
_WHEN_VOICED = slice(_FAMILIES.stop, _FAMILIES.stop + len(prosody.WHEN_VOICED))
_ALWAYS = slice(_WHEN_VOICED.stop, _FAMILIES.stop + prosody.N_FEATURES)
_STATES = slice(_ALWAYS.stop, _ALWAYS.stop + speaker_encoder.UNITS)


@dataclass(frozen=True, slots=True)
class Statistics:
    """Level and feature statistics of one recording, one speaker or a training set.

    Attributes:
        mean, std: of the three feature families, float32, shape (N_FEATURES,); std is at least ``MIN_STD``.
        gain: factor that brings the samples to the reference level.
        frames: number of frames with speech behind the statistics.
        prosody_mean, prosody_std: the same of pitch and voice quality, shape (prosody.N_FEATURES,).
        states_mean, states_std: the same of the speaker encoder's states, shape (speaker_encoder.UNITS,).
        heard: the recordings they were taken over, whose features need not be computed again.
    """

    mean: np.ndarray
    std: np.ndarray
    gain: float
    frames: int
    prosody_mean: np.ndarray = field(default_factory=lambda: np.zeros(prosody.N_FEATURES, dtype=np.float32))
    prosody_std: np.ndarray = field(default_factory=lambda: np.ones(prosody.N_FEATURES, dtype=np.float32))
    states_mean: np.ndarray = field(default_factory=lambda: np.zeros(speaker_encoder.UNITS, dtype=np.float32))
    states_std: np.ndarray = field(default_factory=lambda: np.ones(speaker_encoder.UNITS, dtype=np.float32))
    heard: tuple[Heard, ...] = field(default=(), repr=False, compare=False)

    @property
    def speech_s(self) -> float:
        """Seconds of speech behind the statistics."""
        return self.frames / FRAMES_PER_SECOND

    def apply(self, values: np.ndarray) -> np.ndarray:
        """X = (X - mean) / std for features of shape (..., N_FEATURES), taken from samples times ``gain``."""
        return (values - self.mean) / self.std

    def features_of(self, samples: np.ndarray) -> Heard:
        """Features of a recording at this level; those computed already where the statistics were taken over it."""
        return next((heard for heard in self.heard if heard.samples is samples), Heard(samples, self.gain))

    def or_fallback(self, fallback: "Statistics") -> "Statistics":
        """These statistics, or the fallback's mean and deviation with this gain where there is too little speech."""
        if self.speech_s >= MIN_OWN_SPEECH_S:
            return self
        return replace(fallback, gain=self.gain, frames=self.frames)


class Moments:
    """Running count, sum and sum of squares per feature; they add up over blocks, files and speakers.

    Features are those of the three families, those of ``ml.voice.prosody`` and the speaker encoder's states.
    """

    def __init__(self, size: int = _STATES.stop) -> None:
        self.count = np.zeros(size)
        self.total = np.zeros(size)
        self.squares = np.zeros(size)

    def add(self, values: np.ndarray, where: slice = slice(None)) -> None:
        """Count in frames of shape (T, size), or of the features ``where`` alone."""
        self.count[where] += len(values)
        self.total[where] += values.sum(axis=0, dtype=np.float64)
        self.squares[where] += np.square(values, dtype=np.float64).sum(axis=0)

    def add_speech(self, frames: Frames, mask: np.ndarray) -> None:
        """Count in those frames that have speech: ``mask``, bool, shape (T,)."""
        columns = frames.prosody[mask]
        self.add(frames.families[mask], _FAMILIES)
        self.add(columns[columns[:, prosody.VOICED] > 0][:, prosody.WHEN_VOICED], _WHEN_VOICED)
        self.add(columns[:, prosody.ALWAYS], _ALWAYS)
        self.add(frames.states[mask], _STATES)

    def merge(self, other: "Moments", weight: float = 1.0) -> None:
        """Count in another set of moments, its frames counting ``weight`` times."""
        self.count += weight * other.count
        self.total += weight * other.total
        self.squares += weight * other.squares

    def statistics(self, gain: float = 1.0) -> Statistics:
        """Mean and (population) standard deviation so far."""
        count = np.maximum(self.count, 1.0)
        mean = self.total / count
        variance = np.maximum(self.squares / count - mean**2, 0)
        deviation = np.maximum(np.sqrt(variance), MIN_STD)
        means, stds = mean.astype(np.float32), deviation.astype(np.float32)
        families, spoken = _FAMILIES, slice(_WHEN_VOICED.start, _ALWAYS.stop)
        return Statistics(
            means[families],
            stds[families],
            gain,
            round(self.count[0]),
            prosody_mean=means[spoken],
            prosody_std=stds[spoken],
            states_mean=means[_STATES],
            states_std=stds[_STATES],
        )


def gain_for(rms: float) -> float:
    """The factor that brings a root mean square level to ``REFERENCE_RMS``, at most ``MAX_GAIN``."""
    return float(min(MAX_GAIN, REFERENCE_RMS / max(rms, 1e-9)))


def speech_rms(recordings: Iterable[tuple[np.ndarray, np.ndarray]]) -> float:
    """Root mean square of the samples with speech, over one or more recordings of one speaker.

    Args:
        recordings: pairs of 16 kHz mono samples (array or memmap) and a boolean per frame (see ``frame_count``).

    Returns:
        The level; over all samples where no frame has speech.
    """
    spoken = np.zeros(2)
    everything = np.zeros(2)
    for samples, mask in recordings:
        for start in range(0, len(samples), _LEVEL_BLOCK):
            block = np.square(np.asarray(samples[start : start + _LEVEL_BLOCK], dtype=np.float64))
            frame = np.minimum(np.arange(start, start + len(block)) // HOP_SAMPLES, len(mask) - 1)
            inside = block[mask[frame]]
            spoken += (inside.sum(), inside.size)
            everything += (block.sum(), block.size)
    total, count = spoken if spoken[1] else everything
    return float(np.sqrt(total / max(count, 1)))


def statistics_of(recordings: Iterable[tuple[np.ndarray, np.ndarray]]) -> Statistics:
    """Statistics over the speech of one speaker, who may be heard in one long recording or in many short ones.

    Args:
        recordings: as for ``speech_rms``; gone through twice, in blocks: memory does not grow with length.

    Returns:
        The statistics. Without any speech, ``frames`` is 0 and only the gain means anything.
    """
    spoken = list(recordings)
    gain = gain_for(speech_rms(spoken))
    moments = Moments()
    heard = tuple(Heard(samples, gain) for samples, _ in spoken)
    for each, (_, mask) in zip(heard, spoken, strict=True):
        if len(mask) != each.total:
            raise ValueError(f"{len(mask)} mask values for {each.total} frames")
        for first, frames in each.blocks():
            moments.add_speech(frames, mask[first : first + len(frames.families)])
    return replace(moments.statistics(gain), heard=heard)
