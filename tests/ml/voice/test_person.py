"""People are simulated as the rule believes them to be: usual scores of their own, moods added, chance on top."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.reference import Evidence
from ml.voice.person import LEAST_SAY, MOST_SAY, People, personal, usual_scores

MOODS = 2.5 * np.eye(7) - 2.5 / 7
PEOPLE = People(np.zeros(7), MOODS, np.full(7, 1.5), np.full(7, 0.05), np.full(7, 0.3))
SHIFT = np.array([2.5, -1.0, -1.0, 0.0, 0.5, -1.0, 0.0])


def segments(moods: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """General probabilities, which the person's shift misleads, and scores."""
    draws = np.random.default_rng(seed)
    scores = MOODS[moods] + SHIFT + draws.normal(0, 0.5, (len(moods), 7))
    shares = np.exp(scores)
    return shares / shares.sum(axis=1, keepdims=True), scores


def history(moods: np.ndarray, seed: int = 1) -> Evidence:
    general, scores = segments(moods, seed)
    found = Evidence.of_recording("voice-test", np.full(len(moods), 2.0), general, scores)
    assert found is not None
    return found


EVERY_MOOD = np.tile(np.arange(7), 12)
MOSTLY_SAD = np.array(([2] * 4 + [6]) * 15)


def share_right(moods: np.ndarray, evidence: Evidence | None) -> float:
    general, scores = segments(moods, 7)
    return float(np.mean(personal(general, scores, PEOPLE, evidence).argmax(axis=1) == moods))


def test_a_history_of_many_moods_takes_out_what_is_the_persons_own() -> None:
    assert share_right(EVERY_MOOD, history(EVERY_MOOD)) > share_right(EVERY_MOOD, None) + 0.1


def test_a_lasting_mood_does_not_disappear() -> None:
    sad = np.full(60, 2)
    assert share_right(sad, history(MOSTLY_SAD)) >= share_right(sad, None) - 0.03


def test_the_answer_for_anybody_gains_say_in_the_mood_that_fills_the_history() -> None:
    evidence = history(MOSTLY_SAD)
    usual, _ = usual_scores(PEOPLE, evidence)
    filling, rare = int(evidence.shares.argmax()), int(evidence.shares.argmin())
    general = 0.7 * np.eye(7)[[filling, rare]] + 0.3 / 7
    found = personal(general, np.stack([usual, usual]), PEOPLE, evidence)
    assert found[0, filling] > found[1, rare] + 0.05


def test_little_is_believed_of_little_evidence() -> None:
    usual, say = usual_scores(PEOPLE, history(np.array([2])))
    later, more = usual_scores(PEOPLE, history(EVERY_MOOD))
    assert np.linalg.norm(usual) < np.linalg.norm(later)
    assert 0 <= say < more <= MOST_SAY
    assert np.linalg.norm(later - SHIFT) < 0.5 * np.linalg.norm(SHIFT)


def test_somebody_unknown_is_judged_by_people_in_general() -> None:
    general, scores = segments(EVERY_MOOD, 3)
    assert personal(general, scores, PEOPLE, None) is general


@given(st.lists(st.integers(0, 6), min_size=1, max_size=80), st.integers(0, 99))
def test_whatever_the_history_probabilities_stay_probabilities(moods: list[int], seed: int) -> None:
    evidence = history(np.array(moods), seed)
    _, say = usual_scores(PEOPLE, evidence)
    assert 0 <= say <= max(LEAST_SAY, MOST_SAY)
    found = personal(*segments(EVERY_MOOD, seed), PEOPLE, evidence)
    assert np.all(found >= 0)
    assert found.sum(axis=1) == pytest.approx(1)
