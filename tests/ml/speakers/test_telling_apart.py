"""Turns from who speaks in every tenth of a second."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ml.speakers.telling_apart import turns_of, turns_of_activity
from ml.speakers.windows import WINDOW_CELLS, cell_has_speech, speech_windows
from ml.turns import SpeakerTurns


def activity(*lines: str) -> np.ndarray:
    """One line per voice, one sign per cell: # speaks."""
    return np.array([[sign == "#" for sign in line] for line in lines]).T


def turns(*lines: str) -> list[tuple[float, float, int, bool]]:
    active = activity(*lines)
    found = turns_of_activity(active, np.ones(active.shape), several=True)
    return [(round(t.start_s, 1), round(t.end_s, 1), t.speaker, t.overlap) for t in found.turns]


def test_a_short_pause_is_bridged_and_a_long_one_is_not() -> None:
    assert turns("#####..........#####") == [(0, 2, 1, False)]
    assert turns("#####...........#####") == [(0, 0.5, 1, False), (1.6, 2.1, 1, False)]


def test_a_pause_in_which_somebody_else_speaks_ends_the_turn() -> None:
    assert turns("#####.....#####", "......####.....") == [(0, 0.5, 1, False), (0.6, 1, 2, False), (1, 1.5, 1, False)]


def test_a_turn_spoken_over_for_most_of_its_time_is_marked() -> None:
    assert turns("##########", "...######.") == [(0, 1, 1, True), (0.3, 0.9, 2, True)]
    assert turns("##########....", ".......#######") == [(0, 1, 1, False), (0.7, 1.4, 2, False)]


def test_voices_are_numbered_in_order_of_first_speech() -> None:
    assert [t[2] for t in turns("......####", "#####.....")] == [1, 2]


def test_what_is_shorter_than_a_turn_is_left_out() -> None:
    assert turns("##........#####") == [(0, 1.5, 1, False)]
    assert turns("##") == []


@given(st.lists(st.lists(st.booleans(), min_size=3, max_size=3), max_size=80))
def test_turns_keep_to_the_recording_and_certainty_to_a_share(cells: list[list[bool]]) -> None:
    active = np.array(cells, dtype=bool).reshape(-1, 3)
    found = turns_of_activity(active, np.full(active.shape, 0.7), several=True)
    for turn in found.turns:
        assert 0 <= turn.start_s < turn.end_s <= len(active) * 0.1 + 1e-9
        assert 0 <= turn.certainty <= 1
    assert [s.number for s in found.speakers] == list(range(1, len(found.speakers) + 1))
    for speaker in found.speakers:
        sample = found.sample(speaker.number)
        assert sample is None or 0 < sample[1] - sample[0] <= 5 + 1e-9


def test_silence_has_nobody() -> None:
    assert turns_of(np.zeros((50, 4)), np.zeros(50, dtype=bool), np.ones(4)) == SpeakerTurns()
    assert not cell_has_speech(np.zeros(0), 5).any()


@given(st.lists(st.booleans(), max_size=200))
def test_windows_lie_on_speech_and_leave_none_of_it_out(cells: list[bool]) -> None:
    speech = np.array(cells, dtype=bool)
    windows = speech_windows(np.arange(len(speech), dtype=float)[:, None], speech)
    covered = np.zeros(len(speech), dtype=bool)
    for first, last in windows.spans:
        assert 0 < last - first <= WINDOW_CELLS
        covered[first:last] = True
    long_enough = [part for part in _runs(speech) if len(part) >= 3]
    assert all(covered[part].all() for part in long_enough)


def _runs(speech: np.ndarray) -> list[np.ndarray]:
    cells = np.flatnonzero(speech)
    return np.split(cells, np.flatnonzero(np.diff(cells) > 1) + 1) if len(cells) else []
