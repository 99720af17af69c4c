"""The vocabulary of the audit trail: one place, filled by the apps."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from students.trail import Vocabulary


@pytest.fixture
def vocabulary() -> Vocabulary:
    words = Vocabulary()
    words.add(
        actions={"door.open": "Opened a door"},
        names={"colour": "colour", "rows": "rows", "seen": "seen"},
        values={"colour": {"r": "red", "b": "blue"}, "rows": {"new": "added", "old": "left"}},
    )
    return words


def test_a_known_action_is_said_in_words_and_another_as_it_is(vocabulary):
    assert vocabulary.action("door.open") == "Opened a door"
    assert vocabulary.action("door.paint") == "door.paint"


def test_details_are_said_in_words_and_those_that_say_nothing_are_left_out(vocabulary):
    detail = {"colour": "r", "seen": False, "gone": None, "size": 3}
    assert vocabulary.details(detail) == ["colour: red", "seen: no", "size: 3"]


def test_lists_and_counts_are_said_in_the_order_of_the_vocabulary(vocabulary):
    assert vocabulary.details({"colour": ["b", "r", "x"]}) == ["colour: blue, red, x"]
    assert vocabulary.details({"rows": {"odd": 1, "old": 2, "new": 3}}) == ["rows: added 3, left 2, odd 1"]


@pytest.mark.parametrize(
    "second",
    [
        {"actions": {"door.open": "Unlocked"}, "names": {}, "values": {}},
        {"actions": {}, "names": {"seen": "looked at"}, "values": {}},
        {"actions": {}, "names": {}, "values": {"colour": {"g": "green"}}},
    ],
)
def test_no_app_takes_another_s_words(vocabulary, second):
    with pytest.raises(ImproperlyConfigured):
        vocabulary.add(**second)
    assert vocabulary.action("door.open") == "Opened a door"
