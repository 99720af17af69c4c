"""Rounds through a corpus: sessions of one person (``ml.data.sessions``), as the voice network is trained on them.

A round goes once through all utterances of all speakers; altered rounds are played faster or slower, in a room, through
a narrow or tilted channel, with noise. Segments are cut as in use (``ml.summary.plan_segments``), so their labels are
shares of the speech in them.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr
from scipy.signal import butter, fftconvolve, sosfilt

from ml.atomic import replaced
from ml.config import Config
from ml.data.manifest import Utterance, read_audio
from ml.data.noise import coloured_noise
from ml.data.sessions import Order, joined, session_plan
from ml.emotions import EMOTIONS
from ml.summary import plan_segments
from ml.voice import activity
from ml.voice.framing import FRAMES_PER_SECOND, HOP_SAMPLES, SAMPLE_RATE, frame_count
from ml.voice.recording_features import RecordingFeatures
from ml.voice.segment_features import segment_features
from ml.voice.standardise import gain_for, speech_rms
from ml.voice.whisper_encoder import WhisperEncoder

PASSBANDS_HZ = ((50, 3400), (200, 3400), (60, 7000), (100, 5500), (80, 4500), (150, 7500))


@dataclass(frozen=True, slots=True)
class Round:
    """One way through all utterances.

    Attributes:
        order: all of a session in one mood, in any order, or every utterance by itself.
        altered: whether the sound is altered.
        number: rounds of the same kind differ by their random draws.
    """

    order: Order
    altered: bool = False
    number: int = 0

    @property
    def name(self) -> str:
        """For files and logs."""
        return f"{self.order.replace(' ', '-')}{'-altered' if self.altered else ''}-{self.number}"


ROUNDS: tuple[Round, ...] = (
    Round("one mood"),
    Round("any order"),
    Round("alone"),
    Round("one mood", altered=True),
    Round("any order", altered=True),
    Round("one mood", altered=True, number=1),
    Round("any order", altered=True, number=1),
)


@dataclass(frozen=True, slots=True)
class Segments:
    """Segments of many sessions.

    Attributes:
        features: float16, shape (n, N_SEGMENT_FEATURES); NaN where the voice was too short to tell.
        labels: share of each class in the segment's speech, float32, shape (n, 7).
        speakers: shape (n,).
        sessions: number of the session, shape (n,).
    """

    features: np.ndarray
    labels: np.ndarray
    speakers: np.ndarray
    sessions: np.ndarray

    def save(self, path: Path) -> None:
        """Write them to a file."""
        with replaced(path) as file:
            np.savez(file, **{name: getattr(self, name) for name in self.__slots__})

    def of(self, speakers: Collection[str]) -> "Segments":
        """Those of these speakers."""
        chosen = np.isin(self.speakers, list(speakers))
        return Segments(*(getattr(self, name)[chosen] for name in self.__slots__))

    @classmethod
    def together(cls, parts: Iterable["Segments"]) -> "Segments":
        """Those of all parts, one part after the other."""
        columns = [[getattr(each, name) for name in cls.__slots__] for each in parts]
        return cls(*(np.concatenate(column) for column in zip(*columns, strict=True)))

    @classmethod
    def load(cls, path: Path) -> "Segments":
        """The counterpart of ``save``."""
        with np.load(path) as stored:
            return cls(**{name: stored[name] for name in cls.__slots__})


def altered(samples: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    """The sound at another speed, in a room, through another channel and with noise, each with some probability."""
    if draws.random() < 0.6:
        samples = soxr.resample(samples, SAMPLE_RATE * draws.uniform(0.88, 1.12), SAMPLE_RATE)
    if draws.random() < 0.35:
        samples = fftconvolve(samples, _room(draws))[: len(samples)]
    if draws.random() < 0.5:
        band = PASSBANDS_HZ[int(draws.integers(len(PASSBANDS_HZ)))]
        samples = sosfilt(butter(4, band, "bandpass", fs=SAMPLE_RATE, output="sos"), samples)
    if draws.random() < 0.4:
        samples = np.append(samples[:1], samples[1:] + draws.uniform(-0.5, 0.5) * samples[:-1])
    if draws.random() < 0.5:
        level = np.sqrt(np.mean(np.square(samples, dtype=np.float64))) * 10 ** (-draws.uniform(5, 30) / 20)
        samples = samples + level * coloured_noise(len(samples), draws.uniform(0, 2), draws)
    return np.asarray(samples, dtype=np.float32)


def _room(draws: np.random.Generator) -> np.ndarray:
    """An impulse response: the direct sound, then noise that falls by 60 dB in 0.1 to 0.5 s."""
    seconds = draws.uniform(0.1, 0.5)
    count = int(seconds * SAMPLE_RATE)
    tail = np.exp(-6.9 * np.arange(count) / count) * draws.standard_normal(count)
    tail[0] = 0
    tail *= draws.uniform(0.1, 0.6) / np.sqrt(np.square(tail).sum())
    tail[0] = 1
    return tail


def round_segments(
    utterances: Sequence[Utterance],
    of: Round,
    encoder: WhisperEncoder,
    seed: int,
    tell: Callable[[int, int], None] | None = None,
) -> Segments:
    """The segments of one round.

    Args:
        tell: called with (sessions done, all sessions).
    """
    draws = np.random.default_rng(
        [seed, of.number, int(of.altered), ("one mood", "any order", "alone").index(of.order)]
    )
    plan = session_plan(utterances, of.order, draws)
    rows: list[np.ndarray] = []
    labels: list[np.ndarray] = []
    speakers: list[str] = []
    sessions: list[int] = []
    for number, members in enumerate(plan):
        parts = [read_audio(utterances[member].path) for member in members]
        sound, classes = joined(parts, [int(utterances[member].emotion) for member in members], draws)
        if of.altered:
            changed = altered(sound, draws)
            classes = classes[np.minimum(np.arange(len(changed)) * len(sound) // len(changed), len(sound) - 1)]
            sound = changed
        for row, shares in session_segments(sound, classes, encoder, whole=of.order == "alone"):
            rows.append(row.astype(np.float16))
            labels.append(shares)
            speakers.append(utterances[members[0]].speaker)
            sessions.append(number)
        if tell is not None:
            tell(number + 1, len(plan))
    return Segments(np.stack(rows), np.stack(labels).astype(np.float32), np.array(speakers), np.array(sessions))


def session_segments(
    sound: np.ndarray, classes: np.ndarray, encoder: WhisperEncoder, *, whole: bool
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Features and label shares of every segment of a session that has enough speech to be judged.

    Args:
        classes: of every sample, -1 in pauses.
        whole: judge the session as one segment.
    """
    mask = activity.frame_mask(activity.speech_probabilities(sound), len(sound))
    recording = RecordingFeatures(sound, gain_for(speech_rms([(sound, mask)])), encoder)
    middle = np.minimum(np.arange(frame_count(len(sound))) * HOP_SAMPLES + HOP_SAMPLES, len(sound) - 1)
    mood = classes[middle]
    seconds = len(sound) / SAMPLE_RATE
    config = Config()
    for start, end in [(0.0, seconds)] if whole else plan_segments(seconds, config):
        begin, stop = (min(int(at * FRAMES_PER_SECOND), len(mask)) for at in (start, end))
        has_speech = mask[begin:stop]
        if not whole and has_speech.sum() < config.min_speech_share * config.segment_s * FRAMES_PER_SECOND:
            continue
        shares = np.bincount(mood[begin:stop][has_speech & (mood[begin:stop] >= 0)], minlength=len(EMOTIONS))
        if not shares.sum():
            continue
        first, last = activity.speech_span(has_speech)
        yield segment_features(recording, mask, begin + first, begin + last), shares / shares.sum()
