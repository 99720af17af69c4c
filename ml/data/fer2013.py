"""FER2013: faces of 48x48 grey pixels in seven classes, as research sheets or as the official Kaggle CSV.

Two sources of labels exist. FER2013's own label is one per picture; FER+ has ten annotators' votes per picture. They
agree on 63 % of the pictures only, so every figure says which one it refers to.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from ml.data.folder import data_folder
from ml.emotions import EMOTIONS, from_corpus_name, from_fer2013

SIDE = 48
"""Side of a face in pixels."""

LABEL_SET = "FER2013 (official label)"

_TILES_PER_ROW = 48
_SPLIT_FILES = {"Training": "training.csv", "PublicTest": "publictest.csv"}
_VOTE_PREFIX = "ferplus_"
_FERPLUS_FILE = "fer2013new.csv"
_FERPLUS_COLUMNS = ("neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear")
"""The seven classes' columns of FER+; contempt, unknown and NF ("no face") are left out."""


@dataclass(frozen=True, slots=True)
class Faces:
    """Labelled faces.

    Attributes:
        images: uint8, shape (N, 48, 48).
        labels: class numbers of ``ml.emotions`` (not FER2013's), int64, shape (N,).
        groups: equal numbers mark identical pixels, int64, shape (N,); a split never cuts a group.
        votes: FER+ votes over the seven classes as shares that sum to 1, float32, shape (N, 7); a row of zeros where
            there are none or all went to contempt, "unknown" or "not a face".
    """

    images: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    votes: np.ndarray

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, index: np.ndarray) -> "Faces":
        """The faces at ``index`` (positions or a mask)."""
        return Faces(self.images[index], self.labels[index], self.groups[index], self.votes[index])


def fer2013_folder() -> Path:
    """The research sheets of FER2013; they need not exist."""
    return data_folder() / "fer2013"


def load_sheets(folder: Path, split: str) -> Faces:
    """Faces from the research sheets: PNG pictures of 48x48 tiles and a CSV that names sheet, tile and label.

    Args:
        folder: holds ``training.csv``, ``publictest.csv`` and the sheets they name.
        split: "Training" or "PublicTest".

    Raises:
        FileNotFoundError: the split's CSV is not there.
        ValueError: no such split, or a row that makes no sense.
    """
    from skimage.io import imread

    if split not in _SPLIT_FILES:
        raise ValueError(f"the sheets hold {' and '.join(_SPLIT_FILES)}, not {split}")
    with (folder / _SPLIT_FILES[split]).open(newline="") as file:
        rows = list(csv.DictReader(file))
    sheets = {name: imread(folder / name, as_gray=False) for name in sorted({row["sheet"] for row in rows})}
    return Faces(
        images=np.stack([_tile(sheets[row["sheet"]], int(row["tile"])) for row in rows]),
        labels=np.array([int(from_fer2013(int(row["label"]))) for row in rows], dtype=np.int64),
        groups=np.array([int(row["duplicate_group"]) for row in rows], dtype=np.int64),
        votes=np.stack([_vote_shares(row) for row in rows]),
    )


def load_official_csv(path: Path, usage: str) -> Faces:
    """Faces from Kaggle's ``fer2013.csv`` (columns emotion, pixels, Usage), with FER+ votes where they lie beside it.

    Training pictures that also stand in a later split are left out, so that no figure rests on pictures learned from;
    the later splits are taken whole.

    Args:
        path: the CSV file. A ``fer2013new.csv`` of FER+ (Barsoum et al. 2016) in the same folder gives the votes.
        usage: rows to take: "Training", "PublicTest" or "PrivateTest".

    Raises:
        FileNotFoundError: no such file.
        ValueError: no row has that usage, a row does not hold 48x48 grey levels and a label 0-6, or the FER+ file does
            not belong to this one.
    """
    images, labels, places = [], [], []
    later = _pixels_of_later_splits(path) if usage == "Training" else frozenset()
    with path.open(newline="") as file:
        for number, row in enumerate(_official_rows(file), start=2):
            if row["Usage"].strip() != usage or hash(row["pixels"]) in later:
                continue
            places.append(number - 2)
            pixels = np.array(row["pixels"].split(), dtype=np.int64)
            if pixels.size != SIDE * SIDE or pixels.min() < 0 or pixels.max() > 255:
                raise ValueError(f"line {number} does not hold {SIDE}x{SIDE} grey levels")
            images.append(pixels.astype(np.uint8).reshape(SIDE, SIDE))
            labels.append(int(from_fer2013(int(row["emotion"]))))
    if not images:
        raise ValueError(f"no row has the usage {usage}")
    faces = np.stack(images)
    return Faces(
        images=faces,
        labels=np.array(labels, dtype=np.int64),
        groups=_identical(faces),
        votes=_ferplus_votes(path.with_name(_FERPLUS_FILE), places, usage),
    )


def load_faces(source: Path, split: str) -> Faces:
    """Faces of a split from the official CSV (a file) or from the research sheets (a folder)."""
    return load_official_csv(source, split) if source.is_file() else load_sheets(source, split)


def _tile(sheet: np.ndarray, tile: int) -> np.ndarray:
    row, column = divmod(tile, _TILES_PER_ROW)
    face = sheet[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE]
    if face.shape != (SIDE, SIDE):
        raise ValueError(f"tile {tile} lies outside its sheet of {sheet.shape}")
    return face


def _official_rows(file: TextIO) -> Iterator[dict[str, str]]:
    rows = csv.DictReader(file)
    if missing := [name for name in ("emotion", "pixels", "Usage") if name not in (rows.fieldnames or [])]:
        raise ValueError(f"the file has no column {', '.join(missing)}: take fer2013.csv of the Kaggle challenge")
    yield from rows


def _pixels_of_later_splits(path: Path) -> frozenset[int]:
    with path.open(newline="") as file:
        return frozenset(hash(row["pixels"]) for row in _official_rows(file) if row["Usage"].strip() != "Training")


def _ferplus_votes(path: Path, places: Sequence[int], usage: str) -> np.ndarray:
    """FER+ votes of the rows at ``places`` (counted from 0), shares as in ``Faces``; zeros where there is no file."""
    if not path.is_file():
        return np.zeros((len(places), len(EMOTIONS)), dtype=np.float32)
    with path.open(newline="") as file:
        rows = csv.DictReader(file)
        if missing := [name for name in ("Usage", *_FERPLUS_COLUMNS) if name not in (rows.fieldnames or [])]:
            raise ValueError(f"{path.name} has no column {', '.join(missing)}: take the file that FER+ publishes")
        votes = list(rows)
    if len(votes) <= max(places) or any(votes[place]["Usage"].strip() != usage for place in places):
        raise ValueError(f"{path.name} does not have the same rows as fer2013.csv: take both complete and unsorted")
    return np.stack(
        [_vote_shares({_VOTE_PREFIX + name: votes[place][name] for name in _FERPLUS_COLUMNS}) for place in places]
    )


def _vote_shares(row: dict[str, str]) -> np.ndarray:
    votes = np.zeros(len(EMOTIONS), dtype=np.float32)
    for column, value in row.items():
        if column.startswith(_VOTE_PREFIX):
            emotion = from_corpus_name(column.removeprefix(_VOTE_PREFIX))
            if emotion is not None:
                votes[emotion] += float(value or 0)
    total = votes.sum()
    return votes / total if total else votes


def _identical(images: np.ndarray) -> np.ndarray:
    _, groups = np.unique(images.reshape(len(images), -1), axis=0, return_inverse=True)
    return groups.reshape(-1).astype(np.int64)
