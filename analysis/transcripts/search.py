"""Searching what was said in one student's sessions. The texts are opened in memory for it; no index is kept.

Upper and lower case, full width and punctuation make no difference. What is searched for begins at the beginning of a
word; in scripts without spaces, anywhere.
"""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from analysis.flow import RunStatus
from analysis.models import Recording, Transcript
from analysis.transcripts.content import Sentence, Word, sentences_of
from students.models import Student

QUERY_LENGTH = 80
MOST_HITS = 200
"""Places shown of one search."""
AROUND = 8
"""Words shown before and after."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One place: when it was said, and the words around it."""

    seconds: float
    before: str
    match: str
    after: str


@dataclass(frozen=True, slots=True)
class SessionHits:
    """The places in one session, at least one."""

    recording: Recording
    hits: tuple[Hit, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """The outcome of a search.

    Attributes:
        sessions: newest first.
        searched: number of sessions whose text was searched; once there are too many places no more are.
        unreadable: number of sessions whose text cannot be opened.
        is_cut: there are more than ``MOST_HITS`` places.
    """

    sessions: tuple[SessionHits, ...]
    searched: int
    unreadable: int
    is_cut: bool

    @property
    def hits(self) -> int:
        """Number of places shown."""
        return sum(len(session.hits) for session in self.sessions)


def transcripts_search(student: Student, query: str) -> Found:
    """Where in the student's sessions the query was said."""
    wanted = normalised(query)
    rows = (
        Transcript.objects.filter(recording__student=student, status=RunStatus.SUCCEEDED)
        .select_related("recording")
        .order_by("-recording__recorded_at", "pk")
    )
    sessions: list[SessionHits] = []
    searched = unreadable = 0
    left = MOST_HITS + 1
    for transcript in rows.iterator(1):
        if left <= 0:
            break
        sentences = sentences_of(transcript)
        if sentences is None:
            unreadable += 1
            continue
        searched += 1
        hits = tuple(hit for _, hit in zip(range(left), places(sentences, wanted), strict=False))
        left -= len(hits)
        if hits:
            sessions.append(SessionHits(transcript.recording, hits))
    is_cut = left <= 0
    if is_cut:
        last = sessions.pop()
        if last.hits[:-1]:
            sessions.append(SessionHits(last.recording, last.hits[:-1]))
    return Found(tuple(sessions), searched, unreadable, is_cut)


def normalised(text: str) -> str:
    """Letters and digits in one form, words apart by one space, none beside a script that writes without."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = "".join(letter if letter.isalnum() or unicodedata.category(letter)[0] == "M" else " " for letter in folded)
    joined = ""
    for word in plain.split():
        joined += f" {word}" if joined and not (_is_unspaced(joined[-1]) or _is_unspaced(word[0])) else word
    return joined


def places(sentences: Iterable[Sentence], wanted: str) -> Iterator[Hit]:
    """Every place where the normalised ``wanted`` was said, in time order, none overlapping another."""
    words = [word for sentence in sentences for word in sentence.words]
    text, begins, numbers = _indexed(words)
    position = text.find(wanted) if wanted else -1
    while position >= 0:
        end = position + len(wanted)
        first, last = bisect_right(begins, position) - 1, bisect_left(begins, end) - 1
        if begins[first] == position or _is_unspaced(text[position]):
            yield _hit(words, numbers[first], numbers[last])
            position = text.find(wanted, end)
        else:
            position = text.find(wanted, position + 1)


def _indexed(words: Sequence[Word]) -> tuple[str, list[int], list[int]]:
    """All words as one normalised text; at which of its letters each word begins, and which word that is."""
    forms = {text: normalised(text) for text in {word.text for word in words}}
    parts: list[str] = []
    begins: list[int] = []
    numbers: list[int] = []
    length, last = 0, ""
    for number, word in enumerate(words):
        plain = forms[word.text]
        if not plain:
            continue
        apart = bool(last) and not (_is_unspaced(last) or _is_unspaced(plain[0]))
        begins.append(length + apart)
        numbers.append(number)
        parts.append(f" {plain}" if apart else plain)
        length += len(parts[-1])
        last = plain[-1]
    return "".join(parts), begins, numbers


def _hit(words: Sequence[Word], first: int, last: int) -> Hit:
    start, stop = max(0, first - AROUND), min(len(words), last + 1 + AROUND)
    before, match, after = words[start:first], words[first : last + 1], words[last + 1 : stop]
    text = "".join(word.text for word in match)
    space = text[: len(text) - len(text.lstrip())]
    return Hit(
        match[0].start_s,
        ("…" if start else "") + "".join(word.text for word in before) + space,
        text.lstrip(),
        "".join(word.text for word in after) + ("…" if stop < len(words) else ""),
    )


def _is_unspaced(letter: str) -> bool:
    """Whether a letter belongs to a script that writes no spaces between words."""
    return (
        "\u3040" <= letter <= "\u30ff"  # Japanese syllables
        or "\u3400" <= letter <= "\u9fff"  # Chinese characters
        or "\U00020000" <= letter <= "\U0003ffff"
        or "\u0e00" <= letter <= "\u0eff"  # Thai, Lao
    )
