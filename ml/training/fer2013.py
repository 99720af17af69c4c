"""FER2013: faces of 48x48 grey pixels in seven classes, as research sheets or as the official Kaggle CSV.

Two sources of labels exist. FER2013's own label is one per picture; FER+ has ten annotators' votes per picture. They
agree on 63 % of the pictures only, so every figure says which one it refers to.
"""

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml.emotions import EMOTIONS, from_corpus_name, from_fer2013

SIDE = 48
"""Side of a face in pixels."""

_TILES_PER_ROW = 48
_SPLIT_FILES = {"Training": "training.csv", "PublicTest": "publictest.csv"}
_VOTE_PREFIX = "ferplus_"


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


def data_folder() -> Path:
    """The research data: EMOREC_DATA, by default ``../shared/data`` beside the project."""
    default = Path(__file__).resolve().parents[2].parent / "shared" / "data"
    return Path(os.environ.get("EMOREC_DATA") or default)


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
    """Faces from Kaggle's ``fer2013.csv`` (columns emotion, pixels, Usage).

    Args:
        path: the CSV file.
        usage: rows to take: "Training", "PublicTest" or "PrivateTest".

    Raises:
        FileNotFoundError: no such file.
        ValueError: no row has that usage, or a row does not hold 48x48 grey levels and a label 0-6.
    """
    images, labels = [], []
    with path.open(newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            if row["Usage"].strip() != usage:
                continue
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
        votes=np.zeros((len(faces), len(EMOTIONS)), dtype=np.float32),
    )


def load_faces(source: Path, split: str) -> Faces:
    """Faces of a split from the official CSV (a file) or from the research sheets (a folder)."""
    return load_official_csv(source, split) if source.is_file() else load_sheets(source, split)


def held_out(groups: Sequence[int] | np.ndarray, share: float, seed: int) -> np.ndarray:
    """Choose about ``share`` of the groups at random; returns a mask over their members, bool, shape (N,).

    Members of one group are all chosen or none, so identical pictures never stand on both sides.
    """
    names = np.unique(np.asarray(groups))
    chosen = np.random.default_rng(seed).permutation(names)[: round(share * len(names))]
    return np.isin(groups, chosen)


def _tile(sheet: np.ndarray, tile: int) -> np.ndarray:
    row, column = divmod(tile, _TILES_PER_ROW)
    face = sheet[row * SIDE : (row + 1) * SIDE, column * SIDE : (column + 1) * SIDE]
    if face.shape != (SIDE, SIDE):
        raise ValueError(f"tile {tile} lies outside its sheet of {sheet.shape}")
    return face


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
