"""How one voice sounds in a conversation: rate, loudness and pitch, from the moments in which it speaks alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.speakers.contour import Contour
from ml.speakers.estimates import FEWEST, Estimate, ratio_of, resampled
from ml.speakers.syllables import BELOW_LOUDEST_DB, loudest_db, nuclei, spoken_s
from ml.turns import Turn
from ml.voice.prosody import PITCH_HZ

LEAST_FRAMES = 50
"""Half a second: a shorter stretch says nothing of rate, loudness or pitch."""
BINS_PER_OCTAVE = 96
"""An eighth of a semitone."""
BELOW_LOWER_QUARTILE, ABOVE_UPPER_QUARTILE = 0.75, 1.5
"""Pitch below this part of the voice's lower quartile or above this multiple of its upper one (De Looze and Hirst 2008)
is taken for a wrong octave and left out."""
_LOWEST = np.log2(PITCH_HZ[0])
_BINS = int(np.ceil((np.log2(PITCH_HZ[1]) - _LOWEST) * BINS_PER_OCTAVE))


@dataclass(frozen=True, slots=True)
class Stretches:
    """The sound of one voice where nobody else speaks, stretch by stretch, shapes (frames,) each.

    Attributes:
        level_db: decibels.
        pitch: octaves, of the voiced frames among them.
    """

    level_db: tuple[np.ndarray, ...]
    voiced: tuple[np.ndarray, ...]
    pitch: tuple[np.ndarray, ...]

    def loud_power(self) -> list[tuple[float, int]]:
        """Sum of the power of the frames that are not quiet, and their number, per stretch."""
        if not self.level_db:
            return []
        low = loudest_db(np.concatenate(self.level_db)) - BELOW_LOUDEST_DB
        loud = [level[level >= low].astype(np.float64) for level in self.level_db]
        return [(float((10 ** (level / 10)).sum()), len(level)) for level in loud]


def stretches_of(turns: Sequence[Turn], number: int, contour: Contour, voices: np.ndarray) -> Stretches:
    """What voice ``number`` says alone.

    Args:
        voices: how many voices speak in each frame of the contour, shape (frames,).
    """
    level, voiced, pitch = [], [], []
    for turn in turns:
        if turn.speaker != number:
            continue
        frames = contour.slice(turn.start_s, turn.end_s)
        alone = voices[frames] == 1
        if alone.sum() < LEAST_FRAMES:
            continue
        level.append(contour.level_db[frames][alone])
        voiced.append(contour.voiced[frames][alone])
        pitch.append(contour.pitch[frames][alone & contour.voiced[frames]])
    return Stretches(tuple(level), tuple(voiced), tuple(pitch))


def voices_per_frame(turns: Sequence[Turn], contour: Contour) -> np.ndarray:
    """How many turns hold each frame, uint8, shape (frames,)."""
    count = np.zeros(len(contour), dtype=np.uint8)
    for turn in turns:
        count[contour.slice(turn.start_s, turn.end_s)] += 1
    return count


def rate(stretches: Stretches) -> Estimate | None:
    """Syllables per second of spoken time, pauses left out."""
    if len(stretches.level_db) < FEWEST:
        return None
    loudest = loudest_db(np.concatenate(stretches.level_db))
    pairs = zip(stretches.level_db, stretches.voiced, strict=True)
    counts = np.array([len(nuclei(level, voiced, loudest)) for level, voiced in pairs], dtype=np.float64)
    seconds = np.array([spoken_s(level, loudest) for level in stretches.level_db])
    return ratio_of(counts, seconds)


def loudness(own: Stretches, everybody: Sequence[Stretches]) -> Estimate | None:
    """Decibels above the mean of everybody's speech in this recording; None where only one voice was heard."""
    heard = [each for each in everybody if each.level_db]
    if len(own.level_db) < FEWEST or len(heard) < 2:
        return None
    powers, frames = np.array(own.loud_power()).T
    all_powers, all_frames = np.array([pair for each in heard for pair in each.loud_power()]).T
    mean_db = 10 * np.log10(all_powers.sum() / all_frames.sum())
    levels = 10 * np.log10(powers[frames > 0] / frames[frames > 0]) - mean_db
    lower, upper = (float(each) for each in np.quantile(levels, [0.25, 0.75]))

    def draw(weights: np.ndarray) -> np.ndarray:
        total = weights @ frames
        return np.asarray(10 * np.log10(weights @ powers / np.maximum(total, 1) + 1e-12) - mean_db)

    value = float(10 * np.log10(powers.sum() / frames.sum()) - mean_db)
    return resampled(value, len(powers), draw, quartiles=(lower, upper))


def pitch(stretches: Stretches) -> tuple[Estimate | None, Estimate | None]:
    """The median pitch in Hz with its quartiles, and the width of its middle half in semitones."""
    kept = _right_octaves(stretches.pitch)
    if len(kept) < FEWEST:
        return None, None
    lower, middle, upper = np.quantile(np.concatenate(kept), [0.25, 0.5, 0.75])
    counts = np.stack([np.bincount(_bin(each), minlength=_BINS)[:_BINS] for each in kept]).astype(np.float32)

    def quantile(weights: np.ndarray, share: float) -> np.ndarray:
        reached = np.cumsum(weights.astype(np.float32) @ counts, axis=1)
        return np.asarray(_LOWEST + (np.argmax(reached >= share * reached[:, -1:], axis=1) + 0.5) / BINS_PER_OCTAVE)

    hertz = (float(2**lower), float(2**upper))
    median = resampled(float(2**middle), len(kept), lambda weights: 2 ** quantile(weights, 0.5), quartiles=hertz)
    width = resampled(
        float(12 * (upper - lower)),
        len(kept),
        lambda weights: 12 * (quantile(weights, 0.75) - quantile(weights, 0.25)),
    )
    return median, width


def _right_octaves(stretches: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The pitch of each stretch without what lies too far from the voice's own for anything but a wrong octave."""
    voiced = [each for each in stretches if len(each)]
    if not voiced:
        return []
    lower, upper = np.quantile(np.concatenate(voiced), [0.25, 0.75])
    low, high = lower + np.log2(BELOW_LOWER_QUARTILE), upper + np.log2(ABOVE_UPPER_QUARTILE)
    kept = [each[(each >= low) & (each <= high)] for each in voiced]
    return [each for each in kept if len(each)]


def _bin(octaves: np.ndarray) -> np.ndarray:
    return np.clip(((octaves - _LOWEST) * BINS_PER_OCTAVE).astype(np.int64), 0, _BINS - 1)
