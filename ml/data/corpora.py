"""Manifests of the speech and video corpora, made from their folders as they are distributed.

A manifest is a CSV with the columns path (relative to the file), corpus, speaker, sex, language, emotion (the corpus's
own label) and emotion7 (the project's class; empty for labels outside the seven, such as calm and boredom). Training
and evaluation read nothing else (``ml.data.manifest``). Speakers are named as in the research data, so that the
networks that learned from a speaker are kept from judging them.

========  ======================================  ==============================================================
corpus    file                                    what the name says
========  ======================================  ==============================================================
ravdess   ``Actor_16/03-01-05-01-02-01-16.wav``   modality, channel, emotion, intensity, sentence, take, actor
emodb     ``wav/03a01Wa.wav``                     speaker (2 digits), sentence (3 signs), emotion (letter), take
casia     ``wangzhe/angry/201.wav``               speaker, emotion, number
cheavd    any, named by a list                    nothing: the list has the columns file, label, perhaps speaker
========  ======================================  ==============================================================

CHEAVD2.0 is given out under an agreement and its folders could not be seen, hence the list.
"""

import csv
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

from ml.emotions import from_corpus_name

SOUND = frozenset({".wav", ".flac", ".mp3", ".ogg", ".m4a"})
VIDEO = frozenset({".mp4", ".avi", ".mov", ".mkv", ".webm"})

RAVDESS_EMOTIONS = ("neutral", "calm", "happy", "sad", "angry", "fearful", "disgust", "surprised")
EMODB_EMOTIONS = {
    "W": "anger",
    "L": "boredom",
    "E": "disgust",
    "A": "fear",
    "F": "happiness",
    "T": "sadness",
    "N": "neutral",
}
"""First letters of the German words (Wut, Langeweile, Ekel, Angst, Freude, Trauer; N neutral)."""
EMODB_MEN = frozenset({"03", "10", "11", "12", "15"})
CASIA_SEX = {"liuchanhg": "F", "wangzhe": "M", "zhaoquanyin": "F"}
CASIA_EMOTIONS = frozenset({"angry", "fear", "happy", "neutral", "sad", "surprise"})
CHEAVD_LABELS = frozenset({"angry", "disgust", "happy", "sad", "surprise", "anxious", "worried", "neutral"})

_RAVDESS_NAME = re.compile(r"^(0[123])-(0[12])-(0[1-8])-0[12]-0[12]-0[12]-(0[1-9]|1\d|2[0-4])$")
_EMODB_NAME = re.compile(r"^(\d\d)[ab]\d\d([WLEAFTN])[a-z]$")
_SPEECH, _VIDEO_ONLY = "01", "02"


@dataclass(frozen=True, slots=True)
class Clip:
    """One row of a manifest; unknown values are empty."""

    path: Path
    corpus: str
    speaker: str
    sex: str
    language: str
    emotion: str

    @property
    def emotion7(self) -> str:
        """The project's class, empty for labels outside the seven."""
        emotion = from_corpus_name(self.emotion)
        return "" if emotion is None else emotion.label


def ravdess(folder: Path) -> list[Clip]:
    """RAVDESS speech (Livingstone & Russo 2018): sound alone or with the picture; song and silent video are left out.

    Raises:
        FileNotFoundError, ValueError: no such folder, or no file in it that is named so.
    """
    clips = []
    for path in _files(folder, SOUND | VIDEO):
        match = _RAVDESS_NAME.match(path.stem)
        if match and match[1] != _VIDEO_ONLY and match[2] == _SPEECH:
            sex = "M" if int(match[4]) % 2 else "F"
            emotion = RAVDESS_EMOTIONS[int(match[3]) - 1]
            clips.append(Clip(path, "RAVDESS", f"ravdess_{match[4]}", sex, "en", emotion))
    return _some(_without_copies(clips), folder, "RAVDESS", "03-01-05-01-02-01-16.wav")


def emodb(folder: Path) -> list[Clip]:
    """The Berlin database of emotional speech (Burkhardt et al. 2005). Raises as ``ravdess``."""
    clips = []
    for path in _files(folder, SOUND):
        if match := _EMODB_NAME.match(path.stem):
            sex = "M" if match[1] in EMODB_MEN else "F"
            clips.append(Clip(path, "EmoDB", f"emodb_{match[1]}", sex, "de", EMODB_EMOTIONS[match[2]]))
    return _some(_without_copies(clips), folder, "EmoDB", "03a01Wa.wav")


def casia(folder: Path) -> list[Clip]:
    """CASIA's Mandarin corpus: a folder per speaker, in it one per emotion. Raises as ``ravdess``."""
    clips = []
    for path in _files(folder, SOUND):
        emotion, speaker = path.parent.name.lower(), path.parent.parent.name.lower()
        if emotion in CASIA_EMOTIONS:
            clips.append(Clip(path, "CASIA", f"casia_{speaker}", CASIA_SEX.get(speaker, ""), "zh", emotion))
    return _some(clips, folder, "CASIA", "SPEAKER/angry/201.wav")


def cheavd(folder: Path, listing: Path) -> list[Clip]:
    """CHEAVD2.0 (Li et al. 2017): clips in a folder, named by a list with the columns file, label and perhaps speaker.

    Its eight labels become seven: anxious and worried are scared (paper section 4.1).

    Raises:
        FileNotFoundError, ValueError: no such folder or list, a column or a clip missing, an unknown label.
    """
    if not folder.is_dir():
        raise FileNotFoundError(2, "no such folder", str(folder))
    clips, absent = [], []
    with listing.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.DictReader(file)
        if missing := [column for column in ("file", "label") if column not in (rows.fieldnames or [])]:
            raise ValueError(f"the list has no column {', '.join(missing)}; its first line must be: file,label,speaker")
        for line, row in enumerate(rows, start=2):
            label = (row["label"] or "").strip().lower()
            if label not in CHEAVD_LABELS:
                raise ValueError(f"line {line}: {label!r} is none of {', '.join(sorted(CHEAVD_LABELS))}")
            speaker = (row.get("speaker") or "").strip()
            path = folder / (row["file"] or "").strip()
            absent += [] if path.is_file() else [line]
            clips.append(Clip(path, "CHEAVD2.0", f"cheavd_{speaker}" if speaker else "", "", "zh", label))
    if absent:
        raise ValueError(
            f"{len(absent)} of the {len(clips)} listed clips are not in the folder, the first on line {absent[0]}"
        )
    if not clips:
        raise ValueError("the list has no row")
    return clips


READERS: dict[str, Callable[[Path], list[Clip]]] = {"ravdess": ravdess, "emodb": emodb, "casia": casia}
"""Corpora whose folder says everything."""


def read_corpus(name: str, folder: Path, listing: Path | None = None) -> list[Clip]:
    """The clips of a corpus.

    Args:
        name: one of ``READERS``, or "cheavd".
        listing: of file and label; for "cheavd" only.

    Raises:
        FileNotFoundError, ValueError: see the readers; or an unknown name, a list missing or out of place.
    """
    if name == "cheavd":
        if listing is None:
            raise ValueError("CHEAVD2.0 needs --list, a CSV with the columns file, label and, if known, speaker")
        return cheavd(folder, listing)
    if name not in READERS:
        raise ValueError(f"{name!r} is none of {', '.join([*READERS, 'cheavd'])}")
    if listing is not None:
        raise ValueError(f"--list is for cheavd only; the file names of {name} say all that is needed")
    return READERS[name](folder)


def write_manifest(clips: list[Clip], target: Path) -> dict[str, int]:
    """Write the manifest; returns the number of clips per class, "" for labels outside the seven."""
    columns = [each.name for each in fields(Clip)]
    counts: dict[str, int] = {}
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*columns, "emotion7"])
        for clip in clips:
            path = Path(os.path.relpath(clip.path.resolve(), target.parent.resolve())).as_posix()
            rest = (clip.corpus, clip.speaker, clip.sex, clip.language, clip.emotion, clip.emotion7)
            writer.writerow([path, *rest])
            counts[clip.emotion7] = counts.get(clip.emotion7, 0) + 1
    return dict(sorted(counts.items()))


def _files(folder: Path, endings: frozenset[str]) -> Iterator[Path]:
    if not folder.is_dir():
        raise FileNotFoundError(2, "no such folder", str(folder))
    yield from sorted(path for path in folder.rglob("*") if path.suffix.lower() in endings and path.is_file())


def _without_copies(clips: list[Clip]) -> list[Clip]:
    """One clip per file name: names are unique in these corpora, and some archives hold everything twice."""
    first: dict[str, Clip] = {}
    for clip in clips:
        first.setdefault(clip.path.name, clip)
    return list(first.values())


def _some(clips: list[Clip], folder: Path, corpus: str, example: str) -> list[Clip]:
    if not clips:
        raise ValueError(
            f"no file under {folder.name} is named as {corpus} names its files ({example}); "
            "unpack the archive and name the folder that holds it"
        )
    return clips
