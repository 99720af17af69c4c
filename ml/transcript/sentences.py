"""Words in a row cut into sentences, for reading and for captions."""

from collections.abc import Iterable

from ml.transcript.results import Sentence, Word

PAUSE_S = 1.0
LONGEST_S = 12.0
SOFT_PAUSE_S = 0.4
"""From ``LONGEST_S`` on, or after a comma, a pause of this length ends a sentence too."""
ABBREVIATION_S = 1.0
"""A full stop so soon after the beginning, and without a pause after it, belongs to an abbreviation."""
_ENDS = ".?!。？！…"
_COMMAS = ",;:，；：、"


def sentences(words: Iterable[Word]) -> tuple[Sentence, ...]:
    """All words in order, none lost; no sentence much longer than ``LONGEST_S`` seconds."""
    cut: list[Sentence] = []
    row: list[Word] = []
    for word in words:
        if row and _ends(row, word):
            cut.append(Sentence(tuple(row)))
            row = []
        row.append(word)
    return (*cut, Sentence(tuple(row))) if row else tuple(cut)


def _ends(row: list[Word], next_word: Word) -> bool:
    last, pause = row[-1], next_word.start_s - row[-1].end_s
    mark = last.text.strip()[-1:]
    seconds = last.end_s - row[0].start_s
    if pause >= PAUSE_S or seconds >= 2 * LONGEST_S:
        return True
    if mark in _ENDS:
        return seconds >= ABBREVIATION_S or pause >= SOFT_PAUSE_S
    return seconds >= LONGEST_S and (pause >= SOFT_PAUSE_S or mark in _COMMAS)
