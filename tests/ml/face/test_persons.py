"""Who is one person: by looks made up, and by real people who leave and come back, and others who take their place."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ml.config import Config
from ml.errors import RecognitionError
from ml.face import likeness as likeness_module
from ml.face.collector import FaceCollector, FaceTracks
from ml.face.likeness import Look, description
from ml.face.persons import Candidate, persons
from ml.media import probe, sampled_frames

FPS = 5.0
AWAY_S = 90.0


def look(angle: float, colours: int = 0, count: int = 5) -> Look:
    """A look whose face points into a direction, in degrees, and which has one colour only."""
    face = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))], np.float32) * count
    return Look(count, face, np.eye(4, dtype=np.float32)[colours] * count)


def seen(a_look: Look, *passages: tuple[float, float]) -> Candidate:
    return Candidate(a_look, passages, sum(end - start for start, end in passages))


def test_alike_faces_apart_in_time_are_one_person_and_unlike_ones_are_not() -> None:
    faces = [seen(look(0), (0, 10)), seen(look(90), (20, 30)), seen(look(20), (100, 110)), seen(look(85), (200, 210))]

    assert persons(faces) == [[0, 2], [1, 3]]


def test_faces_seen_at_the_same_time_are_never_one_person() -> None:
    assert persons([seen(look(0), (0, 10)), seen(look(0), (9, 20))]) == [[0], [1]]
    between = [seen(look(0), (0, 10), (50, 60)), seen(look(0), (20, 40))]
    assert persons(between) == [[0, 1]]
    third = [seen(look(0), (0, 10)), seen(look(5), (5, 8)), seen(look(2), (20, 30))]
    assert persons(third) == [[0, 2], [1]]


def test_the_same_colours_join_what_a_face_alone_leaves_open_but_not_strangers() -> None:
    doubtful, stranger = 60, 75
    assert persons([seen(look(0), (0, 10)), seen(look(doubtful, 0), (20, 30))]) == [[0, 1]]
    assert persons([seen(look(0), (0, 10)), seen(look(doubtful, 1), (20, 30))]) == [[0], [1]]
    assert persons([seen(look(0), (0, 10)), seen(look(stranger, 0), (20, 30))]) == [[0], [1]]


def test_a_face_hardly_looked_at_stays_on_its_own() -> None:
    assert persons([seen(look(0, count=2), (0, 1)), seen(look(0), (20, 30))]) == [[0], [1]]
    assert persons([]) == []


def test_of_very_many_faces_the_longest_are_compared() -> None:
    faces = [seen(look(0), (start, start + (5.0 if start % 40 == 0 else 1.0))) for start in range(0, 4000, 10)]
    groups = persons(faces)

    assert len(groups) == 400 - 300 + 1
    assert max(map(len, groups)) == 300


def test_a_projection_that_is_another_file_is_damage(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    likeness_module._projection.cache_clear()
    face = np.zeros((48, 48), np.uint8)
    monkeypatch.setattr(likeness_module, "FILE", tmp_path / "likeness.npz")
    with pytest.raises(RecognitionError, match="weights_missing"):
        description(face)
    (tmp_path / "likeness.npz").write_bytes(b"another")
    with pytest.raises(RecognitionError, match="weights_damaged"):
        description(face)


def tracks_of(clips: list[Path], folder: Path, away_s: float = AWAY_S) -> FaceTracks:
    """The clips one after the other, with an empty room between them."""
    faces, start = FaceCollector(Config(), folder), 0.0
    for number, clip in enumerate(clips):
        if number:
            for empty in np.arange(start, start + away_s, 1.0):
                faces.feed(float(empty), np.full((120, 160, 3), 128, np.uint8))
            start += away_s
        for time_s, frame in sampled_frames(clip, probe(clip), FPS):
            faces.feed(start + time_s, frame)
        start += time_s + 1 / FPS
    return faces.finish()


@pytest.mark.data
@pytest.mark.parametrize(
    "clips",
    [
        ["clips/grid/bbaf2n.mp4"] * 3,
        ["clips/mead/M030_sad_3_001.mp4"] * 3,
        [f"clips/ravdess_video/01-01-0{rest}-01.mp4" for rest in ("1-01-01-01", "8-02-02-02", "1-01-01-01")],
        [f"talking/mead/W011_front_{mood}_001.mp4" for mood in ("neutral_level1", "happy_level3", "angry_level3")],
        ["talking/mead/eamm_fear.mp4", "talking/mead/eamm_surprised.mp4", "talking/mead/eamm_fear.mp4"],
    ],
    ids=lambda clips: Path(clips[1]).stem,
)
def test_one_real_person_away_for_90_s_and_back_twice_is_one(
    clips: list[str], research_data: Path, tmp_path: Path
) -> None:
    tracks = tracks_of([research_data / clip for clip in clips], tmp_path)

    assert len(tracks.tracks) == 1
    person = tracks.tracks[0]
    assert len(person.passages) == 3
    assert all(later[0] - earlier[1] > 85 for earlier, later in pairwise(person.passages))
    assert person.followed_s < 35
    times = np.concatenate([times for times, _, _ in tracks.observations(person)])
    assert len(times) == person.n_frames
    assert (np.diff(times) > 0).all()


@pytest.mark.data
def test_different_real_people_in_one_studio_stay_different(research_data: Path, tmp_path: Path) -> None:
    names = ("bbaf2n", "lbax4n", "lbbc2a", "lrwp9a", "sbia1a", "sbwe5n", "pwij3p")
    tracks = tracks_of([research_data / "clips/grid" / f"{name}.mp4" for name in names], tmp_path, 65)
    assert len(tracks.tracks) == 7

    moods = ("W015_level_1_neutral_030", "W036_level_3_happy_007", "eamm_contempt", "eamm_disgusted", "eamm_fear")
    tracks = tracks_of([research_data / "talking/mead" / f"{name}.mp4" for name in moods], tmp_path, 65)
    assert len(tracks.tracks) == 5
