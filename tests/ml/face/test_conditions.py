"""What makes a face less certain or no face: still, covered, dark, small, on its side. By real people, spoiled."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from ml.config import Config
from ml.face.collector import FaceTracks, follow_faces
from ml.face.conditions import REASONS, judged_by
from ml.face.detection import FaceDetector
from ml.face.landmarks import Landmarker
from ml.face.orientation import quarter_turns
from ml.face.stillness import difference, still_stretches
from ml.media import probe
from tests.ml.clips import ffmpeg


def followed(clip: Path, folder: Path) -> FaceTracks:
    return follow_faces(clip, probe(clip), Config(), folder)


def reasons_of(clip: Path, folder: Path) -> tuple[float, str]:
    """Mean certainty of the face, and the commonest reason against it."""
    tracks = followed(clip, folder)
    _, certainty, reasons = tracks.conditions(tracks.tracks[0])
    return float(certainty.mean()), REASONS[int(np.bincount(reasons).argmax())]


def test_reasons_by_the_numbers() -> None:
    presence, covered = np.array([1, 0.3, 1, 1, 1, 1, 1]), np.array([0, 0, 0.5, 0, 0, 0, 0])
    light, size = np.array([150, 150, 150, 60, 150, 20, 150]), np.array([90, 90, 90, 90, 15, 90, 90])
    still = np.arange(7) == 6
    certainty, reasons = judged_by(presence, covered, light, size, still)

    covering, dark, small, picture = (REASONS.index(f"face_{name}") for name in ("covered", "dark", "small", "still"))
    assert list(reasons) == [0, covering, covering, dark, small, dark, picture]
    assert list(certainty) == pytest.approx([1, 0, 0, 0.6, 0.625, 0, 0])


def test_stretches_of_a_still_picture_reach_to_where_the_face_comes_and_goes() -> None:
    same, other = 0.0001, 0.02
    comparisons = [(0.2, 2.2, same), (2.2, 4.2, same), (4.2, 6.2, other), (6.2, 8.2, same), (8.2, 10.2, other)]
    assert still_stretches(comparisons, [(0.0, 12.0)]) == ((0.0, 4.2),)
    assert still_stretches(comparisons[:2], [(0.0, 5.8), (60.0, 70.0)]) == ((0.0, 5.8),)
    assert still_stretches(comparisons[3:], [(0.0, 12.0)]) == ()


def test_a_picture_moved_enlarged_and_relit_is_the_same_picture() -> None:
    face = cv2.resize(cv2.cvtColor(astronaut()[60:190, 160:290], cv2.COLOR_RGB2GRAY), (48, 48))
    to = np.array([[1.03, 0, -1], [0, 1.03, 0.5]], np.float32)
    moved = cv2.warpAffine(face, to, (48, 48), borderMode=cv2.BORDER_REPLICATE)
    open_mouth = face.copy()
    open_mouth[30:36, 18:30] = 20
    assert difference(face, cv2.convertScaleAbs(moved, alpha=0.9, beta=10)) < 0.1 * difference(face, open_mouth)
    assert difference(face, face[::-1].copy()) > 0.1


@pytest.fixture
def still(research_data: Path, tmp_path: Path) -> Callable[[str], Path]:
    """``still(filters)``: eight seconds of one frame of a real clip, sent through these filters."""

    def make(filters: str) -> Path:
        picture, clip = tmp_path / "still.png", tmp_path / "still.mp4"
        ffmpeg("-ss", "1", "-i", research_data / "clips/grid/bbaf2n.mp4", "-frames:v", "1", picture)
        ffmpeg("-loop", "1", "-r", "25", "-t", "8", "-i", picture, "-vf", filters, "-pix_fmt", "yuv420p", clip)
        return clip

    return make


@pytest.mark.data
@pytest.mark.parametrize(
    "filters",
    ["null", "noise=alls=12:allf=t", "scale=1920:-2,zoompan=z='1+0.001*on':x='iw/2-(iw/zoom/2)':d=1:s=640x512:fps=25"],
    ids=["plain", "noisy", "slowly enlarged"],
)
def test_a_still_picture_is_no_face(filters: str, still: Callable[[str], Path], tmp_path: Path) -> None:
    tracks = followed(still(filters), tmp_path)

    assert tracks.chosen(Config()) is None
    assert tracks.tracks[0].living_s == pytest.approx(0, abs=0.3)
    assert list(tracks.observations(tracks.tracks[0])) == []


@pytest.mark.data
@pytest.mark.parametrize("clip", ["mer2023/sample_00004136.mp4", "mead/eamm_surprised.mp4", "mead/eamm_disgusted.mp4"])
def test_a_real_person_who_keeps_still_is_a_face(clip: str, research_data: Path, tmp_path: Path) -> None:
    tracks = followed(research_data / "talking" / clip, tmp_path)

    assert tracks.tracks[0].still == ()
    assert tracks.chosen(Config()) == tracks.tracks[0]


def test_the_portrait_that_moves_and_speaks_is_a_face(portrait: Path, tmp_path: Path) -> None:
    assert followed(portrait, tmp_path).tracks[0].still == ()


@pytest.mark.data
@pytest.mark.parametrize(
    ("filters", "reason", "certainty"),
    [
        ("null", "", (1, 1)),
        ("eq=brightness=-0.35", "face_dark", (0.3, 0.95)),
        ("scale=iw/7:ih/7,pad=360:288:150:120:gray", "face_small", (0, 0.9)),
        ("drawbox=x=100:y=198:w=110:h=46:color=black:t=fill", "face_covered", (0, 0.2)),
        ("drawbox=x=95:y=138:w=120:h=40:color=black:t=fill", "face_covered", (0, 0.2)),
    ],
    ids=["as it is", "dark", "small", "mouth covered", "eyes covered"],
)
def test_a_real_face_that_is_hard_to_see_counts_for_less(
    filters: str, reason: str, certainty: tuple[float, float], research_data: Path, tmp_path: Path
) -> None:
    clip = tmp_path / "spoiled.mp4"
    ffmpeg("-i", research_data / "clips/grid/bbaf2n.mp4", "-vf", filters, "-an", clip)
    mean, commonest = reasons_of(clip, tmp_path)

    assert commonest == reason
    assert certainty[0] <= mean <= certainty[1]


def test_a_darkened_portrait_is_dark(portrait: Path, tmp_path: Path) -> None:
    ffmpeg("-i", portrait, "-vf", "eq=brightness=-0.35", "-an", tmp_path / "dark.mp4")
    certainty, reason = reasons_of(tmp_path / "dark.mp4", tmp_path)

    assert reason == "face_dark"
    assert 0.4 <= certainty < 0.95


@pytest.mark.parametrize("turn", [0, 1, 2, 3])
def test_a_picture_on_its_side_is_turned_upright(turn: int, portrait: Path) -> None:
    from ml.media import sampled_frames

    frames = [np.rot90(frame, -turn) for _, frame in sampled_frames(portrait, probe(portrait), 1)]
    assert quarter_turns(frames, FaceDetector(), Landmarker()) == turn
    assert quarter_turns([np.full((90, 160, 3), 90, np.uint8)] * 3, FaceDetector(), Landmarker()) == 0
    assert quarter_turns([], FaceDetector(), Landmarker()) == 0
