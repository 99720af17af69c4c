"""From windows and their voices to turns: who speaks when."""

from collections.abc import Sequence

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
    return as_turns(_cell_shares(windows, grouping, len(speech)), speech, several=grouping.several)


def as_turns(shares: np.ndarray, speech: np.ndarray, *, several: bool) -> SpeakerTurns:
    """Turns of the likeliest voice of every cell.

    Args:
        shares: probability of each voice, shape (cells, voices).
        speech: which cells have speech; a cell whose shares are all 0 is left out too.
    """
    owned = speech & (shares.sum(axis=1) > 0)
    owner = np.where(owned, shares.argmax(axis=1), -1)
    turns = sorted(
        (turn for voice in range(shares.shape[1]) for turn in _turns(voice, owner, shares)),
        key=lambda turn: (turn.start_s, turn.end_s),
    )
    return numbered(turns, several=several)


def numbered(turns: Sequence[Turn], *, several: bool) -> SpeakerTurns:
    """The voices in order of first speech as 1, 2, ..."""
    numbers = {voice: number for number, voice in enumerate(dict.fromkeys(turn.speaker for turn in turns), start=1)}
    renamed = tuple(
        Turn(turn.start_s, turn.end_s, numbers[turn.speaker], turn.overlap, turn.certainty) for turn in turns
    )
    speakers = tuple(
        Speaker(number, sum(turn.seconds for turn in renamed if turn.speaker == number)) for number in numbers.values()
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


def _turns(voice: int, owner: np.ndarray, shares: np.ndarray) -> list[Turn]:
    """The turns of one voice: short pauses are bridged where nobody else speaks in them."""
    own = owner == voice
    others = (owner >= 0) & ~own
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
            overlap=False,
            certainty=float(shares[first:last][own[first:last], voice].mean()),
        )
        for first, last in parts
        if own[first:last].sum() * CELL_S >= LEAST_TURN_S
    ]
