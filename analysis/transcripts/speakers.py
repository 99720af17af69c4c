"""Which speaker said which word and sentence, from turns that were found by other means: for joining at display."""

from collections import Counter
from collections.abc import Iterable, Sequence

from analysis.transcripts.content import Sentence, Word

Turn = tuple[float, float, int]
"""(start in s, end in s, number of the speaker)."""
NEAR_S = 0.5
"""A word outside every turn belongs to the nearest one, if it is no further away than this."""


def speakers_of(words: Iterable[Word], turns: Sequence[Turn]) -> list[int | None]:
    """The speaker of each word: the one who speaks longest during it; of two equal ones, who began first.

    Args:
        words: in any order.
        turns: in any order; turns of several speakers may overlap.

    Returns:
        One entry per word; None where nobody speaks within ``NEAR_S`` of it.
    """
    ordered = sorted(turns)
    return [_speaker_of(word, ordered) for word in words]


def sentence_speakers(sentences: Sequence[Sentence], turns: Sequence[Turn]) -> list[int | None]:
    """The speaker of most of each sentence's words; None where nobody speaks near any of them."""
    named = [[each for each in speakers_of(sentence.words, turns) if each is not None] for sentence in sentences]
    return [Counter(speakers).most_common(1)[0][0] if speakers else None for speakers in named]


def _speaker_of(word: Word, turns: Sequence[Turn]) -> int | None:
    seconds: dict[int, float] = {}
    for start_s, end_s, speaker in turns:
        shared = min(word.end_s, end_s) - max(word.start_s, start_s)
        if shared > 0:
            seconds[speaker] = seconds.get(speaker, 0.0) + shared
    if seconds:
        return max(seconds, key=lambda speaker: seconds[speaker])
    away = {turn: max(turn[0] - word.end_s, word.start_s - turn[1]) for turn in turns}
    nearest = min(away, key=lambda turn: away[turn], default=None)
    return nearest[2] if nearest is not None and away[nearest] <= NEAR_S else None
