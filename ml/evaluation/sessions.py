"""Whole sessions of one person, judged by the whole pipeline: what matters most, and what utterances do not show.

In a corpus everybody shows every emotion equally often; a person in a session does not. So ten utterances of one
speaker are joined with pauses, all of them in one mood, or eight or five of them and others in between, written to a
file and recognised. Speakers of the training corpora are judged by the networks that never heard them.

History: a speaker's utterances of each mood are dealt into two halves. One-mood sessions are made of the first half and
judged alone, then after five sessions' worth of what a recording of the second half leaves behind, four fifths of its
utterances in the same mood, or all of them neutral.
"""

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from ml.config import Config
from ml.data.manifest import Utterance, labelled, read_audio
from ml.data.sessions import UTTERANCES, joined
from ml.emotions import EMOTIONS, NEGATIVE, Emotion
from ml.errors import RecognitionError
from ml.models import Models
from ml.reading import read
from ml.recognise import recognise
from ml.reference import Evidence, Reference
from ml.results import Progress, Recognition
from ml.voice.framing import HOP_SAMPLES, SAMPLE_RATE

KINDS: dict[str, int] = {"uniform": 10, "mixed80": 8, "mixed50": 5}
"""Utterances in the session's mood, of ten."""
PER_CORPUS = 12
"""Sessions of each kind and corpus at most."""
HISTORY_SESSIONS, HISTORY_S = 5, 5 * 30.0
"""Sessions of which a history is said to be, and the judged seconds that its sums are scaled to."""
HISTORY_UTTERANCES = 20
"""Utterances at most in the recording that a history is taken of."""
OTHERS_PER_OWN = 0.25
"""Utterances in other moods for each in the same mood, for a history that is four fifths in one mood."""
LEAST_UTTERANCES = 2
"""A mood of which a speaker has fewer utterances makes no session."""
_HOPS_PER_SECOND = SAMPLE_RATE // HOP_SAMPLES


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """A session to be made: whose, in which mood, of which utterances in which order."""

    speaker: str
    mood: Emotion
    utterances: tuple[Utterance, ...]
    seed: tuple[int, ...]

    @property
    def corpus(self) -> str:
        """Of its first utterance."""
        return self.utterances[0].corpus


@dataclass(frozen=True, slots=True)
class SessionFigures:
    """How one session was judged.

    Attributes:
        seconds: speech by the mood it truly was in and the label it got, shape (7, 8); the last column got none.
        right: whether its commonest label is the session's mood.
    """

    plan: SessionPlan
    seconds: np.ndarray
    right: bool

    @property
    def time_right(self) -> float:
        """Share of its speech with the right label; what got none counts as wrong."""
        return float(np.trace(self.seconds[:, :7]) / self.seconds.sum())

    @property
    def judged(self) -> float:
        """Share of its speech that got a label."""
        return float(self.seconds[:, :7].sum() / self.seconds.sum())

    @property
    def negative_error(self) -> float:
        """Distance between the shares of negative labels and of negative speech, 0-1; 1 where nothing was judged."""
        negative = [EMOTIONS.index(name) for name in NEGATIVE]
        labels = self.seconds[:, :7].sum(axis=0)
        if not labels.sum():
            return 1.0
        truly = self.seconds.sum(axis=1)
        return float(abs(labels[negative].sum() / labels.sum() - truly[negative].sum() / truly.sum()))


def evaluate_sessions(
    manifest: Path, weights: Path | None, config: Config, *, seed: int, per_corpus: int, tell: Progress
) -> dict[str, Any]:
    """Figures on sessions made of the labelled rows of a manifest.

    Args:
        manifest: CSV with columns path, speaker, emotion7 and, if there, corpus, language and sex.
        config: of the recognition; the face is left out.
        per_corpus: sessions of each kind and corpus at most, drawn by the seed.

    Returns:
        "uniform", "mixed80" and "mixed50", each {"n", "time_right", "sessions_right", "negative_error", "judged",
        "per_corpus", "per_language", "per_sex", "confusion"}; "history_same" and "history_neutral" likewise, with
        "without_history": the same sessions judged alone.

    Raises:
        FileNotFoundError, ValueError: the data are not there or make no sense.
        RecognitionError: weights or models are missing or damaged.
    """
    utterances = labelled(manifest)
    models = Models.load(weights)
    figures: dict[str, Any] = {}
    for kind, own in KINDS.items():
        plans = drawn(session_plans(utterances, own, seed), per_corpus, seed)
        judged = []
        for number, plan in enumerate(plans):
            judged.append(judge(plan, models, config))
            tell(f"{kind} sessions", number + 1, len(plans))
        figures[kind] = summary(judged)
    figures |= _history_figures(utterances, models, config, seed=seed, per_corpus=per_corpus, tell=tell)
    return {**figures, "seed": seed, "model": models.voice_for(config).version, "separation": config.separation}


def session_plans(utterances: Sequence[Utterance], own: int, seed: int) -> list[SessionPlan]:
    """One session per speaker and mood: ``own`` of ten utterances in the mood, the others in the speaker's others.

    Where a speaker has too few utterances they are heard again.
    """
    plans = []
    for (speaker, mood), pile in by_mood(utterances).items():
        other_moods = [
            each
            for (owner, of), rest in by_mood(utterances).items()
            if owner == speaker and of != mood
            for each in rest
        ]
        if len(pile) < LEAST_UTTERANCES or (own < UTTERANCES and not other_moods):
            continue
        name = (seed, own, *speaker.encode(), int(mood))
        draws = np.random.default_rng(name)
        session_utterances = _cycled(pile, own, draws) + _cycled(other_moods, UTTERANCES - own, draws)
        order = draws.permutation(len(session_utterances))
        plans.append(SessionPlan(speaker, mood, tuple(session_utterances[number] for number in order), name))
    return plans


def by_mood(utterances: Iterable[Utterance]) -> dict[tuple[str, Emotion], list[Utterance]]:
    """Utterances by speaker and mood."""
    piles: dict[tuple[str, Emotion], list[Utterance]] = {}
    for utterance in utterances:
        piles.setdefault((utterance.speaker, utterance.emotion), []).append(utterance)
    return piles


def drawn(plans: Sequence[SessionPlan], per_corpus: int, seed: int) -> list[SessionPlan]:
    """At most so many plans of each corpus."""
    draws = np.random.default_rng(seed)
    plans_drawn: list[SessionPlan] = []
    for corpus in sorted({plan.corpus for plan in plans}):
        own = [plan for plan in plans if plan.corpus == corpus]
        plans_drawn += [own[number] for number in sorted(draws.permutation(len(own))[:per_corpus])]
    return plans_drawn


def judge(plan: SessionPlan, models: Models, config: Config) -> SessionFigures:
    """Make the session, recognise it, and hold every moment of its speech against its label."""
    return held_against(plan, *recognised(plan, models, config))


def held_against(plan: SessionPlan, moods: np.ndarray, result: Recognition | None) -> SessionFigures:
    """Every moment of the session's speech against its label."""
    seconds = label_seconds(moods, result)
    return SessionFigures(plan, seconds, int(seconds[:, :7].sum(axis=0).argmax()) == int(plan.mood))


def recognised(plan: SessionPlan, models: Models, config: Config) -> tuple[np.ndarray, Recognition | None]:
    """The class of every 10 ms of the session (-1 in pauses), and what the pipeline says; None if it judges nothing."""
    sound, classes = sound_of(plan)
    with tempfile.TemporaryDirectory(prefix="emorec-") as folder:
        path = Path(folder) / "session.wav"
        soundfile.write(path, sound, SAMPLE_RATE, subtype="PCM_16")
        return classes[::HOP_SAMPLES], usable(path, unaware(plan.speaker, models, config), config)


def sound_of(plan: SessionPlan) -> tuple[np.ndarray, np.ndarray]:
    """The session's samples, 16 kHz mono, and the class of each (-1 in pauses), both of shape (n,)."""
    parts = [read_audio(utterance.path) for utterance in plan.utterances]
    return joined(parts, [int(each.emotion) for each in plan.utterances], np.random.default_rng(plan.seed))


def unaware(speaker: str, models: Models, config: Config) -> Models:
    """The models with only those voice networks that never heard the speaker."""
    recogniser = models.voice_for(config)
    return models.with_voice(recogniser.with_members(recogniser.unaware_of(speaker)))


def usable(path: Path, models: Models, config: Config) -> Recognition | None:
    """The pipeline's result for a recording; None where it judges nothing."""
    try:
        return recognise(path, models, config)
    except RecognitionError as error:
        if error.code != "no_usable_signal":
            raise
        return None


def label_seconds(moods: np.ndarray, result: Recognition | None) -> np.ndarray:
    """Seconds of speech by true mood and label, shape (7, 8); each instant is divided among the segments that cover it.

    Args:
        moods: class of every 10 ms, -1 in pauses.
    """
    votes = np.zeros((len(moods), len(EMOTIONS)))
    for segment in result.segments if result is not None else ():
        if segment.label is not None:
            span = slice(int(segment.start_s * _HOPS_PER_SECOND), int(segment.end_s * _HOPS_PER_SECOND))
            votes[span, EMOTIONS.index(segment.label)] += 1
    total = votes.sum(axis=1)
    shares = np.column_stack([votes / np.maximum(total, 1)[:, None], total == 0])
    seconds = np.zeros((len(EMOTIONS), len(EMOTIONS) + 1))
    for mood in range(len(EMOTIONS)):
        seconds[mood] = shares[moods == mood].sum(axis=0) / _HOPS_PER_SECOND
    return seconds


def summary(sessions: Sequence[SessionFigures]) -> dict[str, Any]:
    """Figures over sessions, each weighing the same, and by corpus, language and sex."""
    figures = _means(sessions)
    for name, of in (("per_corpus", "corpus"), ("per_language", "language"), ("per_sex", "sex")):
        values = sorted({getattr(each.plan.utterances[0], of) for each in sessions} - {""})
        groups = {v: [each for each in sessions if getattr(each.plan.utterances[0], of) == v] for v in values}
        figures[name] = {value: _means(group) for value, group in groups.items()}
    seconds = np.sum([each.seconds for each in sessions], axis=0)
    shares = seconds / np.maximum(seconds.sum(axis=1, keepdims=True), 1e-9)
    figures["confusion"] = [[round(float(value), 4) for value in row] for row in shares]
    return figures


def _means(sessions: Sequence[SessionFigures]) -> dict[str, Any]:
    return {
        "n": len(sessions),
        "speakers": len({each.plan.speaker for each in sessions}),
        "time_right": float(np.mean([each.time_right for each in sessions])),
        "sessions_right": float(np.mean([each.right for each in sessions])),
        "negative_error": float(np.mean([each.negative_error for each in sessions])),
        "judged": float(np.mean([each.judged for each in sessions])),
    }


def _history_figures(
    utterances: Sequence[Utterance], models: Models, config: Config, *, seed: int, per_corpus: int, tell: Progress
) -> dict[str, Any]:
    first, second = _halves(utterances, seed)
    plans = drawn(session_plans(first, UTTERANCES, seed), per_corpus, seed)
    histories = _Histories(second, models, config, seed)
    recogniser = models.voice_for(config)
    after: dict[str, list[SessionFigures]] = {"history_same": [], "history_neutral": []}
    bases: dict[str, list[SessionFigures]] = {"history_same": [], "history_neutral": []}
    for number, plan in enumerate(plans):
        moods, result = recognised(plan, models, config)
        alone = held_against(plan, moods, result)
        people = recogniser.people(plan.speaker)
        for kind, evidence in (
            ("history_same", histories.evidence(plan.speaker, plan.mood, OTHERS_PER_OWN)),
            ("history_neutral", histories.evidence(plan.speaker, Emotion.NORMAL, 0.0)),
        ):
            if evidence is not None:
                own = result and replace(
                    result, segments=read(result.segments, Reference(voice=evidence), config, people)
                )
                after[kind].append(held_against(plan, moods, own))
                bases[kind].append(alone)
        tell("sessions with history", number + 1, len(plans))
    return {
        kind: {**summary(sessions), "without_history": _means(bases[kind])}
        for kind, sessions in after.items()
        if sessions
    }


class _Histories:
    """What five sessions of a speaker leave behind; each is recognised when it is first asked for, and once."""

    def __init__(self, utterances: Sequence[Utterance], models: Models, config: Config, seed: int) -> None:
        self._piles = by_mood(utterances)
        self._models, self._config, self._seed = models, config, seed
        self._evidence_by_history: dict[tuple[str, Emotion, float], Evidence | None] = {}

    def evidence(self, speaker: str, mood: Emotion, others_per_own: float) -> Evidence | None:
        """Of sessions in that mood, with so many utterances in others for each in it; None where there are none."""
        place = (speaker, mood, others_per_own)
        if place not in self._evidence_by_history:
            self._evidence_by_history[place] = self._recognised(*place)
        return self._evidence_by_history[place]

    def _recognised(self, speaker: str, mood: Emotion, others_per_own: float) -> Evidence | None:
        pile = self._piles.get((speaker, mood), [])
        if not pile:
            return None
        name = (self._seed, *speaker.encode(), int(mood), 1)
        draws = np.random.default_rng(name)
        other_moods = [
            each for (owner, of), rest in self._piles.items() if owner == speaker and of != mood for each in rest
        ]
        own = min(len(pile), round(HISTORY_UTTERANCES / (1 + others_per_own)))
        session_utterances = _cycled(pile, own, draws) + _cycled(
            other_moods, round(own * others_per_own) if other_moods else 0, draws
        )
        order = draws.permutation(len(session_utterances))
        plan = SessionPlan(speaker, mood, tuple(session_utterances[number] for number in order), name)
        _, result = recognised(plan, self._models, self._config)
        evidence = None if result is None else result.contribution.voice
        if evidence is None:
            return None
        by = HISTORY_S / evidence.seconds
        return Evidence(evidence.model, HISTORY_SESSIONS, HISTORY_S, evidence.counts * by, evidence.total * by)


def _halves(utterances: Sequence[Utterance], seed: int) -> tuple[list[Utterance], list[Utterance]]:
    """Each speaker's utterances of each mood dealt into two halves."""
    first: list[Utterance] = []
    second: list[Utterance] = []
    for (speaker, mood), pile in by_mood(utterances).items():
        order = np.random.default_rng((seed, *speaker.encode(), int(mood), 2)).permutation(len(pile))
        first += [pile[int(number)] for number in order[::2]]
        second += [pile[int(number)] for number in order[1::2]]
    return first, second


def _cycled(pile: Sequence[Utterance], count: int, draws: np.random.Generator) -> list[Utterance]:
    """So many utterances of the pile in random order, repeated where there are fewer."""
    order = draws.permutation(len(pile)) if len(pile) else np.zeros(0, dtype=int)
    return [pile[int(order[number % len(order)])] for number in range(count)]
