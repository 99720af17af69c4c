"""Speech corpora: the generic manifest, the audio behind it, and speaker-independent folds.

A manifest is a CSV file with the columns ``path`` (relative to the file), ``speaker``, ``emotion7`` and, if there,
``corpus``, ``language`` and ``sex``; other columns are ignored. RAVDESS, EmoDB and CASIA are read this way from the
research data folder (``EMOREC_DATA``, ``speech/manifest.csv``), and so is any corpus of one's own;
``ml.training.corpora`` makes manifests from the corpora as they are distributed.
"""

import csv
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from ml.emotions import Emotion, from_corpus_name
from ml.training.fer2013 import data_folder
from ml.voice.framing import SAMPLE_RATE

REQUIRED_COLUMNS = ("path", "speaker", "emotion7")
ANONYMOUS = "anonymous:"


@dataclass(frozen=True, slots=True)
class Utterance:
    """One labelled recording of one speaker. ``corpus``, ``language`` and ``sex`` are empty where not named.

    A row that names no speaker gets one of its own, ``anonymous:PATH``: good enough to be judged, not to train on.
    """

    path: Path
    speaker: str
    emotion: Emotion
    corpus: str
    language: str = ""
    sex: str = ""


def speech_manifest() -> Path:
    """The manifest of RAVDESS, EmoDB and CASIA in the research data folder; it need not exist."""
    return data_folder() / "speech" / "manifest.csv"


def read_manifest(manifest: Path) -> list[Utterance]:
    """The labelled rows of a manifest, in its order; rows with an empty ``emotion7`` are left out.

    Raises:
        ValueError: a column is missing, or a row has a label outside the seven classes; names the line.
        FileNotFoundError: there is no such manifest.
    """
    with manifest.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        missing = [column for column in REQUIRED_COLUMNS if column not in (rows.fieldnames or [])]
        if missing:
            raise ValueError(f"the manifest has no column {', '.join(missing)}")
        return [
            utterance
            for line, row in enumerate(rows, start=2)
            if (utterance := _utterance(row, manifest.parent, line)) is not None
        ]


def _utterance(row: dict[str, str], folder: Path, line: int) -> Utterance | None:
    label = (row["emotion7"] or "").strip()
    if not label:
        return None
    emotion = from_corpus_name(label)
    if emotion is None:
        raise ValueError(f"line {line}: {label!r} is not one of the seven classes")
    speaker = (row["speaker"] or "").strip() or f"{ANONYMOUS}{row['path']}"
    corpus, language, sex = ((row.get(column) or "").strip() for column in ("corpus", "language", "sex"))
    return Utterance(folder / row["path"], speaker, emotion, corpus, language, sex)


def read_audio(path: Path) -> np.ndarray:
    """Samples at 16 kHz, channels averaged: float32 in -1..1, shape (n,)."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    mono = samples.mean(axis=1)
    return mono if rate == SAMPLE_RATE else soxr.resample(mono, rate, SAMPLE_RATE)


def speaker_folds(utterances: Iterable[Utterance], folds: int, seed: int) -> dict[str, int]:
    """Assign every speaker to one fold, so that nobody is heard in training and test.

    Every corpus is dealt out as evenly as its number of speakers allows; a corpus with fewer speakers than folds
    is missing from the test part of some.

    Returns:
        Fold number (0 .. folds - 1) by speaker.

    Raises:
        ValueError: too few speakers, or one who is not named: nobody knows on which side of a split they belong.
    """
    corpus_of = {utterance.speaker: utterance.corpus for utterance in utterances}
    if any(speaker.startswith(ANONYMOUS) for speaker in corpus_of):
        raise ValueError("every row of a manifest for training names its speaker")
    if folds < 2 or len(corpus_of) < folds:
        raise ValueError(f"{len(corpus_of)} speakers cannot be dealt into {folds} folds")
    drawn = random.Random(seed)  # noqa: S311 - a reproducible split, nothing secret
    dealt: list[str] = []
    for corpus in sorted(set(corpus_of.values())):
        speakers = sorted(speaker for speaker, of in corpus_of.items() if of == corpus)
        drawn.shuffle(speakers)
        dealt += speakers
    return {speaker: position % folds for position, speaker in enumerate(dealt)}


def inner_speakers(
    utterances: Sequence[Utterance], fold_of: dict[str, int], fold: int, share: float, seed: int
) -> set[str]:
    """Training speakers of a fold set aside to decide when to stop, none of them in the test part.

    From every corpus about ``share`` of the training speakers, but only where at least three remain to learn from:
    a corpus of very few speakers (CASIA) keeps them all for learning. A share of 0 sets nobody aside.
    """
    if share == 0:
        return set()
    drawn = random.Random(f"{seed}/{fold}")  # noqa: S311 - a reproducible split, nothing secret
    aside: set[str] = set()
    by_corpus: dict[str, set[str]] = {}
    for utterance in utterances:
        if fold_of[utterance.speaker] != fold:
            by_corpus.setdefault(utterance.corpus, set()).add(utterance.speaker)
    for corpus in sorted(by_corpus):
        speakers = sorted(by_corpus[corpus])
        count = min(max(1, round(share * len(speakers))), len(speakers) - 3)
        if count > 0:
            aside.update(drawn.sample(speakers, count))
    return aside
