"""A face read against the person's own range: what a history changes, and what it must not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.emotions import Emotion
from ml.face.person import belief, face_probabilities
from ml.face.pooling import softmax
from ml.reference import Evidence, Reference

SEGMENT_S = 4.0
scores = arrays(np.float64, (5, 7), elements=st.floats(-8, 0))


def shown(classes: list[int], offset: np.ndarray, strength: float = 3.0) -> np.ndarray:
    """Scores of segments that show these classes, on a face that leans by ``offset``; shape (n, 7)."""
    raw = strength * np.eye(7)[classes] + offset
    found: np.ndarray = raw - np.log(np.exp(raw).sum(axis=1, keepdims=True))
    return found


def recorded(found: np.ndarray) -> Evidence:
    evidence = Evidence.of_recording("w", np.full(len(found), SEGMENT_S), softmax(found), found)
    assert evidence is not None
    return evidence


@given(found=scores)
def test_without_a_history_the_general_probabilities_stand(found: np.ndarray) -> None:
    assert (face_probabilities(found, None) == softmax(found)).all()
    assert (face_probabilities(found[0], None) == softmax(found[0])).all()


@given(found=scores, history=scores)
def test_probabilities_with_any_history_sum_to_one_and_do_not_depend_on_its_order(
    found: np.ndarray, history: np.ndarray
) -> None:
    parts = [Reference(face=recorded(history[[number]])) for number in range(len(history))]
    there, back = Reference.gathered(parts).face, Reference.gathered(parts[::-1]).face
    assert there is not None
    assert 0 <= belief(there) < 1
    answers = face_probabilities(found, there)
    np.testing.assert_allclose(answers.sum(axis=1), 1)
    np.testing.assert_allclose(face_probabilities(found, back), answers, atol=1e-9)


def test_a_varied_history_restores_what_a_leaning_face_hides() -> None:
    leaning = np.zeros(7)
    leaning[Emotion.NORMAL] = 2.0
    history = recorded(shown([*range(7)] * 8, leaning))
    sad = shown([Emotion.SAD], leaning, 1.5)[0]
    assert softmax(sad).argmax() == Emotion.NORMAL
    assert belief(history) > 0.5
    assert face_probabilities(sad, history).argmax() == Emotion.SAD


@pytest.mark.parametrize("mood", list(Emotion))
def test_a_lasting_mood_is_not_taken_for_how_the_person_looks(mood: Emotion) -> None:
    others = [emotion for emotion in Emotion if emotion != mood]
    history = recorded(shown([mood] * 32 + [others[number % 6] for number in range(8)], np.zeros(7)))
    now = shown([mood], np.zeros(7))[0]
    answer = face_probabilities(now, history)
    assert answer.argmax() == mood
    assert answer[mood] > softmax(now)[mood] - 0.03


def test_the_longer_and_the_more_varied_a_history_the_more_it_is_believed() -> None:
    long, short = (recorded(shown([*range(7)] * times, np.zeros(7))) for times in (20, 2))
    narrow = recorded(shown([Emotion.SAD, Emotion.SAD, Emotion.SAD, Emotion.SCARED] * 35, np.zeros(7)))
    assert belief(long) > 0.9
    assert belief(long) > belief(short) > 0.2
    assert belief(narrow) < 0.05
