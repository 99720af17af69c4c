"""FER2013: labels by name, votes, duplicate groups."""

from pathlib import Path

import numpy as np
import pytest

from ml.data.fer2013 import load_official_csv, load_sheets
from ml.emotions import Emotion

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


def test_training_pictures_of_a_later_split_are_left_out(tmp_path: Path) -> None:
    rows = [(0, 10, "Training"), (3, 20, "Training"), (5, 10, "PrivateTest")]
    path = write_csv(tmp_path / "fer2013.csv", *rows)
    assert load_official_csv(path, "Training").images[:, 0, 0].tolist() == [20]
    assert load_official_csv(path, "PrivateTest").images[:, 0, 0].tolist() == [10]


FERPLUS = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF\n"


def test_ferplus_votes_beside_the_official_file_are_read_row_by_row(tmp_path: Path) -> None:
    rows = [(0, 10, "Training"), (0, 20, "PublicTest"), (3, 30, "Training"), (3, 40, "Training")]
    path = write_csv(tmp_path / "fer2013.csv", *rows)
    (tmp_path / "fer2013new.csv").write_text(
        FERPLUS
        + "Training,fer0.png,4,0,0,0,1,0,3,2,0,0\n"
        + "PublicTest,fer1.png,0,10,0,0,0,0,0,0,0,0\n"
        + "Training,fer2.png,0,0,0,10,0,0,0,0,0,0\n"
        + "Training,,0,0,0,0,0,0,0,0,0,10\n"
    )
    votes = load_official_csv(path, "Training").votes
    assert votes[0].tolist() == pytest.approx([1 / 8, 0, 0, 0, 3 / 8, 0, 4 / 8])
    assert votes[1, Emotion.SAD] == 1
    assert (votes[2] == 0).all()


@pytest.mark.parametrize(
    ("ferplus", "complaint"),
    [
        (FERPLUS + "Training,a.png,10,0,0,0,0,0,0,0,0,0\n", "same rows"),
        (FERPLUS + "Training,a.png,10,0,0,0,0,0,0,0,0,0\n" * 2, "same rows"),
        ("Usage,votes\nTraining,1\n", "no column neutral"),
    ],
)
def test_a_ferplus_file_of_something_else_is_refused(tmp_path: Path, ferplus: str, complaint: str) -> None:
    path = write_csv(tmp_path / "fer2013.csv", (0, 10, "Training"), (0, 20, "PublicTest"))
    (tmp_path / "fer2013new.csv").write_text(ferplus)
    with pytest.raises(ValueError, match=complaint):
        load_official_csv(path, "PublicTest")


def test_a_csv_without_the_official_columns_is_refused(tmp_path: Path) -> None:
    (tmp_path / "faces.csv").write_text("label,image\n0,a.png\n")
    with pytest.raises(ValueError, match="no column emotion, pixels, Usage"):
        load_official_csv(tmp_path / "faces.csv", "Training")


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
