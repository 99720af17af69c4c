"""From windows and their voices to turns: who speaks when."""

from dataclasses import replace

import numpy as np

from ml.speakers.grouping import Grouping, grouped
from ml.speakers.vectors import CELL_S
from ml.speakers.windows import Windows, speech_windows, stretches
from ml.turns import Speaker, SpeakerTurns, Turn

TURN_PAUSE_S = 1.0
"""A voice that goes on after a shorter pause, with nobody else between, is still in its turn."""
LEAST_TURN_S = 0.3
_REACH_CELLS = 3.0
"""A window speaks for its middle; this far from it its word counts half."""


def turns_of(points: np.ndarray, speech: np.ndarray, between: np.ndarray) -> SpeakerTurns:
    """The voices of one sound track and their turns; overlaps are not told apart in it.

    Args:
        points: of every cell of 100 ms, shape (cells, D).
        speech: which cells have speech, bool, shape (cells,).
        between: see ``ml.speakers.vectors.SpeakerSpace``.

    Returns:
        Voices numbered in order of first speech, nobody yet the student.
    """
    windows = speech_windows(points, speech)
    if not len(windows.spans):
        return SpeakerTurns()
    grouping = grouped(windows.points, between)
    shares = _cell_shares(windows, grouping, len(speech))
    owned = speech & (shares.sum(axis=1) > 0)
    activity = owned[:, None] & (shares.argmax(axis=1)[:, None] == np.arange(shares.shape[1]))
    return turns_of_activity(activity, shares, several=grouping.several)


def turns_of_activity(
    activity: np.ndarray, certainty: np.ndarray, *, several: bool, channels: bool = False
) -> SpeakerTurns:
    """Turns from who speaks in every cell.

    Args:
        activity: bool, shape (cells, voices).
        certainty: that this voice speaks, 0-1, same shape.
        several: whether it is sure that there is more than one person.
        channels: whether voice n has channel n + 1 to itself.

    Returns:
        Voices numbered in order of first speech, nobody yet the student.
    """
    turns = sorted(
        (turn for voice in range(activity.shape[1]) for turn in _turns(voice, activity, certainty)),
        key=lambda turn: (turn.start_s, turn.end_s, turn.speaker),
    )
    numbers = {voice: number for number, voice in enumerate(dict.fromkeys(turn.speaker for turn in turns), start=1)}
    renamed = tuple(replace(turn, speaker=numbers[turn.speaker]) for turn in turns)
    speakers = tuple(
        Speaker(
            number,
            sum(turn.seconds for turn in renamed if turn.speaker == number),
            channel=voice + 1 if channels else None,
        )
        for voice, number in numbers.items()
    )
    return SpeakerTurns(speakers, renamed, None, several and len(speakers) > 1)


def _cell_shares(windows: Windows, grouping: Grouping, cells: int) -> np.ndarray:
    """What the windows that cover a cell say of it, those around whose middle it lies the most."""
    sums = np.zeros((cells, grouping.shares.shape[1]))
    weights = np.zeros(cells)
    for (first, last), shares in zip(windows.spans, grouping.shares, strict=True):
        distance = np.abs(np.arange(first, last) + 0.5 - (first + last) / 2)
        weight = 1 / (1 + distance / _REACH_CELLS)
        sums[first:last] += weight[:, None] * shares
        weights[first:last] += weight
    return sums / np.maximum(weights, 1e-12)[:, None]


def _turns(voice: int, activity: np.ndarray, certainty: np.ndarray) -> list[Turn]:
    """The turns of one voice: short pauses are bridged where nobody else speaks in them."""
    own = activity[:, voice]
    others = np.asarray(np.delete(activity, voice, axis=1).any(axis=1), dtype=bool)
    parts: list[tuple[int, int]] = []
    for first, last in stretches(own, 0):
        pause = first - parts[-1][1] if parts else 0
        if parts and pause <= round(TURN_PAUSE_S / CELL_S) and not others[parts[-1][1] : first].any():
            parts[-1] = (parts[-1][0], last)
        else:
            parts.append((first, last))
    return [
        Turn(
            first * CELL_S,
            last * CELL_S,
            voice,
            overlap=bool(np.count_nonzero((own & others)[first:last]) > own[first:last].sum() / 2),
            certainty=float(certainty[first:last, voice][own[first:last]].mean()),
        )
        for first, last in parts
        if own[first:last].sum() * CELL_S >= LEAST_TURN_S
    ]
