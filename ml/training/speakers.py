"""Learn what tells people apart whatever mood they are in: the projection of ``ml.speakers.vectors``.

Utterances of many people in many moods are joined to blocks with pauses, levels and noise as they come; of every
stretch of speech the encoder's states are averaged. The projection is linear discriminant analysis: first the variance
within a person, moods and words included, is made equal in all directions; then the axes along which people differ
most are kept. Corpora are centred first, so that no axis tells microphones apart.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ml import weights as stored
from ml.data.dialogues import Dialogue, dialogue_of, dialogue_people
from ml.data.manifest import Utterance, read_audio, read_manifests, speech_manifests
from ml.level import LevelMeter
from ml.metrics.diarisation import DiarisationErrors, Speech, diarisation_errors
from ml.results import Progress
from ml.speakers.telling_apart import turns_of
from ml.speakers.vectors import BLOCK_CELLS, CELL_SAMPLES, LAYERS, SpeakerSpace, cell_points, cell_states
from ml.speakers.windows import WINDOW_CELLS, cell_has_speech
from ml.voice import activity
from ml.voice.framing import SAMPLE_RATE
from ml.voice.recogniser import load_encoder
from ml.voice.whisper_encoder import WhisperEncoder

log = logging.getLogger(__name__)

BLOCK_SAMPLES = BLOCK_CELLS * CELL_SAMPLES
PAUSE_S = (0.05, 0.6)
SPEECH_RMS = 0.06
LEVEL_DB = 5.0
"""Utterances differ in level by as much, up or down."""
NOISE_DB = (15.0, 50.0)
STEP_CELLS = 8
DIALOGUES = 6
"""Dialogues of each corpus and number of people at most."""
LEAST_CELLS = 5


@dataclass(frozen=True, slots=True)
class SpeakerOptions:
    """What to learn from and how.

    Attributes:
        manifests: CSV files with columns path, speaker, emotion7 and, if there, corpus.
        weights: folder the result is written to; None for the shipped one (or ``EMOREC_WEIGHTS``).
        version: name of the result.
        per_mood: utterances of each person and mood at most.
        axes: of the projection.
        shrinkage: share of the variance within a person that is taken as equal in all directions.
        seed: of draws, order, pauses, levels and noise.
    """

    manifests: tuple[Path, ...] = ()
    weights: Path | None = None
    version: str = "speakers-1"
    per_mood: int = 7
    axes: int = 24
    shrinkage: float = 0.05
    seed: int = 2022


@dataclass(frozen=True, slots=True)
class Stretches:
    """Averaged states of stretches of speech.

    Attributes:
        states: shape (n, STATE_WIDTH).
        speakers, corpora: of each, shape (n,).
    """

    states: np.ndarray
    speakers: np.ndarray
    corpora: np.ndarray

    def without(self, people: Sequence[str]) -> "Stretches":
        """Those of everybody else."""
        others = ~np.isin(self.speakers, list(people))
        return Stretches(self.states[others], self.speakers[others], self.corpora[others])


def train_speakers(options: SpeakerOptions, tell: Progress) -> dict[str, Any]:
    """Fit the projection, write speakers.safetensors and return its card entry.

    Raises:
        FileNotFoundError, ValueError: the data are not there or make no sense.
        RecognitionError: encoder_missing, encoder_damaged.
    """
    utterances = chosen(read_manifests(options.manifests or speech_manifests()), options)
    encoder = load_encoder()
    stretches = stretches_of(utterances, encoder, options.seed, tell)
    space = fit_space(stretches, options)
    tensors = {name: torch.from_numpy(getattr(space, name)).float() for name in ("mean", "axes", "between")}
    described = {
        "version": space.version,
        "layers": list(LAYERS),
        "speakers": len(set(stretches.speakers)),
        "corpora": sorted(set(stretches.corpora)),
        "utterances": len(utterances),
        "stretches": len(stretches.states),
        "seed": options.seed,
        "metrics": unheard_figures(utterances, stretches, encoder, options, tell),
    }
    return stored.write("speakers", tensors, described, options.weights)


def chosen(utterances: Sequence[Utterance], options: SpeakerOptions) -> list[Utterance]:
    """At most ``per_mood`` utterances of each person and mood, drawn by the seed, in random order."""
    draws = np.random.default_rng(options.seed)
    piles: dict[tuple[str, int], list[Utterance]] = {}
    for utterance in utterances:
        piles.setdefault((utterance.speaker, int(utterance.emotion)), []).append(utterance)
    drawn = [pile[n] for _, pile in sorted(piles.items()) for n in draws.permutation(len(pile))[: options.per_mood]]
    return [drawn[n] for n in draws.permutation(len(drawn))]


def unheard_figures(
    utterances: Sequence[Utterance],
    stretches: Stretches,
    encoder: WhisperEncoder,
    options: SpeakerOptions,
    tell: Progress,
) -> dict[str, Any]:
    """Figures on joined dialogues of people whom the projection has not learned from, by how many speak.

    For every dialogue a projection is fitted without its people. The sound is not separated. A prepared example, then:
    what is measured on real recordings (``ml.evaluation.speakers``) stands before it.

    Returns:
        "one", "two" and "three": each {"n", "several", "confusion", "per_corpus"}; several is the share in which it was
        sure that more than one person speaks, confusion the share of speech given to the wrong person.
    """
    figures: dict[str, Any] = {}
    draws = np.random.default_rng((options.seed, 2))
    for name, count in (("one", 1), ("two", 2), ("three", 3)):
        groups = dialogue_people(utterances, count, DIALOGUES, draws)
        rows = []
        for number, people in enumerate(groups, start=1):
            space = fit_space(stretches.without(people), options)
            rows.append(_judged(dialogue_of(people, utterances, draws), encoder, space))
            tell(f"dialogues of {name}", number, len(groups))
        figures[name] = {
            **_figures(rows),
            "per_corpus": {c: _figures([r for r in rows if r[0] == c]) for c in sorted({r[0] for r in rows})},
        }
    return figures


def _judged(dialogue: Dialogue, encoder: WhisperEncoder, space: SpeakerSpace) -> tuple[str, bool, DiarisationErrors]:
    """The dialogue's corpus, whether it was sure that several speak, and the errors."""
    sound = dialogue.sound * np.float32(_gain(dialogue.sound))
    speech = cell_has_speech(activity.speech_probabilities(sound, 1.0), -(-len(sound) // CELL_SAMPLES))
    turns = turns_of(cell_points(sound, speech, (encoder, space)), speech, space.between)
    answer = [Speech(turn.start_s, turn.end_s, str(turn.speaker)) for turn in turns.turns]
    return dialogue.corpus, turns.several, diarisation_errors(dialogue.truth, answer)


def _figures(rows: Sequence[tuple[str, bool, DiarisationErrors]]) -> dict[str, float]:
    errors = [errors.as_dict() for _, _, errors in rows]
    return {
        "n": len(rows),
        "several": round(float(np.mean([several for _, several, _ in rows])), 4),
        "confusion": round(float(np.mean([each["confusion"] for each in errors])), 4),
    }


def stretches_of(utterances: Sequence[Utterance], encoder: WhisperEncoder, seed: int, tell: Progress) -> Stretches:
    """Averaged states of every stretch of speech of ``WINDOW_CELLS`` in blocks joined of the utterances."""
    draws = np.random.default_rng((seed, 1))
    states: list[np.ndarray] = []
    owners: list[Utterance] = []
    done = 0
    for sound, places in _blocks(utterances, draws):
        speech = cell_has_speech(activity.speech_probabilities(sound, 1.0), BLOCK_CELLS)
        cells = cell_states(encoder, sound * np.float32(_gain(sound)))
        for start, end, utterance in places:
            inside = np.arange(-(-start // CELL_SAMPLES), min(end // CELL_SAMPLES, BLOCK_CELLS))
            inside = inside[speech[inside]]
            for at in range(0, max(1, len(inside) - WINDOW_CELLS + 1), STEP_CELLS):
                stretch = inside[at : at + WINDOW_CELLS]
                if len(stretch) >= LEAST_CELLS:
                    states.append(cells[stretch].mean(axis=0))
                    owners.append(utterance)
        done += len(places)
        tell("stretches of speech", done, len(utterances))
    return Stretches(
        np.array(states, dtype=np.float32),
        np.array([owner.speaker for owner in owners]),
        np.array([owner.corpus for owner in owners]),
    )


def fit_space(stretches: Stretches, options: SpeakerOptions) -> SpeakerSpace:
    """The projection that fits the stretches.

    Raises:
        ValueError: fewer than two people.
    """
    if len(set(stretches.speakers)) < 2:
        raise ValueError("at least two people are needed to learn what tells people apart")
    mean, deviation = stretches.states.mean(axis=0), stretches.states.std(axis=0) + 1e-6
    rows = (stretches.states - mean) / deviation
    rows = rows - _means(rows, stretches.corpora)
    within = rows - _means(rows, stretches.speakers)
    covariance = within.T @ within / len(within)
    equal = np.trace(covariance) / len(covariance) * np.eye(len(covariance))
    values, vectors = np.linalg.eigh((1 - options.shrinkage) * covariance + options.shrinkage * equal)
    whitening = vectors / np.sqrt(values)
    people = [(rows[stretches.speakers == speaker].mean(axis=0)) @ whitening for speaker in set(stretches.speakers)]
    between = np.stack(people).T @ np.stack(people) / len(people)
    variances, directions = np.linalg.eigh(between)
    order = np.argsort(-variances)[: options.axes]
    axes = (whitening @ directions[:, order]) / deviation[:, None]
    return SpeakerSpace(mean, axes, variances[order], options.version)


def _means(rows: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Each row's group's mean, shape of ``rows``."""
    _, places = np.unique(groups, return_inverse=True)
    sums = np.zeros((places.max() + 1, rows.shape[1]))
    np.add.at(sums, places, rows)
    means: np.ndarray = (sums / np.bincount(places)[:, None])[places]
    return means


def _blocks(
    utterances: Sequence[Utterance], draws: np.random.Generator
) -> Iterator[tuple[np.ndarray, list[tuple[int, int, Utterance]]]]:
    """Blocks of sound, and where in them whose utterance lies: (first sample, last exclusive, utterance)."""
    waiting = list(reversed(utterances))
    while waiting:
        sound = np.zeros(BLOCK_SAMPLES, np.float32)
        places: list[tuple[int, int, Utterance]] = []
        at = int(draws.uniform(*PAUSE_S) * SAMPLE_RATE)
        while waiting:
            samples = _levelled(read_audio(waiting[-1].path), draws)
            if at + len(samples) > BLOCK_SAMPLES and places:
                break
            samples = samples[: BLOCK_SAMPLES - at]
            sound[at : at + len(samples)] += samples
            places.append((at, at + len(samples), waiting.pop()))
            at += len(samples) + int(draws.uniform(*PAUSE_S) * SAMPLE_RATE)
            if at >= BLOCK_SAMPLES:
                break
        noise = SPEECH_RMS * 10 ** (-draws.uniform(*NOISE_DB) / 20)
        yield sound + draws.normal(0, noise, len(sound)).astype(np.float32), places


def _levelled(samples: np.ndarray, draws: np.random.Generator) -> np.ndarray:
    rms = float(np.sqrt(np.mean(np.square(samples)))) + 1e-9
    return samples * np.float32(SPEECH_RMS / rms * 10 ** (draws.uniform(-LEVEL_DB, LEVEL_DB) / 20))


def _gain(sound: np.ndarray) -> float:
    """What the pipeline would bring the block's level with (``ml.level``)."""
    meter = LevelMeter(SAMPLE_RATE)
    meter.add(sound[:, None])
    meter.finish()
    return meter.gain()
