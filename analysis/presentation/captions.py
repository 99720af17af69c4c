"""A transcript as people see it in the player (WebVTT), and the name of its language."""

from collections.abc import Iterable, Iterator, Sequence

from django.utils.translation import get_language_info, gettext

from analysis.transcripts.content import Sentence, Word

CUE_S = 6.0
CUE_LETTERS = 80
"""Two lines; Chinese characters count twice."""
LEAST_CUE_S = 0.5
MEDIA_TYPE = "text/vtt; charset=utf-8"


def webvtt(sentences: Iterable[Sentence]) -> str:
    """The captions of a recording: one cue per sentence, long ones divided."""
    cues = [cue for sentence in sentences for cue in _cues(sentence)]
    following = [*(cue[0].start_s for cue in cues), float("inf")][1:]
    blocks = [_block(cue, next_s) for cue, next_s in zip(cues, following, strict=True)]
    return "\n\n".join(["WEBVTT", *blocks]) + "\n"


def language_name(code: str) -> str:
    """A language by its ISO 639 code, in the reader's language; the code where it has no name."""
    if code == "zh":
        return gettext("Chinese")
    try:
        return str(get_language_info(code)["name_translated"])
    except KeyError:
        return code


def _cues(sentence: Sentence) -> Iterator[Sequence[Word]]:
    cue: list[Word] = []
    for word in sentence.words:
        letters = sum(1 + (letter > "\u2e7f") for each in [*cue, word] for letter in each.text)
        if cue and (letters > CUE_LETTERS or word.end_s - cue[0].start_s > CUE_S):
            yield cue
            cue = []
        cue.append(word)
    if cue:
        yield cue


def _block(cue: Sequence[Word], next_s: float) -> str:
    start = cue[0].start_s
    end = max(cue[-1].end_s, min(start + LEAST_CUE_S, next_s), start + 0.05)
    text = "".join(word.text for word in cue).strip()
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f"{_time(start)} --> {_time(end)}\n{text}"


def _time(seconds: float) -> str:
    milliseconds = round(seconds * 1000)
    minutes, rest = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02d}:{minutes:02d}:{rest // 1000:02d}.{rest % 1000:03d}"
