"""What happens to sound before a voice is judged: its level is set, its channels are mended, and what separation leaves
is weighed, so that music is not taken for a voice.

The thresholds were chosen on segments of four seconds of real speech (RAVDESS, EmoDB, CASIA, nEMO, TESS, AMI), music,
songs, noise, and speech mixed with music and noise at known ratios. Of clean speech separation keeps everything, of
far-field speech all but 4.5 dB, of speech 5 dB below music all but 8 dB; of an orchestra it leaves -10 dB and less.
"""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from ml.level import CELL_S, TARGET_LEVEL, LevelMeter
from ml.voice import activity
from ml.voice.framing import SAMPLE_RATE
from ml.voice.mixing import MonoMix

KEPT_LEAST_DB = -8.0
"""Where separation keeps less than this of the level, what is left is not judged."""
ACCOMPANIED_DB = -1.5
"""Where it keeps less than this, something else sounds as well, and it may be a song:"""
SURE_LEAST = 0.9
"""then speech has to be found with at least this mean probability."""
SONG_SHARE = 0.25
"""Share of the stretches with speech that are music for these reasons, from which all that is accompanied counts as
sung; of the stretches of two songs 39 and 100 % are."""
QUIET_LEAST_DBFS = -80.0
"""Speech below this level in the file is mostly rounding of 16-bit numbers."""
DEAD_SHARE = 1e-3
"""A channel with less than this share of the other's power is dead."""
_LOUD = TARGET_LEVEL * 0.1
"""Level from which something is heard at all: 20 dB below the recording's loud part."""
_DECIMATION = 3
"""Levels are compared below about 7 kHz: what hisses above it is no voice and masks none."""


class SoundFront:
    """The way of one recording's sound to its separated voice and past it."""

    def __init__(self, meter: LevelMeter, rate: int) -> None:
        """Begin a recording.

        Args:
            meter: has measured the whole recording.
            rate: samples per second of what ``prepared`` and ``mixed`` are given.
        """
        self._meter = meter
        self._gain = np.float32(meter.gain())
        self._live = meter.live_channel(DEAD_SHARE)
        self._mix = MonoMix(rate)
        self._power_before, self._power_after = _CellPower(rate), _CellPower(rate)

    @property
    def dead_channel(self) -> bool:
        """Whether one of two channels is silent; the other then stands in both."""
        return self._live is not None

    @property
    def turned_share(self) -> float:
        """See ``MonoMix.turned_share``."""
        return self._mix.turned_share

    def prepared(self, blocks: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        """Blocks of shape (n, 2) at the level and with the channels that separation is to see."""
        for block in blocks:
            levelled = block * self._gain
            if self._live is not None:
                levelled = np.repeat(levelled[:, self._live, None], 2, axis=1)
            self._power_before.add(levelled)
            yield levelled

    def mixed(self, stereo: np.ndarray) -> np.ndarray:
        """The next of the separated voice, shape (n, 2), as one channel, shape (n,)."""
        self._power_after.add(stereo)
        return self._mix.mixed(stereo)

    def objections(
        self, speech: np.ndarray, spans: Sequence[tuple[float, float]], has_speech: Sequence[bool]
    ) -> list[str | None]:
        """What ``objection`` says of every stretch of the whole recording; "music" wherever a song is accompanied.

        Args:
            speech: as for ``objection``.
            spans: (start, end) in seconds.
            has_speech: whether enough speech was found in each.
        """
        codes = [self.objection(speech, *span, has_speech=each) for span, each in zip(spans, has_speech, strict=True)]
        music = sum(code == "music" and each for code, each in zip(codes, has_speech, strict=True))
        if not music or music < SONG_SHARE * sum(has_speech):
            return codes
        return [
            "music" if each and code is None and self._speech_ratio_db(speech, *span) < ACCOMPANIED_DB else code
            for code, span, each in zip(codes, spans, has_speech, strict=True)
        ]

    def objection(self, speech: np.ndarray, start_s: float, end_s: float, has_speech: bool) -> str | None:
        """Why the voice of a stretch cannot be judged: "music" (or noise), "too_quiet", or None.

        Args:
            speech: speech probability of every 32 ms of the separated voice.
            start_s, end_s: the stretch.
            has_speech: whether enough speech was found in it; without, only what is heard instead is named.
        """
        power_before, power_after, speech_cells = self._around(speech, start_s, end_s)
        if not has_speech:
            is_loud = power_before.size and np.sqrt(power_before.mean()) >= _LOUD
            return "music" if is_loud and _ratio_db(power_after, power_before) < KEPT_LEAST_DB else None
        if not speech_cells.any():
            return None
        level = 10 * np.log10(max(float(power_after[speech_cells].mean()), 1e-30)) - 20 * np.log10(float(self._gain))
        if level < QUIET_LEAST_DBFS:
            return "too_quiet"
        ratio_db = _ratio_db(power_after[speech_cells], power_before[speech_cells])
        if ratio_db < KEPT_LEAST_DB or (ratio_db < ACCOMPANIED_DB and _sureness(speech, start_s, end_s) < SURE_LEAST):
            return "music"
        return None

    def _speech_ratio_db(self, speech: np.ndarray, start_s: float, end_s: float) -> float:
        """How much separation changed the level of a stretch's speech; 0 dB without any."""
        power_before, power_after, speech_cells = self._around(speech, start_s, end_s)
        return _ratio_db(power_after[speech_cells], power_before[speech_cells])

    def _around(self, speech: np.ndarray, start_s: float, end_s: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Power before and after separation of the cells of a stretch, and which of them have speech."""
        speech_cells = cell_speech(speech, start_s, end_s)
        power_before, power_after = (
            each.between(start_s, end_s)[: len(speech_cells)] for each in (self._power_before, self._power_after)
        )
        count = min(len(power_before), len(power_after))
        return power_before[:count], power_after[:count], speech_cells[:count]


def cell_speech(speech: np.ndarray, start_s: float, end_s: float, cell_s: float = CELL_S) -> np.ndarray:
    """Which cells of a stretch have speech, bool, from the probabilities of windows of 32 ms."""
    cells = np.arange(int(start_s / cell_s + 1e-6), int(np.ceil(end_s / cell_s - 1e-6)))
    if not speech.size:
        return np.zeros(len(cells), dtype=bool)
    window = ((cells + 0.5) * cell_s * SAMPLE_RATE / activity.WINDOW_SAMPLES).astype(int)
    return np.asarray((window < len(speech)) & (speech[np.minimum(window, len(speech) - 1)] >= activity.THRESHOLD))


def _sureness(speech: np.ndarray, start_s: float, end_s: float) -> float:
    """Mean probability of the windows with speech in a stretch; 0 without any."""
    first, last = (round(at * SAMPLE_RATE / activity.WINDOW_SAMPLES) for at in (start_s, end_s))
    inside = speech[first:last]
    inside = inside[inside >= activity.THRESHOLD]
    return float(inside.mean()) if inside.size else 0.0


def _ratio_db(after: np.ndarray, before: np.ndarray) -> float:
    """Power after separation relative to that before it; 0 dB where there was none."""
    power_before, power_after = float(before.sum()), float(after.sum())
    return 10 * float(np.log10(max(power_after, 1e-12 * power_before) / power_before)) if power_before > 0 else 0.0


class _CellPower:
    """Power of a stream of two channels below about 7 kHz in cells of 100 ms."""

    def __init__(self, rate: int) -> None:
        self._cell = round(rate * CELL_S) // _DECIMATION * _DECIMATION
        self._power: list[np.ndarray] = []
        self._remainder = np.zeros((0, 2), dtype=np.float32)

    def add(self, block: np.ndarray) -> None:
        """Take the next samples, shape (n, 2)."""
        samples = np.concatenate([self._remainder, block])
        whole = len(samples) // self._cell
        self._remainder = samples[whole * self._cell :]
        low = samples[: whole * self._cell].reshape(-1, _DECIMATION, 2)
        width = 2 * self._cell // _DECIMATION
        low = (low[:, 0] + low[:, 1] + low[:, 2]).reshape(whole, width)
        self._power.append(np.einsum("ij,ij->i", low, low) / (width * _DECIMATION**2))

    def between(self, start_s: float, end_s: float) -> np.ndarray:
        """Power of the whole cells of a stretch."""
        cells = np.concatenate(self._power) if self._power else np.zeros(0, np.float32)
        return cells[int(start_s / CELL_S + 1e-6) : int(np.ceil(end_s / CELL_S - 1e-6))]
