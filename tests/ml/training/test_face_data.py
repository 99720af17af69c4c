"""FER2013's loaders: labels by name, votes, duplicate groups."""

from pathlib import Path

import numpy as np
import pytest

from ml.emotions import Emotion
from ml.training.fer2013 import held_out, load_official_csv, load_sheets

HEADER = "emotion,pixels,Usage\n"


def write_csv(path: Path, *rows: tuple[int, int, str]) -> Path:
    """Pictures of one grey level each: (label, grey level, usage)."""
    lines = [f"{label},{' '.join([str(grey)] * 48 * 48)},{usage}\n" for label, grey, usage in rows]
    path.write_text(HEADER + "".join(lines))
    return path


def test_the_official_file_gives_the_rows_of_its_split(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer.csv", (2, 10, "Training"), (4, 20, "PrivateTest"), (6, 30, "PrivateTest"))
    faces = load_official_csv(path, "PrivateTest")

    assert [Emotion(label).label for label in faces.labels] == ["sad", "normal"]
    assert faces.images.shape == (2, 48, 48)
    assert faces.images.dtype == np.uint8
    assert (faces.images[1] == 30).all()
    assert (faces.votes == 0).all()


def test_identical_pictures_share_a_group(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "fer.csv", (0, 10, "Training"), (3, 20, "Training"), (5, 10, "Training"))
    groups = load_official_csv(path, "Training").groups

    assert groups[0] == groups[2] != groups[1]


@pytest.mark.parametrize("row", ["0,1 2 3,Training\n", f"7,{' '.join(['0'] * 2304)},Training\n"])
def test_a_row_that_is_no_face_is_refused(tmp_path: Path, row: str) -> None:
    (tmp_path / "fer.csv").write_text(HEADER + row)

    with pytest.raises(ValueError, match=r"48x48|0-6"):
        load_official_csv(tmp_path / "fer.csv", "Training")


def test_a_split_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="PublicTest"):
        load_official_csv(write_csv(tmp_path / "fer.csv", (0, 1, "Training")), "PublicTest")


def test_holding_out_never_cuts_a_group() -> None:
    groups = np.repeat(np.arange(200), 3)
    mask = held_out(groups, 0.1, seed=1)

    assert mask.sum() == 60
    assert not set(groups[mask]) & set(groups[~mask])
    assert np.array_equal(mask, held_out(groups, 0.1, seed=1))
    assert not np.array_equal(mask, held_out(groups, 0.1, seed=2))


@pytest.mark.data
def test_the_research_sheets_hold_the_documented_faces(research_data: Path) -> None:
    faces = load_sheets(research_data / "fer2013", "PublicTest")

    assert len(faces) == 3543
    assert faces.images.shape[1:] == (48, 48)
    counts = {Emotion(label).label: int((faces.labels == label).sum()) for label in range(7)}
    assert max(counts, key=counts.get) == "happy"
    assert min(counts, key=counts.get) == "disgust"
    totals = faces.votes.sum(axis=1)
    assert np.isin(totals.round(5), [0, 1]).all()
    # FER2013's label and the annotators' majority agree on about 63 % (the data's own documentation).
    assert 0.6 < (faces.votes.argmax(axis=1) == faces.labels).mean() < 0.68


@pytest.mark.data
def test_training_and_public_test_share_no_picture(research_data: Path) -> None:
    training = load_sheets(research_data / "fer2013", "Training")
    test = load_sheets(research_data / "fer2013", "PublicTest")

    assert not {face.tobytes() for face in training.images} & {face.tobytes() for face in test.images}
