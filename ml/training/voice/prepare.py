"""What the Attention-LSTM is trained on: features of every utterance in several versions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import soxr

from ml.data.manifest import Utterance, read_audio
from ml.data.noise import coloured_noise
from ml.emotions import EMOTIONS
from ml.voice import activity, features
from ml.voice.framing import SAMPLE_RATE
from ml.voice.standardise import Moments, Statistics, gain_for, speech_rms

CLEAN = 0
"""The version at natural speed without added noise, which is always the first."""


@dataclass(frozen=True, slots=True)
class Version:
    """How a copy of every utterance is altered: played faster or slower, and noise added (None: no noise)."""

    speed: float = 1.0
    noise_snr_db: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One utterance in one version, before standardisation.

    Attributes:
        frames: features averaged over a few frames, from the first to the last speech, float16, shape (T, N_FEATURES).
        moments: sums over the 10 ms frames with speech.
        level: factor between the utterance's own gain and its speaker's, which ``frames`` were taken with.
    """

    frames: np.ndarray
    moments: Moments
    level: float


@dataclass(frozen=True, slots=True)
class Prepared:
    """Every utterance in every version: ``samples[utterance][version]``."""

    utterances: tuple[Utterance, ...]
    versions: tuple[Version, ...]
    samples: tuple[tuple[Sample, ...], ...]

    def labels(self) -> np.ndarray:
        """Class index per utterance, int64."""
        return np.array([int(utterance.emotion) for utterance in self.utterances])

    def speakers(self) -> np.ndarray:
        """Speaker per utterance."""
        return np.array([utterance.speaker for utterance in self.utterances])

    def corpora(self) -> np.ndarray:
        """Corpus per utterance."""
        return np.array([utterance.corpus for utterance in self.utterances])


def prepare(
    utterances: Sequence[Utterance],
    versions: Sequence[Version],
    frames_averaged: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> Prepared:
    """Read the audio, find the speech, bring every speaker to one level and take the features of every version.

    Args:
        progress: called with (utterances done, all utterances).
    """
    speakers = sorted({utterance.speaker for utterance in utterances})
    samples: dict[int, tuple[Sample, ...]] = {}
    for speaker in speakers:
        indices = [i for i, utterance in enumerate(utterances) if utterance.speaker == speaker]
        audio = [read_audio(utterances[i].path) for i in indices]
        speech = [activity.speech_probabilities(recording) for recording in audio]
        masks = [
            activity.frame_mask(probabilities, len(recording))
            for probabilities, recording in zip(speech, audio, strict=True)
        ]
        gain = gain_for(speech_rms(list(zip(audio, masks, strict=True))))
        for i, recording, probabilities, mask in zip(indices, audio, speech, masks, strict=True):
            draws = np.random.default_rng([seed, i])
            level = gain_for(speech_rms([(recording, mask)])) / gain
            altered = [_altered(recording * gain, version, draws) for version in versions]
            samples[i] = tuple(
                _sample(sound, _speech(probabilities, version.speed, len(sound)), level, frames_averaged)
                for sound, version in zip(altered, versions, strict=True)
            )
            if progress is not None:
                progress(len(samples), len(utterances))
    return Prepared(tuple(utterances), tuple(versions), tuple(samples[i] for i in range(len(utterances))))


def _altered(samples: np.ndarray, version: Version, draws: np.random.Generator) -> np.ndarray:
    if version.speed != 1.0:
        samples = soxr.resample(samples, SAMPLE_RATE * version.speed, SAMPLE_RATE)
    if version.noise_snr_db is not None:
        snr = draws.uniform(*version.noise_snr_db)
        level = np.sqrt(np.mean(np.square(samples, dtype=np.float64))) * 10 ** (-snr / 20)
        samples = samples + np.float32(level) * coloured_noise(len(samples), draws.uniform(0, 2), draws)
    return np.asarray(samples, dtype=np.float32)


def _speech(probabilities: np.ndarray, speed: float, samples: int) -> np.ndarray:
    """Which frames have speech of so many samples, which are those judged so, played at ``speed``."""
    windows = -(-samples // activity.WINDOW_SAMPLES)
    source = np.minimum((np.arange(windows) * speed).astype(int), len(probabilities) - 1)
    return activity.frame_mask(probabilities[source], samples)


def _sample(samples: np.ndarray, mask: np.ndarray, level: float, frames_averaged: int) -> Sample:
    first, last = activity.speech_span(mask)
    frames = features.extract(samples)
    moments = Moments()
    moments.add(frames[mask] if mask.any() else frames)
    averaged = features.average_frames(frames[first:last], frames_averaged)
    return Sample(averaged.astype(np.float16), moments, level)


def training_statistics(prepared: Prepared, indices: np.ndarray) -> Statistics:
    """The fallback statistics: over all speech of the given utterances as recorded, every speaker at one level."""
    moments = Moments()
    for i in indices:
        moments.merge(prepared.samples[i][CLEAN].moments)
    return moments.statistics()


def speaker_statistics(
    prepared: Prepared, indices: np.ndarray, version: int, draws: np.random.Generator | None = None
) -> dict[str, Statistics]:
    """Statistics of every speaker over their own utterances in one version.

    Args:
        draws: when given, each speaker's utterances count with random weights by class, so that the network meets
            speakers whose mix of emotions is as uneven as an interview's.
    """
    by_speaker: dict[str, Moments] = {}
    mixes: dict[str, np.ndarray] = {}
    for i in indices:
        utterance = prepared.utterances[i]
        moments = by_speaker.setdefault(utterance.speaker, Moments())
        weight = 1.0
        if draws is not None:
            if utterance.speaker not in mixes:
                mixes[utterance.speaker] = draws.gamma(2.0, size=len(EMOTIONS)) + 0.05
            weight = mixes[utterance.speaker][utterance.emotion]
        moments.merge(prepared.samples[i][version].moments, weight)
    return {speaker: moments.statistics() for speaker, moments in by_speaker.items()}
