"""Which segments are not the student's, as people say."""

from datetime import timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from analysis.models import Stretch, Who
from analysis.stretches.rule import Marks

NOW = timezone.now()


def marks(*stretches: tuple[float, float, str]) -> Marks:
    """Marks made one after the other, the last one the newest."""
    return Marks(
        Stretch(pk=UUID(int=age), start_s=start, end_s=end, who=who, at=NOW + timedelta(seconds=age))
        for age, (start, end, who) in enumerate(stretches)
    )


spans = st.tuples(st.integers(0, 30), st.integers(1, 30)).map(lambda span: (span[0], span[0] + span[1]))
stretches = st.lists(st.tuples(spans, st.sampled_from(Who.values)).map(lambda each: (*each[0], each[1])), max_size=8)


@pytest.mark.parametrize(
    ("start", "end", "taken"),
    [(0, 4, False), (1, 5, False), (2, 6, False), (3, 7, True), (4, 8, True), (12, 16, False)],
)
def test_a_segment_is_taken_when_more_than_half_of_it_lies_in_the_stretch(start, end, taken):
    assert bool(marks((4, 12, "counsellor")).taken(start, end)) is taken


@pytest.mark.parametrize("who", [who for who in Who.values if who != "student"])
def test_everybody_but_the_student_takes(who):
    assert marks((0, 4, who)).taken(0, 4).who == who
    assert marks((0, 4, "student")).taken(0, 4) is None


def test_the_newest_of_overlapping_marks_counts():
    assert marks((0, 8, "counsellor"), (0, 8, "student")).taken(2, 6) is None
    assert marks((0, 8, "student"), (0, 8, "other")).taken(2, 6).who == "other"


def test_two_people_share_what_is_not_the_student_s_and_the_larger_part_names_it():
    assert marks((0, 1, "other"), (1, 3, "counsellor")).taken(0, 4).who == "counsellor"


@given(stretches, st.integers(0, 60))
def test_at_every_instant_the_newest_mark_that_covers_it_counts(given_marks, second):
    covering = [who for start, end, who in given_marks if start <= second < end]
    found = marks(*given_marks).within(second, second + 1)
    assert [piece.stretch.who for piece in found] == covering[-1:]


@given(stretches)
def test_pieces_do_not_overlap_and_stand_in_order(given_marks):
    pieces = marks(*given_marks).pieces
    assert all(piece.start_s < piece.end_s for piece in pieces)
    assert all(first.end_s <= second.start_s for first, second in pairwise(pieces))


@given(stretches, spans)
def test_a_segment_is_taken_by_the_time_that_is_somebody_else_s(given_marks, span):
    start, end = span
    whose = [[who for s, e, who in given_marks if s <= second < e][-1:] for second in range(start, end)]
    others = sum(bool(each) and each != ["student"] for each in whose)
    assert bool(marks(*given_marks).taken(start, end)) is (others > (end - start) / 2)
