"""Following faces: synthetic boxes with a known truth."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.face.detection import Box
from ml.face.tracking import RETURN_S, Tracker, intersection_over_union, signature

STEP = 0.2

boxes = st.builds(
    Box,
    x=st.floats(-50, 500),
    y=st.floats(-50, 500),
    w=st.floats(5, 200),
    h=st.floats(5, 200),
    confidence=st.floats(0, 1),
)


def face(x: float, y: float = 100, size: float = 80) -> Box:
    return Box(x, y, size, size, 0.9)


def look(seed: int) -> np.ndarray:
    """Colours of a person: each seed another, with no colour in common."""
    colours = np.zeros(1536, dtype=np.float32)
    colours[seed * 10 : seed * 10 + 10] = 0.1
    return colours


def test_two_people_stay_two_faces_while_they_move() -> None:
    tracker = Tracker(STEP)
    for frame in range(50):
        left, right = face(100 + 2 * frame), face(500 - 2 * frame)
        # The detector reports them in any order.
        found = [left, right] if frame % 3 else [right, left]
        numbers = tracker.update(frame * STEP, found)
        assert numbers == ([0, 1] if frame == 0 or not frame % 3 else [1, 0])

    assert [follow.n_frames for follow in tracker.follows] == [50, 50]


def test_a_gap_of_a_second_is_bridged() -> None:
    tracker = Tracker(STEP)
    seen = [frame * STEP for frame in range(40) if not 10 <= frame < 14]
    for time_s in seen:
        tracker.update(time_s, [face(100)])

    assert len(tracker.follows) == 1
    assert abs(tracker.follows[0].followed_s - 40 * STEP) < 1e-6


def test_time_out_of_sight_does_not_count_as_followed() -> None:
    tracker = Tracker(STEP)
    for time_s in (0.0, 0.2, 20.0, 20.2):
        tracker.update(time_s, [face(100)], [look(1)])

    assert len(tracker.follows) == 1
    assert abs(tracker.follows[0].followed_s - 0.8) < 1e-6


def test_a_face_that_comes_back_in_other_colours_is_somebody_else() -> None:
    tracker = Tracker(STEP)
    tracker.update(0.0, [face(100)], [look(1)])

    assert tracker.update(5.0, [face(100)], [look(2)]) == [1]


def test_a_face_that_comes_back_elsewhere_is_somebody_else() -> None:
    tracker = Tracker(STEP)
    tracker.update(0.0, [face(100)], [look(1)])

    assert tracker.update(5.0, [face(300)], [look(1)]) == [1]


def test_nobody_comes_back_after_a_minute() -> None:
    tracker = Tracker(STEP)
    tracker.update(0.0, [face(100)], [look(1)])

    assert tracker.update(RETURN_S + 1, [face(100)], [look(1)]) == [1]


def test_a_cut_to_another_person_in_the_same_place_begins_a_new_face() -> None:
    tracker = Tracker(STEP)
    tracker.update(0.0, [face(100)], [look(1)])

    assert tracker.update(STEP, [face(100)], [look(2)]) == [1]
    assert tracker.update(2 * STEP, [face(100)], [look(1)]) == [0]


def test_a_false_box_beside_a_face_never_takes_its_number() -> None:
    tracker = Tracker(STEP)
    generator = np.random.default_rng(3)
    for frame in range(60):
        found = [face(200 + generator.normal(0, 2))]
        if frame % 7 == 3:
            found.insert(0, Box(generator.uniform(0, 60), generator.uniform(250, 300), 30, 30, 0.99))
        numbers = tracker.update(frame * STEP, found)
        assert numbers[-1] == 0

    assert tracker.follows[0].n_frames == 60
    assert max(follow.n_frames for follow in tracker.follows[1:]) < 10


@given(boxes, boxes)
def test_overlap_is_symmetric_and_between_nothing_and_all(one: Box, other: Box) -> None:
    overlap = intersection_over_union(one, other)

    assert 0 <= overlap <= 1 + 1e-9
    assert abs(overlap - intersection_over_union(other, one)) < 1e-9
    assert abs(intersection_over_union(one, one) - 1) < 1e-9


@given(st.lists(st.lists(boxes, max_size=4), min_size=1, max_size=12))
@settings(max_examples=60, deadline=None)
def test_every_box_is_counted_once_and_no_face_twice_in_a_frame(frames: list[list[Box]]) -> None:
    tracker = Tracker(STEP)
    for index, found in enumerate(frames):
        numbers = tracker.update(index * STEP, found)
        assert len(numbers) == len(set(numbers)) == len(found)

    assert sum(follow.n_frames for follow in tracker.follows) == sum(map(len, frames))


def test_colours_tell_two_pictures_apart_and_sum_to_one() -> None:
    red, blue = np.zeros((100, 100, 3), np.uint8), np.zeros((100, 100, 3), np.uint8)
    red[..., 0], blue[..., 2] = 200, 200
    one, other = signature(red, face(30, 30, 40)), signature(blue, face(30, 30, 40))

    assert abs(one.sum() - 1) < 1e-6
    assert np.sqrt(one * other).sum() == 0


def test_colours_of_a_box_that_leaves_the_frame_are_still_colours() -> None:
    frame = np.full((60, 60, 3), 90, np.uint8)

    assert abs(signature(frame, Box(-200, -200, 20, 20, 0.9)).sum()) <= 1
