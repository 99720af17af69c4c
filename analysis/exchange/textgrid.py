"""Praat's ``.TextGrid``: written in the long form, read in the long and the short one.

Both forms are the same sequence of texts in quotation marks, free-standing numbers and flags such as ``<exists>``;
everything else in them, ``intervals [3]:`` or ``xmin =``, is there for the reader's eye and means nothing to Praat. It
is read so here. Why no library: ADR 29.
"""

import codecs
import re
from collections.abc import Iterator

from analysis.errors import Refused
from analysis.exchange.tiers import (
    LONGEST_VALUE,
    MOST_ANNOTATIONS,
    Annotations,
    Interval,
    ReadFile,
    ReadInterval,
    Tier,
)

# --- writing ----------------------------------------------------------------------------------------------------------


def textgrid_written(annotations: Annotations) -> bytes:
    """The file, in UTF-8 without a byte order mark. Time between intervals is filled with empty ones."""
    length = max([annotations.length_s, *(tier.intervals[-1].end_s for tier in annotations.tiers if tier.intervals)])
    lines = ['File type = "ooTextFile"', 'Object class = "TextGrid"', "", "xmin = 0 ", f"xmax = {_number(length)} "]
    lines += ["tiers? <exists> ", f"size = {len(annotations.tiers)} ", "item []: "]
    for number, tier in enumerate(annotations.tiers, 1):
        intervals = _without_holes(tier, length)
        lines += [
            f"    item [{number}]:",
            '        class = "IntervalTier" ',
            f"        name = {_quoted(tier.name)} ",
            "        xmin = 0 ",
            f"        xmax = {_number(length)} ",
            f"        intervals: size = {len(intervals)} ",
        ]
        for place, interval in enumerate(intervals, 1):
            lines += [
                f"        intervals [{place}]:",
                f"            xmin = {_number(interval.start_s)} ",
                f"            xmax = {_number(interval.end_s)} ",
                f"            text = {_quoted(interval.value)} ",
            ]
    return ("\n".join(lines) + "\n").encode()


def _without_holes(tier: Tier, length: float) -> list[Interval]:
    """Praat's interval tiers leave no time out."""
    whole: list[Interval] = []
    reached = 0.0
    for interval in tier.intervals:
        if interval.start_s > reached:
            whole.append(Interval(reached, interval.start_s, ""))
        whole.append(interval)
        reached = interval.end_s
    if reached < length:
        whole.append(Interval(reached, length, ""))
    return whole


def _number(seconds: float) -> str:
    return f"{seconds:.6f}".rstrip("0").rstrip(".")


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


# --- reading ----------------------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r'"((?:[^"]++|"")*+)"'  # a text
    r"|(?<!\S)([-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?!\S)"  # a free-standing number
    r"|<([a-z]+)>"  # a flag
    r"|![^\n]*"  # a remark to the end of the line
    r'|[^\s"!<]+|\S'  # what is there for the eye
)


def textgrid_read(data: bytes) -> ReadFile:
    """The annotations that are not empty, in order. A point of a point tier begins and ends at its time.

    Raises:
        Refused: ``annotations_unreadable``, ``annotations_too_many``.
    """
    tokens = _tokens(_decoded(data))
    try:
        _expect_start(tokens)
        tiers: dict[str, None] = {}
        intervals: list[ReadInterval] = []
        for _tier in range(_count(tokens)):
            kind, name = _text(tokens), _text(tokens)
            if kind not in {"IntervalTier", "TextTier"}:
                raise Refused("annotations_unreadable")
            tiers[name] = None
            _seconds(tokens), _seconds(tokens)
            for _place in range(_count(tokens)):
                start = _seconds(tokens)
                end = _seconds(tokens) if kind == "IntervalTier" else start
                value = _text(tokens)
                if value.strip():
                    intervals.append(ReadInterval(len(intervals) + 1, name, start, end, value))
    except (StopIteration, ValueError):
        raise Refused("annotations_unreadable") from None
    return ReadFile("textgrid", "", tuple(tiers), tuple(intervals))


def _decoded(data: bytes) -> str:
    """The text of a file in UTF-8 or, with a byte order mark, UTF-16."""
    try:
        if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return data.decode("utf-16")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Refused("annotations_unreadable") from None


Token = str | float
"""A text or a number; flags are no more than a sign that tiers follow, and are passed over."""


def _tokens(text: str) -> Iterator[Token]:
    for match in _TOKEN.finditer(text):
        if match[1] is not None:
            yield match[1].replace('""', '"')
        elif match[2] is not None:
            yield float(match[2])


def _expect_start(tokens: Iterator[Token]) -> None:
    """The two lines by which Praat knows its files, then the times of the whole."""
    if _text(tokens) not in {"ooTextFile", "ooTextFile short"} or _text(tokens) != "TextGrid":
        raise Refused("annotations_unreadable")
    _seconds(tokens), _seconds(tokens)


def _text(tokens: Iterator[Token]) -> str:
    token = next(tokens)
    if not isinstance(token, str) or len(token) > LONGEST_VALUE:
        raise Refused("annotations_unreadable")
    return token


def _seconds(tokens: Iterator[Token]) -> float:
    token = next(tokens)
    if not isinstance(token, float):
        raise Refused("annotations_unreadable")
    return token


def _count(tokens: Iterator[Token]) -> int:
    number = _seconds(tokens)
    if number > MOST_ANNOTATIONS:
        raise Refused("annotations_too_many")
    return int(number)
