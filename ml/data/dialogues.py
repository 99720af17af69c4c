"""Dialogues made of a corpus's utterances: people who take turns in changing moods, and who speaks when in them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ml.data.manifest import Utterance, read_audio
from ml.metrics.diarisation import Speech
from ml.voice.framing import SAMPLE_RATE

LENGTH_S = (60.0, 100.0)
PAUSE_S = (0.05, 0.6)
UTTERANCES_A_TURN = (1, 1, 2, 3)
SPEECH_RMS = 0.06
LEVEL_DB = 4.0
"""People differ in level by as much, up or down; one person's utterances by half of it."""
NOISE_DB = (-65.0, -50.0)
_FLOOR = 10**-3.5
"""Share of an utterance's greatest power below which its ends are silence."""
_FRAME = SAMPLE_RATE // 100


@dataclass(frozen=True, slots=True)
class Dialogue:
    """Sound, 16 kHz mono, shape (n,), and who speaks when in it."""

    corpus: str
    sound: np.ndarray
    truth: tuple[Speech, ...]

    @property
    def people(self) -> int:
        """How many speak."""
        return len({each.speaker for each in self.truth})


def dialogue_people(
    utterances: Sequence[Utterance], count: int, per_corpus: int, draws: np.random.Generator
) -> list[tuple[str, ...]]:
    """Who speaks in each dialogue: ``count`` people of one corpus, at most so many dialogues a corpus."""
    groups: list[tuple[str, ...]] = []
    for corpus in sorted({utterance.corpus for utterance in utterances}):
        people = sorted({utterance.speaker for utterance in utterances if utterance.corpus == corpus})
        if len(people) < count:
            continue
        seen: set[tuple[str, ...]] = set()
        for _ in range(20 * per_corpus):
            if len(seen) == per_corpus:
                break
            seen.add(tuple(sorted(str(each) for each in draws.choice(people, count, replace=False))))
        groups += sorted(seen)
    return groups


def dialogue_of(people: Sequence[str], utterances: Sequence[Utterance], draws: np.random.Generator) -> Dialogue:
    """People who take turns of one to three utterances in whatever mood comes; one alone speaks all the time."""
    own = {person: [each for each in utterances if each.speaker == person] for person in people}
    level = {person: draws.uniform(-LEVEL_DB, LEVEL_DB) for person in people}
    length = int(draws.uniform(*LENGTH_S) * SAMPLE_RATE)
    parts = [_pause(draws)]
    truth: list[Speech] = []
    at, turn = len(parts[0]), 0
    while at < length:
        person = people[turn % len(people)]
        for _ in range(draws.choice(UTTERANCES_A_TURN)):
            samples = read_audio(own[person][draws.integers(len(own[person]))].path)
            loudness = level[person] + draws.uniform(-LEVEL_DB / 2, LEVEL_DB / 2)
            samples = samples * np.float32(SPEECH_RMS * 10 ** (loudness / 20) / _rms(samples))
            first, last = _spoken(samples)
            truth.append(Speech((at + first) / SAMPLE_RATE, (at + last) / SAMPLE_RATE, person))
            parts += [samples, _pause(draws)]
            at += len(samples) + len(parts[-1])
        turn += 1
    sound = np.concatenate(parts)
    sound = sound + draws.normal(0, 10 ** (draws.uniform(*NOISE_DB) / 20), len(sound)).astype(np.float32)
    corpus = own[people[0]][0].corpus
    return Dialogue(corpus, sound / max(1.0, float(np.abs(sound).max()) / 0.9), tuple(truth))


def _pause(draws: np.random.Generator) -> np.ndarray:
    return np.zeros(int(draws.uniform(*PAUSE_S) * SAMPLE_RATE), dtype=np.float32)


def _rms(samples: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(samples)))) + 1e-9


def _spoken(samples: np.ndarray) -> tuple[int, int]:
    """First and last sample of what is not silence."""
    frames = samples[: len(samples) // _FRAME * _FRAME].reshape(-1, _FRAME)
    power = np.square(frames).mean(axis=1)
    active = np.flatnonzero(power > _FLOOR * power.max())
    return int(active[0]) * _FRAME, (int(active[-1]) + 1) * _FRAME
