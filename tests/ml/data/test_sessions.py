"""Sessions made of a corpus's utterances."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ml.data.manifest import Utterance
from ml.data.sessions import LEAST_UTTERANCES, UTTERANCES, joined, session_plan
from ml.emotions import Emotion


def corpus(sizes: dict[str, dict[Emotion, int]]) -> list[Utterance]:
    return [
        Utterance(path=None, speaker=speaker, emotion=mood, corpus="X")  # type: ignore[arg-type]
        for speaker, moods in sizes.items()
        for mood, count in moods.items()
        for _ in range(count)
    ]


@given(st.integers(1, 45), st.integers(1, 45), st.sampled_from(["one mood", "any order", "alone"]))
def test_every_utterance_is_used_once_in_a_session_of_its_speaker(sad: int, happy: int, order: str) -> None:
    utterances = corpus({"a": {Emotion.SAD: sad, Emotion.HAPPY: happy}, "b": {Emotion.SAD: happy}})
    plan = session_plan(utterances, order, np.random.default_rng(1))  # type: ignore[arg-type]
    assert sorted(number for session in plan for number in session) == list(range(len(utterances)))
    for session in plan:
        assert len({utterances[number].speaker for number in session}) == 1
        assert len(session) < UTTERANCES + LEAST_UTTERANCES
        if order == "one mood":
            assert len({utterances[number].emotion for number in session}) == 1


def test_joined_utterances_keep_their_labels_and_pauses_have_none() -> None:
    parts = [np.full(100, 0.1, np.float32), np.full(50, 0.2, np.float32)]
    sound, classes = joined(parts, [2, 3], np.random.default_rng(1))
    assert np.all(sound[classes == 2] == np.float32(0.1))
    assert np.all(sound[classes == -1] == 0)
    assert (classes == 3).sum() == 50
