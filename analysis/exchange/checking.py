"""Rows of an annotation file against the recording: each is checked, and nothing is written."""

import re
from bisect import bisect_left, bisect_right, insort
from functools import cached_property
from typing import Any

from analysis.emotions import EMOTIONS
from analysis.errors import Refused
from analysis.exchange.moments import Span, mostly_covered, own_parts
from analysis.exchange.preview import Change, Doing, Preview, Row, Why
from analysis.exchange.reading import annotations_read
from analysis.exchange.tiers import CORRECTIONS_TIER, LABELS_TIER, STRETCHES_TIER, ReadFile, ReadInterval
from analysis.models import Recording, Segment, Stretch, Who
from analysis.stretches.rule import Marks
from analysis.trends.labels import with_label_shown
from analysis.trends.marking import MOST_STRETCHES, stretch_checked

TOLERANCE_S = 0.01
"""Times are rounded on their way through other programs; no further apart, they are the same."""

_READ = (STRETCHES_TIER, CORRECTIONS_TIER, LABELS_TIER)
"""Stretches first: what they take from the student cannot be corrected by the same file."""
_FOR_THE_EYE = re.compile(r"(speaker|face) \d+")
"""Tiers of an export that nobody corrects."""


def annotations_preview(recording: Recording, data: bytes) -> Preview:
    """What importing this file would do to the recording as it is now.

    Raises:
        Refused: as ``annotations_read``; ``no_results``, ``annotations_of_another``.
    """
    if recording.result_run_id is None:
        raise Refused("no_results")
    file = annotations_read(data)
    if file.recording and file.recording != str(recording.pk):
        raise Refused("annotations_of_another")
    rows = _unknown_tiers(file)
    check = _Check(recording)
    for tier in _READ:
        rows += [row for read in file.intervals if read.tier == tier and (row := check.row(read)) is not None]
    return Preview(file, recording.result_run_id, sorted(rows, key=lambda row: row.read.number))


def _unknown_tiers(file: ReadFile) -> list[Row]:
    """One row for each tier that nobody asked for, its first."""
    first: dict[str, ReadInterval] = {}
    for read in file.intervals:
        if read.tier not in _READ and not _FOR_THE_EYE.fullmatch(read.tier):
            first.setdefault(read.tier, read)
    return [Row(read, why=[Why.UNKNOWN_TIER]) for read in first.values()]


class _Disjoint:
    """Spans that do not overlap."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def add(self, span: Span) -> bool:
        """Adds a span; False, and it is not added, where it overlaps one that is there."""
        place = bisect_left(self.spans, span)
        beside = self.spans[max(0, place - 1) : place + 1]
        if any(min(span[1], end) - max(span[0], start) > TOLERANCE_S for start, end in beside):
            return False
        insort(self.spans, span)
        return True


class _Check:
    """The rows of one file, one after the other, against one recording."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.stretches = list(Stretch.objects.filter(recording=recording))
        self.before = Marks(self.stretches)
        rows = with_label_shown(Segment.objects.filter(run=recording.result_run_id).order_by("index"))
        self.segments: list[Any] = list(rows.only("start_s", "end_s", "label"))
        self.parts = own_parts([(segment.start_s, segment.end_s) for segment in self.segments])
        self.starts = [start for start, _ in self.parts]
        self.ends = [end for _, end in self.parts]
        self.covered = {tier: _Disjoint() for tier in _READ}

    @cached_property
    def after(self) -> Marks:
        """The marks as the file leaves them; asked for when its stretches have been read."""
        return Marks(self.stretches)

    def row(self, read: ReadInterval) -> Row | None:
        """What becomes of an annotation; None for what says nothing, or what the system said itself."""
        value = read.value.strip().lower()
        if not value:
            return None
        span = self._span(read)
        if isinstance(span, Why):
            return Row(read, why=[span])
        if not self.covered[read.tier].add(span):
            return Row(read, why=[Why.NAMED_TWICE])
        if read.tier == STRETCHES_TIER:
            return self._stretch(read, span, value)
        if read.tier == CORRECTIONS_TIER:
            return self._correction(read, span, value)
        changed = any(self.segments[place].label not in {value, None} for place in self._places(span))
        return Row(read, why=[Why.MODELS_TIER]) if changed else None

    def _span(self, read: ReadInterval) -> Span | Why:
        """The times of an annotation within the recording, or what is wrong with them."""
        if read.start_s is None or read.end_s is None:
            return Why.NO_TIMES
        try:
            checked = stretch_checked(self.recording, read.start_s, read.end_s, Who.STUDENT)
        except Refused as refused:
            return Why.EMPTY if refused.code == "empty_stretch" else Why.OUTSIDE
        return (checked.start_s, checked.end_s) if checked.end_s - checked.start_s > TOLERANCE_S else Why.EMPTY

    def _stretch(self, read: ReadInterval, span: Span, who: str) -> Row:
        if who not in Who.values:
            return Row(read, why=[Why.UNKNOWN_PERSON])
        said = sum(piece.end_s - piece.start_s for piece in self.before.within(*span) if piece.stretch.who == who)
        if said >= span[1] - span[0] - TOLERANCE_S:
            return Row(read, Doing.UNCHANGED)
        if len(self.stretches) >= MOST_STRETCHES:
            return Row(read, why=[Why.TOO_MANY])
        stretch = Stretch(recording=self.recording, start_s=span[0], end_s=span[1], who=who)
        self.stretches.append(stretch)
        return Row(read, Doing.MARK, stretch=stretch)

    def _correction(self, read: ReadInterval, span: Span, label: str) -> Row:
        if label not in EMOTIONS:
            return Row(read, why=[Why.UNKNOWN_LABEL])
        row, unchanged = Row(read), 0
        for place in self._places(span):
            segment = self.segments[place]
            if segment.label_given == label:
                unchanged += 1
            elif segment.label is None:
                row.why.append(Why.NOT_JUDGED)
            elif self.after.taken(segment.start_s, segment.end_s):
                row.why.append(Why.NOT_THE_STUDENTS)
            else:
                row.changes.append(Change(segment.pk, *self.parts[place], segment.label_shown, label))
        row.doing = Doing.CORRECT if row.changes else Doing.UNCHANGED if unchanged else Doing.REFUSED
        row.why = list(dict.fromkeys(row.why)) if row.changes or unchanged or row.why else [Why.NO_MOMENT]
        return row

    def _places(self, span: Span) -> list[int]:
        """The segments of which it covers the larger part of what is their own."""
        first, after = bisect_right(self.ends, span[0]), bisect_left(self.starts, span[1])
        return [place for place in range(first, after) if mostly_covered(self.parts[place], span)]
