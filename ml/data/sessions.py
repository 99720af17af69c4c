"""Sessions of one person made of a corpus's utterances.

In the corpora everybody shows every emotion equally often, one utterance at a time; a person in a session does not.
Here a speaker's utterances are joined with pauses of 0.2 to 0.5 s: all of one emotion, or in any order.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from ml.data.manifest import Utterance
from ml.voice.framing import SAMPLE_RATE

Order = Literal["one mood", "any order", "alone"]
PAUSE_S = (0.2, 0.5)
UTTERANCES = 10
"""Utterances joined to one session."""
LEAST_UTTERANCES = 4
"""A rest shorter than this is joined to the session before it."""


def session_plan(utterances: Sequence[Utterance], order: Order, draws: np.random.Generator) -> list[list[int]]:
    """Which utterances make each session, by their indices; each is used once and sessions hold one speaker's."""
    of_speaker: dict[str, list[int]] = {}
    for number, utterance in enumerate(utterances):
        of_speaker.setdefault(utterance.speaker, []).append(number)
    plan: list[list[int]] = []
    for numbers in of_speaker.values():
        if order == "alone":
            plan += [[number] for number in numbers]
            continue
        piles = [numbers]
        if order == "one mood":
            moods = sorted({utterances[number].emotion for number in numbers})
            piles = [[number for number in numbers if utterances[number].emotion == mood] for mood in moods]
        for pile in piles:
            shuffled = [int(number) for number in draws.permutation(pile)]
            sessions = [shuffled[at : at + UTTERANCES] for at in range(0, len(shuffled), UTTERANCES)]
            if len(sessions) > 1 and len(sessions[-1]) < LEAST_UTTERANCES:
                sessions[-2:] = [sessions[-2] + sessions[-1]]
            plan += sessions
    return plan


def joined(
    parts: Sequence[np.ndarray], moods: Sequence[int], draws: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Utterances one after the other with pauses: samples, and the class of every sample (-1 in a pause)."""
    sound: list[np.ndarray] = []
    classes: list[np.ndarray] = []
    for samples, mood in zip(parts, moods, strict=True):
        pause = np.zeros(int(draws.uniform(*PAUSE_S) * SAMPLE_RATE), dtype=np.float32)
        sound += [samples, pause]
        classes += [np.full(len(samples), mood, dtype=np.int8), np.full(len(pause), -1, dtype=np.int8)]
    return np.concatenate(sound), np.concatenate(classes)
