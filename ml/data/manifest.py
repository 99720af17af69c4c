"""Speech corpora: the generic manifest and the audio behind it.

A manifest is a CSV file with the columns ``path`` (relative to the file), ``speaker``, ``emotion7`` and, if there,
``corpus``, ``language`` and ``sex``; other columns are ignored. RAVDESS, EmoDB and CASIA are read this way from the
research data folder (``EMOREC_DATA``, ``speech/manifest.csv``), and so is any corpus of one's own;
``ml.data.corpora`` makes manifests from the corpora as they are distributed.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
import soxr

from ml.data.folder import data_folder
from ml.emotions import Emotion, from_corpus_name
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


def speech_manifests() -> tuple[Path, ...]:
    """The manifests of the research data folder; they need not exist."""
    return speech_manifest(), data_folder() / "speech_more" / "manifest.csv"


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


def read_manifests(manifests: Sequence[Path]) -> list[Utterance]:
    """The labelled rows of several manifests; a corpus is taken from the last one that holds it."""
    of_corpus: dict[str, list[Utterance]] = {}
    for manifest in manifests:
        rows = read_manifest(manifest)
        for corpus in {utterance.corpus for utterance in rows}:
            of_corpus[corpus] = [utterance for utterance in rows if utterance.corpus == corpus]
    return [utterance for corpus in sorted(of_corpus) for utterance in of_corpus[corpus]]


def labelled(manifest: Path) -> list[Utterance]:
    """The labelled rows of a manifest, each with its file in place.

    Raises:
        FileNotFoundError, ValueError: no manifest, no labelled row, or files that are missing.
    """
    utterances = read_manifest(manifest)
    if not utterances:
        raise ValueError("the manifest has no labelled row")
    missing = sum(not utterance.path.is_file() for utterance in utterances)
    if missing:
        raise ValueError(f"{missing} of the {len(utterances)} files that the manifest names are not there")
    return utterances


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
