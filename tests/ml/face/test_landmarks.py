"""What the points of a face say: of a portrait turned and mirrored, and of real people who talk."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage.data import astronaut

from ml.config import Config
from ml.face.collector import FaceTracks, follow_faces
from ml.face.detection import Box, FaceDetector
from ml.face.landmarks import POINTS, Landmarker, Landmarks
from ml.media import probe


@pytest.fixture(scope="module")
def landmarker() -> Landmarker:
    return Landmarker()


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    """A portrait, 512x512."""
    return np.asarray(astronaut())


def found_in(landmarker: Landmarker, picture: np.ndarray) -> Landmarks:
    return landmarker.find(picture, FaceDetector().detect(picture)[0])


def test_the_points_lie_on_the_face_in_the_frames_own_pixels(landmarker: Landmarker, picture: np.ndarray) -> None:
    box = FaceDetector().detect(picture)[0]
    found = landmarker.find(picture, box)
    middle = found.points[:, :2].mean(axis=0)

    assert found.points.shape == (POINTS, 3)
    assert found.presence > 0.99
    assert np.abs(middle - box.centre).max() < 0.2 * box.size
    shifted = landmarker.find(np.roll(picture, 40, axis=1), Box(box.x + 40, box.y, box.w, box.h, box.confidence))
    assert shifted.points[:, 0].mean() - middle[0] == pytest.approx(40, abs=0.1)


def test_a_mirrored_head_is_turned_the_other_way(landmarker: Landmarker, picture: np.ndarray) -> None:
    here, mirrored = (found_in(landmarker, np.ascontiguousarray(each)) for each in (picture, picture[:, ::-1]))

    assert mirrored.yaw == pytest.approx(-here.yaw, abs=2)
    assert mirrored.roll == pytest.approx(-here.roll, abs=2)
    assert mirrored.opening == pytest.approx(here.opening, abs=0.03)


def test_a_tilted_picture_is_a_tilted_head(landmarker: Landmarker, picture: np.ndarray) -> None:
    turned = cv2.warpAffine(picture, cv2.getRotationMatrix2D((224, 128), -15, 1), (512, 512))

    assert 5 < found_in(landmarker, turned).roll - found_in(landmarker, picture).roll < 20


def test_no_face_has_no_presence(landmarker: Landmarker) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), dtype=np.uint8)

    assert landmarker.find(noise, Box(50, 50, 100, 100, 0.9)).presence < 0.1
    assert landmarker.find(np.full((200, 200, 3), 128, np.uint8), Box(50, 50, 100, 100, 0.9)).presence < 0.1


def lips_of(clip: Path, folder: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    tracks: FaceTracks = follow_faces(clip, probe(clip), Config(), folder)
    return tracks.lips(tracks.tracks[0])


def test_a_mouth_opens_when_the_portrait_begins_to_speak(portrait: Path, tmp_path: Path) -> None:
    """Its speech begins after 0.8 s."""
    times, opening, presence = lips_of(portrait, tmp_path)

    assert len(times) == len(opening) == len(presence) == 30
    assert (np.diff(times) > 0).all()
    assert presence.min() > 0.9
    assert opening[times > 1].mean() > 1.3 * opening[times < 0.8].mean()


@pytest.mark.data
def test_a_real_mouth_is_wider_open_in_surprise_than_at_rest(research_data: Path, tmp_path: Path) -> None:
    folder = research_data / "talking" / "mead"
    _, surprised, _ = lips_of(folder / "W011_front_surprised_level3_001.mp4", tmp_path)
    _, neutral, sure = lips_of(folder / "W011_front_neutral_level1_001.mp4", tmp_path)

    assert sure.min() > 0.9
    assert np.quantile(surprised, 0.9) > 1.3 * np.quantile(neutral, 0.9)
