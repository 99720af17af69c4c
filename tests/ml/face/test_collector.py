"""Faces of whole clips: real ones where the research data is, a detector that follows a script elsewhere."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.config import Config
from ml.face import collector, detection
from ml.face.collector import BATCH, FaceCollector, FaceTracks
from ml.face.detection import Box, FaceDetector, crop_face
from ml.media import probe, sampled_frames

FPS = 5.0
FRAME = np.full((120, 160, 3), 128, np.uint8)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., FaceTracks]:
    """``scripted(boxes_per_frame, config)`` runs the collector over grey frames in which these boxes are found."""

    def run(script: list[list[Box]], config: Config | None = None) -> FaceTracks:
        remaining = iter(script)
        monkeypatch.setattr(collector.FaceDetector, "detect", lambda self, frame: next(remaining))
        everything = lambda presence, *_: (np.ones(len(presence)), np.zeros(len(presence), int))  # noqa: E731
        monkeypatch.setattr(collector, "judged_by", everything)
        faces = FaceCollector(config or Config(), tmp_path)
        for index in range(len(script)):
            faces.feed(index / FPS, FRAME)
        return faces.finish()

    return run


def tracks_of(path: Path, folder: Path) -> FaceTracks:
    faces = FaceCollector(Config(), folder)
    for time_s, frame in sampled_frames(path, probe(path), FPS):
        faces.feed(time_s, frame)
    return faces.finish()


def face(x: float = 20, confidence: float = 0.9, size: float = 30) -> Box:
    return Box(x, 20, size, size, confidence)


def test_the_face_in_sight_longest_is_chosen(scripted: Callable[..., FaceTracks]) -> None:
    tracks = scripted([[face(20), face(90)] if frame < 10 else [face(90)] for frame in range(30)])

    assert [track.n_frames for track in tracks.tracks] == [10, 30]
    assert tracks.chosen(Config()) == tracks.tracks[1]
    assert tracks.chosen(Config(track=1)) == tracks.tracks[0]
    assert tracks.chosen(Config(track=7)) is None


def test_a_flicker_shorter_than_the_least_track_is_dropped(scripted: Callable[..., FaceTracks]) -> None:
    tracks = scripted([[face(), face(110)] if frame == 4 else [face()] for frame in range(10)])

    assert [track.n_frames for track in tracks.tracks] == [10]


def test_unsure_boxes_are_dropped(scripted: Callable[..., FaceTracks]) -> None:
    assert scripted([[face(confidence=0.59)]] * 10).tracks == []
    assert len(scripted([[face(confidence=0.59)]] * 10, Config(min_detection=0.5)).tracks) == 1


def test_observations_are_the_tracks_own_in_order_and_in_batches(scripted: Callable[..., FaceTracks]) -> None:
    count = BATCH + 40
    tracks = scripted([[face(20, 0.7), face(90, 0.9)]] * count)
    batches = list(tracks.observations(tracks.tracks[0]))
    times = np.concatenate([times for times, _, _ in batches])

    assert max(len(times) for times, _, _ in batches) <= BATCH
    assert np.allclose(times, np.arange(count) / FPS)
    assert np.allclose(np.concatenate([confidence for _, confidence, _ in batches]), 0.7)
    assert {crops.shape[1:] for _, _, crops in batches} == {(48, 48)}
    assert {crops.dtype for _, _, crops in batches} == {np.dtype(np.uint8)}
    assert np.allclose(tracks.sampled_times, times)


def test_no_face_in_any_frame_leaves_no_track(scripted: Callable[..., FaceTracks]) -> None:
    tracks = scripted([[]] * 5)

    assert tracks.tracks == []
    assert tracks.chosen(Config()) is None
    assert len(tracks.sampled_times) == 5


def test_a_crop_is_square_around_the_face_and_repeats_the_edge_outside() -> None:
    frame = np.zeros((100, 100, 3), np.uint8)
    frame[40:60, 40:60] = 255
    crop = crop_face(frame, Box(30, 30, 40, 40, 0.9))
    beyond = crop_face(np.full((50, 50, 3), 77, np.uint8), Box(-20, -20, 40, 40, 0.9))

    assert crop.shape == (48, 48)
    assert crop[24, 24] == 255
    assert crop[2, 2] == 0
    assert np.abs(crop.astype(int) - crop[::-1, ::-1].astype(int)).max() <= 40
    assert (beyond == 77).all()


@given(x=st.integers(-40, 90), y=st.integers(-40, 70), side=st.integers(2, 70))
def test_a_crop_at_the_edge_is_the_crop_of_a_frame_that_goes_on_as_its_edge(x: int, y: int, side: int) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8)
    wider = np.pad(frame, ((200, 200), (200, 200), (0, 0)), mode="edge")

    here, there = crop_face(frame, Box(x, y, side, side, 0.9)), crop_face(wider, Box(x + 200, y + 200, side, side, 0.9))
    assert (here == there).all()


def test_a_fine_pattern_is_averaged_when_a_crop_is_reduced() -> None:
    checks = np.indices((480, 480)).sum(axis=0) % 2 * 255
    crop = crop_face(np.repeat(checks[..., None], 3, axis=2).astype(np.uint8), Box(100, 100, 250, 250, 0.9))

    assert np.abs(crop.astype(int) - 128).max() < 40


def test_an_empty_view_is_searched_at_double_width_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    widths: list[int] = []

    def nothing(frame: np.ndarray) -> np.ndarray:
        widths.append(frame.shape[1])
        return np.zeros((0, 5))

    monkeypatch.setattr(detection, "_raw_detector", lambda: nothing)
    detector = FaceDetector(320)
    for _ in range(11):
        assert detector.detect(np.zeros((720, 1280, 3), np.uint8)) == []

    assert widths.count(320) == 11
    assert widths.count(640) == 2
    assert widths.index(640) == 6


def test_a_face_found_at_double_width_keeps_it_until_it_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    widths: list[int] = []
    small_face_there = True

    def only_at_640(frame: np.ndarray) -> np.ndarray:
        widths.append(frame.shape[1])
        found = frame.shape[1] == 640 and small_face_there
        return np.array([[10, 10, 20, 20, 0.8]]) if found else np.zeros((0, 5))

    monkeypatch.setattr(detection, "_raw_detector", lambda: only_at_640)
    detector = FaceDetector(320)
    frame = np.zeros((720, 1280, 3), np.uint8)
    counts = [len(detector.detect(frame)) for _ in range(8)]
    assert counts == [0, 0, 0, 0, 0, 1, 1, 1]
    assert detector.detect(frame) == [Box(20, 20, 40, 40, 0.8)]

    small_face_there = False
    widths.clear()
    detector.detect(frame)
    detector.detect(frame)
    assert widths == [640, 320]


def test_a_yunet_model_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("EMOREC_YUNET_MODEL", str(tmp_path / "missing.onnx"))

    with pytest.raises(FileNotFoundError, match="EMOREC_YUNET_MODEL"):
        FaceDetector()


@pytest.mark.data
@pytest.mark.parametrize("clip", ["faces/single_face.mp4", "grid/bbaf2n.mp4", "grid/swiz3n.mp4"])
def test_a_real_talking_head_is_one_track_from_start_to_end(research_data: Path, tmp_path: Path, clip: str) -> None:
    tracks = tracks_of(research_data / "clips" / clip, tmp_path)

    assert len(tracks.tracks) == 1
    assert tracks.tracks[0].n_frames == len(tracks.sampled_times)
    assert tracks.tracks[0].mean_confidence > 0.8
    crops = np.concatenate([crops for _, _, crops in tracks.observations(tracks.tracks[0])])
    assert crops.std(axis=(1, 2)).min() > 15


@pytest.mark.data
def test_a_real_clip_without_a_face_has_no_track(research_data: Path, tmp_path: Path) -> None:
    assert tracks_of(research_data / "clips" / "faces" / "no_face.mp4", tmp_path).tracks == []


@pytest.mark.data
def test_two_real_people_side_by_side_are_two_tracks(research_data: Path, tmp_path: Path) -> None:
    clips = [research_data / "clips" / "grid" / name for name in ("bbaf2n.mp4", "lbax4n.mp4")]
    faces = FaceCollector(Config(), tmp_path)
    sources = [sampled_frames(clip, probe(clip), FPS) for clip in clips]
    for (time_s, left), (_, right) in zip(*sources, strict=False):
        faces.feed(time_s, np.ascontiguousarray(np.hstack([left, right])))
    tracks = faces.finish()

    assert len(tracks.tracks) == 2
    assert {track.n_frames for track in tracks.tracks} == {len(tracks.sampled_times)}


@pytest.mark.data
def test_a_cut_to_another_real_person_in_the_same_place_is_another_track(research_data: Path, tmp_path: Path) -> None:
    first, second = (research_data / "clips" / "grid" / name for name in ("bbaf2n.mp4", "lbax4n.mp4"))
    faces = FaceCollector(Config(), tmp_path)
    for start, clip in ((0.0, first), (3.0, second), (6.0, first)):
        for time_s, frame in sampled_frames(clip, probe(clip), FPS):
            faces.feed(start + time_s, frame)
    tracks = faces.finish()

    assert [track.n_frames for track in tracks.tracks] == [30, 15]
