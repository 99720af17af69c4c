"""What noise and music cost the voice networks, and what vocal separation gains or costs.

A speaker's recordings are joined into one, as an interview is one recording. Music or noise is laid under it at a
signal-to-noise ratio, measured against the level of the speech; then the networks judge the mix, or what Spleeter makes
of it. Everything is judged out of fold and standardised by the speaker's own recordings, as in ``evaluate_voice``.
"""

import csv
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from ml.data.folder import data_folder
from ml.data.manifest import Utterance, read_audio
from ml.data.noise import coloured_noise
from ml.metrics.classification import by_group, headline
from ml.metrics.intervals import uar_gain_interval
from ml.results import Progress
from ml.voice import activity
from ml.voice.framing import SAMPLE_RATE
from ml.voice.recogniser import VoiceRecogniser
from ml.voice.separation import INPUT_RATE, Separator
from ml.voice.standardise import speech_rms

SPEAKERS_PER_CORPUS = 6
PER_CLASS = 12
"""Recordings of each class from each corpus."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What lies under the voice: "" (nothing), "noise" or "music", at ``snr_db``; separated or not."""

    under: str
    snr_db: float
    separate: bool


MIXES = (("", 0.0), ("noise", 20.0), ("noise", 10.0), ("noise", 0.0), ("music", 10.0), ("music", 0.0))
"""Each is judged as it is and after separation."""


@dataclass(frozen=True, slots=True)
class SpeakerRecordings:
    """One speaker's recordings: which utterances, their samples, and the level of the speech in them."""

    speaker: str
    numbers: tuple[int, ...]
    samples: tuple[np.ndarray, ...]
    level: float


def balanced(utterances: Sequence[Utterance], seed: int) -> list[int]:
    """Positions of a subset in which, within each corpus, every class there is occurs equally often.

    From each corpus at most ``SPEAKERS_PER_CORPUS`` speakers, so that each still has enough recordings for statistics
    of their own, and ``PER_CLASS`` recordings of each class, dealt evenly among them.
    """
    draws = np.random.default_rng(seed)
    numbers: list[int] = []
    for corpus in sorted({utterance.corpus for utterance in utterances}):
        own = [number for number, utterance in enumerate(utterances) if utterance.corpus == corpus]
        speakers = draws.permutation(sorted({utterances[number].speaker for number in own}))[:SPEAKERS_PER_CORPUS]
        for emotion in sorted({utterances[number].emotion for number in own}):
            piles = [
                draws.permutation(
                    [n for n in own if utterances[n].speaker == name and utterances[n].emotion == emotion]
                ).tolist()
                for name in speakers
            ]
            rounds = range(max(map(len, piles), default=0))
            dealt = [int(pile[turn]) for turn in rounds for pile in piles if turn < len(pile)]
            numbers += dealt[:PER_CLASS]
    return sorted(numbers)


def voice_conditions(
    recogniser: VoiceRecogniser, utterances: Sequence[Utterance], separator: Separator | None, seed: int, tell: Progress
) -> list[dict[str, Any]]:
    """Headline figures of every mix, as it is and separated.

    Args:
        separator: None leaves the separated ones out.

    Returns:
        Per row "under", "snr_db" (null where nothing lies under), "separated", the headline figures, "per_corpus", and
        for separated rows "gain": what the mean recall gains by separation, with its interval "gain_ci95".
    """
    numbers = balanced(utterances, seed)
    subset = [utterances[mix_number] for mix_number in numbers]
    people = read_speakers(subset)
    labels = np.array([int(utterance.emotion) for utterance in subset])
    tracks = interference()
    rows: list[dict[str, Any]] = []
    mixes = [(under, snr) for under, snr in MIXES if not under or under in tracks]
    for mix_number, (under, snr) in enumerate(mixes):
        mixed = [_mix(person, tracks.get(under), snr, (seed, index)) for index, person in enumerate(people)]
        unseparated = _row(Condition(under, snr, False), _judge(recogniser, people, mixed), subset, labels)
        rows.append(unseparated)
        if separator is not None:
            cleaned = [separated(separator, samples) for samples in mixed]
            row = _row(Condition(under, snr, True), _judge(recogniser, people, cleaned), subset, labels)
            rows.append(row | _gain(unseparated["guesses"], row["guesses"], subset, labels))
        tell("noise and separation", mix_number + 1, len(mixes))
    return [{key: value for key, value in row.items() if key != "guesses"} for row in rows]


def read_speakers(utterances: Sequence[Utterance]) -> list[SpeakerRecordings]:
    """Read the recordings, speaker by speaker."""
    of_speaker: dict[str, list[int]] = defaultdict(list)
    for number, utterance in enumerate(utterances):
        of_speaker[utterance.speaker].append(number)
    people = []
    for speaker, numbers in sorted(of_speaker.items()):
        audio = [read_audio(utterances[number].path) for number in numbers]
        masks = [activity.frame_mask(activity.speech_probabilities(samples), len(samples)) for samples in audio]
        level = speech_rms(list(zip(audio, masks, strict=True)))
        people.append(SpeakerRecordings(speaker, tuple(numbers), tuple(audio), level))
    return people


def interference(folder: Path | None = None) -> dict[str, list[np.ndarray]]:
    """Recordings to lay under voices, by kind, 16 kHz mono.

    Args:
        folder: with a ``manifest.csv`` (columns path, kind); default ``separation`` in the research data.

    Returns:
        "noise" and "music"; where there is no such folder, one minute of seeded pink noise and no music.
    """
    manifest = (folder or data_folder() / "separation") / "manifest.csv"
    if not manifest.is_file():
        return {"noise": [coloured_noise(60 * SAMPLE_RATE, 1.0, np.random.default_rng(1))]}
    with manifest.open(newline="", encoding="utf-8") as file:
        rows = [(row["path"], row["kind"].split(" (")[0]) for row in csv.DictReader(file)]
    return {
        kind: [read_audio(manifest.parent / path) for path, of in rows if of == kind] for kind in ("noise", "music")
    }


def interference_in_words(folder: Path | None = None) -> str:
    """What ``interference`` gives, for the card."""
    tracks = interference(folder)
    if "music" not in tracks:
        return "stretches of seeded pink noise"
    return " and ".join(f"{len(recordings)} recordings of {kind}" for kind, recordings in tracks.items())


def mix(speech: np.ndarray, level: float, under: np.ndarray, snr_db: float) -> np.ndarray:
    """Speech of that root mean square level with something under it, ``snr_db`` lower, turned down if it would clip."""
    loudness = float(np.sqrt(np.mean(np.square(under, dtype=np.float64))))
    mixed = speech + under * np.float32(level / max(loudness, 1e-9) * 10 ** (-snr_db / 20))
    return np.asarray(mixed / max(1.0, float(np.abs(mixed).max(initial=0))), dtype=np.float32)


def separated(separator: Separator, samples: np.ndarray) -> np.ndarray:
    """The vocals of 16 kHz mono, of the same length; Spleeter gets it as 44.1 kHz stereo."""
    wide = soxr.resample(samples, SAMPLE_RATE, INPUT_RATE).astype(np.float32)
    vocals = np.concatenate(list(separator.vocals([np.stack([wide, wide], axis=1)])))
    return np.pad(vocals, (0, max(0, len(samples) - len(vocals))))[: len(samples)]


def advice(rows: Sequence[dict[str, Any]]) -> list[str]:
    """What the rows say about separating, in sentences; a gain counts where its interval leaves zero out."""
    names_by_verdict: dict[str, list[str]] = {"raises": [], "lowers": [], "does not clearly change": []}
    for row in rows:
        if row.get("gain_ci95") is None:
            continue
        low, high = row["gain_ci95"]
        verdict = "raises" if low > 0 else "lowers" if high < 0 else "does not clearly change"
        names_by_verdict[verdict].append(name_of(row))
    sentences = [
        f"Separation {verdict} the mean recall with {', '.join(names)}."
        for verdict, names in names_by_verdict.items()
        if names
    ]
    if not any(names_by_verdict.values()):
        return []
    helps = ", ".join(names_by_verdict["raises"])
    sentences.append(
        f"The pipeline should separate where there is {helps}; nothing clear is gained elsewhere."
        if helps
        else "By these figures nothing clear is gained by separating, whatever lies under the voice."
    )
    return sentences


def name_of(row: dict[str, Any]) -> str:
    """What lies under the voice, in words."""
    return f"{row['under']} at {row['snr_db']:g} dB" if row["under"] else "nothing under the voice"


def _mix(
    person: SpeakerRecordings, tracks: list[np.ndarray] | None, snr_db: float, seed: tuple[int, int]
) -> np.ndarray:
    """The person's recordings as one, with a randomly drawn track under it."""
    speech = np.concatenate(person.samples)
    if not tracks:
        return speech
    draws = np.random.default_rng(seed)
    track = tracks[int(draws.integers(len(tracks)))]
    start = int(draws.integers(len(track)))
    under = np.take(track, np.arange(start, start + len(speech)), mode="wrap")
    return mix(speech, person.level, under, snr_db)


def _judge(
    recogniser: VoiceRecogniser, people: Sequence[SpeakerRecordings], streams: Sequence[np.ndarray]
) -> np.ndarray:
    """Classes of all utterances, shape (n,), from one stream per person."""
    guesses = np.zeros(sum(len(person.numbers) for person in people), dtype=np.int64)
    for person, stream in zip(people, streams, strict=True):
        cuts = np.cumsum([len(samples) for samples in person.samples])[:-1]
        judged = [recogniser.predict_whole(part, person.speaker) for part in np.split(stream, cuts)]
        guesses[list(person.numbers)] = [int(each.general.argmax()) for each in judged if each is not None]
    return guesses


def _row(condition: Condition, guesses: np.ndarray, subset: Sequence[Utterance], labels: np.ndarray) -> dict[str, Any]:
    speakers, corpora = [u.speaker for u in subset], [u.corpus for u in subset]
    return {
        "under": condition.under,
        "snr_db": condition.snr_db if condition.under else None,
        "separated": condition.separate,
        **headline(guesses, labels, speakers, corpora),
        "per_corpus": by_group(guesses, labels, corpora, speakers),
        "guesses": guesses,
    }


def _gain(before: np.ndarray, after: np.ndarray, subset: Sequence[Utterance], labels: np.ndarray) -> dict[str, Any]:
    speakers, corpora = [u.speaker for u in subset], [u.corpus for u in subset]
    gain = headline(after, labels)["uar"] - headline(before, labels)["uar"]
    interval = uar_gain_interval(before, after, labels, speakers, corpora)
    return {"gain": gain, "gain_ci95": None if interval is None else list(interval)}
