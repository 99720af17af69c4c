"""A person's pictures: the best first, small, in colour, a few over the time in sight."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from ml.config import Config
from ml.face.collector import follow_faces
from ml.face.detection import Box
from ml.face.landmarks import POINTS, Landmarks
from ml.face.thumbnails import PER_PERSON, SIDE, Album
from ml.media import probe

POINTS_OF_A_FACE = np.random.default_rng(0).normal(size=(POINTS, 3)).astype(np.float32)


def test_the_surest_picture_comes_first_and_the_others_are_spread_over_time() -> None:
    album = Album()
    frame = np.random.default_rng(0).integers(0, 256, (100, 100, 3), dtype=np.uint8)
    for minute in range(20):
        sure = 0.95 if minute == 7 else 0.5
        for second, confidence in ((1, 0.3), (2, sure), (3, 0.4)):
            time_s = 60.0 * minute + second
            album.offer((4, 1), time_s, frame, Box(30, 30, 40, 40, confidence), Landmarks(POINTS_OF_A_FACE, 1.0))
    pictures = album.thumbnails(1, [4], [(0.0, 1200.0)])

    assert pictures[0].time_s == 422.0
    times = [picture.time_s for picture in pictures[1:]]
    assert len(pictures) == PER_PERSON
    assert times == sorted(times)
    assert times[0] == 2.0
    assert times[-1] == 1142.0
    assert {(each.track, each.start_s, each.end_s) for each in pictures} == {(1, 0.0, 1200.0)}
    assert album.thumbnails(2, [5], [(0.0, 1.0)]) == []


def test_the_sample_portrait_has_a_picture_in_colour(portrait: Path, tmp_path: Path) -> None:
    tracks = follow_faces(portrait, probe(portrait), Config(), tmp_path)
    (picture,) = tracks.thumbnails
    pixels = cv2.imdecode(np.frombuffer(picture.jpeg, np.uint8), cv2.IMREAD_COLOR)

    assert pixels.shape == (SIDE, SIDE, 3)
    assert len(picture.jpeg) < 8_000
    assert pixels.std() > 20
    assert pixels[..., 2].mean() > pixels[..., 0].mean() + 10, "skin is redder than blue"


@pytest.mark.data
def test_two_real_people_have_pictures_of_their_own(research_data: Path, tmp_path: Path) -> None:
    from tests.ml.clips import ffmpeg

    clip = tmp_path / "two.mp4"
    left, right = (research_data / "clips/grid" / f"{name}.mp4" for name in ("bbaf2n", "lbax4n"))
    ffmpeg("-i", left, "-i", right, "-filter_complex", "hstack", "-an", clip)
    tracks = follow_faces(clip, probe(clip), Config(), tmp_path)

    assert sorted(picture.track for picture in tracks.thumbnails) == [1, 2]
