"""The faces of one recording: detected, followed and cropped frame by frame, in memory that does not grow with length.

Crops go to a file in a folder that the caller makes and removes; they are pictures of people.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

import numpy as np

from ml import media
from ml.config import Config
from ml.face.conditions import brightness, covered_share, judged_by
from ml.face.detection import CROP_SIDE, Box, FaceDetector, crop_face
from ml.face.landmarks import Landmarker
from ml.face.likeness import Look, description, upright
from ml.face.orientation import quarter_turns
from ml.face.persons import Candidate, Passage, persons
from ml.face.stillness import LAG_S, Comparison, difference, inside, still_stretches
from ml.face.thumbnails import Album
from ml.face.tracking import Follow, Tracker, signature
from ml.results import Thumbnail

BATCH = 256
"""Observations handed out at a time."""
FRAME_SIDE = 640
"""Longer side in pixels of the frames in which faces are searched and cropped."""
FIRST_FRAMES = 40
"""Frames held at the beginning until it is known which way up the picture is."""
LOOK_EVERY_S = 1.0
"""Seconds between two frames in which it is taken down how a face looks; its first few are all taken."""
FIRST_LOOKS = 3
LOOK_PRESENCE = 0.9
"""Presence of the landmarks from which a frame shows how a face looks."""

_RECORD = np.dtype(
    [
        ("time", "<f8"),
        ("follow", "<i4"),
        ("confidence", "<f4"),
        ("opening", "<f4"),
        ("presence", "<f4"),
        ("yaw", "<f4"),
        ("pitch", "<f4"),
        ("roll", "<f4"),
        ("covered", "<f4"),
        ("light", "<f4"),
        ("size", "<f4"),
        ("crop", "u1", (CROP_SIDE, CROP_SIDE)),
    ]
)


@dataclass(frozen=True, slots=True)
class Track:
    """One person's face through the recording.

    Attributes:
        number: 1, 2, ... in order of first appearance.
        start_s, end_s: first and last time it was seen.
        followed_s: time it was in sight.
        passages: stretches in sight, first and last time of each, rising.
        still: stretches in which it is a still picture of a face, likewise.
        n_frames: sampled frames with it.
        mean_confidence: of the detector, 0-1.
        mean_size_px: geometric mean of the box's sides, in pixels of the sampled frames.
    """

    number: int
    start_s: float
    end_s: float
    followed_s: float
    passages: tuple[Passage, ...]
    still: tuple[Passage, ...]
    n_frames: int
    mean_confidence: float
    mean_size_px: float

    @property
    def living_s(self) -> float:
        """Time in sight that is no still picture."""
        return max(0.0, self.followed_s - sum(end - start for start, end in self.still))


class FaceCollector:
    """Takes the sampled frames of a recording one after the other.

    Args:
        config: detection width, least confidence, least track length and frames per second.
        spool_dir: an existing folder for the crops.

    Raises:
        RecognitionError: landmarks_missing, landmarks_damaged.
    """

    def __init__(self, config: Config, spool_dir: Path) -> None:
        self._config = config
        self._landmarker = Landmarker()
        self._path = spool_dir / "faces.bin"
        self._spool = self._path.open("wb")
        self._detector = FaceDetector(config.detection_width)
        self._tracker = Tracker(frame_s=1 / config.sample_fps)
        self._turns = 0
        self._times: list[float] = []
        self._looks: dict[int, Look] = {}
        self._looked_at: dict[int, float] = {}
        self._earlier: dict[int, tuple[float, np.ndarray]] = {}
        self._comparisons: dict[int, list[Comparison]] = {}
        self._album = Album()
        self._beside = ThreadPoolExecutor(max_workers=1)
        self._spooling: Future[None] | None = None

    def turn_upright(self, frames: Sequence[np.ndarray]) -> None:
        """Find out from the first frames, uint8 (H, W, 3), which way up all of them are to be turned."""
        self._turns = quarter_turns(frames, FaceDetector(self._config.detection_width), self._landmarker)

    def feed(self, time_s: float, frame_rgb: np.ndarray) -> None:
        """Take the next frame: its time in seconds, and uint8 RGB pixels of shape (H, W, 3), left as they are."""
        self._times.append(time_s)
        if self._turns:
            frame_rgb = np.ascontiguousarray(np.rot90(frame_rgb, self._turns))
        boxes = [box for box in self._detector.detect(frame_rgb) if box.confidence >= self._config.min_detection]
        colours = [signature(frame_rgb, box) for box in boxes]
        faces = list(zip(self._tracker.update(time_s, boxes, colours), boxes, colours, strict=True))
        # Its landmarks are found while the next frame is searched for faces.
        self._await_spooled()
        self._spooling = self._beside.submit(self._spool_faces, time_s, frame_rgb, faces)

    def _spool_faces(self, time_s: float, frame_rgb: np.ndarray, faces: list[tuple[int, Box, np.ndarray]]) -> None:
        for number, box, colours in faces:
            found = self._landmarker.find(frame_rgb, box)
            angles = (found.yaw, found.pitch, found.roll)
            face = upright(frame_rgb, found.points)
            seen = (covered_share(face), brightness(face), box.size)
            crop = crop_face(frame_rgb, box)
            record = (time_s, number, box.confidence, found.opening, found.presence, *angles, *seen, crop)
            self._spool.write(np.array(record, dtype=_RECORD).tobytes())
            if found.presence >= LOOK_PRESENCE and self._look_is_due(number, time_s):
                self._looked_at[number] = time_s
                self._compare(number, time_s, face)
                passage = len(self._tracker.follows[number].passages)
                self._album.offer((number, passage), time_s, frame_rgb, box, found)
                look = Look(1, description(face), colours)
                self._looks[number] = self._looks.get(number, Look()).plus(look)

    def _compare(self, number: int, time_s: float, face: np.ndarray) -> None:
        """Hold a face against the same face ``LAG_S`` earlier."""
        earlier_s, earlier = self._earlier.setdefault(number, (time_s, face))
        if time_s - earlier_s >= LAG_S - 1e-3:
            if time_s - earlier_s <= 2 * LAG_S:
                comparison = (earlier_s, time_s, difference(earlier, face))
                self._comparisons.setdefault(number, []).append(comparison)
            self._earlier[number] = (time_s, face)

    def _look_is_due(self, number: int, time_s: float) -> bool:
        look = self._looks.get(number)
        return look is None or look.count < FIRST_LOOKS or time_s - self._looked_at[number] >= LOOK_EVERY_S - 1e-3

    def _await_spooled(self) -> None:
        if self._spooling is not None:
            self._spooling.result()

    def finish(self) -> "FaceTracks":
        """No more frames: the tracks that lasted, without those shorter than ``config.min_track_s``."""
        try:
            self._await_spooled()
        finally:
            self._beside.shutdown()
            self._spool.close()
        follows = self._tracker.follows
        looks = [self._looks.get(follow.number, Look()) for follow in follows]
        groups = persons(
            [
                Candidate(look, tuple(follow.passages), follow.followed_s)
                for look, follow in zip(looks, follows, strict=True)
            ]
        )
        people = [[follows[position] for position in group] for group in groups]
        lasting = [
            group
            for group in people
            if sum(each.n_frames for each in group) >= 2
            and sum(each.followed_s for each in group) >= self._config.min_track_s
        ]
        tracks = [_track(number, group, self._comparisons) for number, group in enumerate(lasting, start=1)]
        spooled = {number: [each.number for each in group] for number, group in enumerate(lasting, start=1)}
        thumbnails = [
            each
            for track in tracks
            for each in self._album.thumbnails(track.number, spooled[track.number], track.passages)
        ]
        return FaceTracks(tracks, np.array(self._times), self._path, spooled, turns=self._turns, thumbnails=thumbnails)


def _track(number: int, follows: Sequence[Follow], comparisons: dict[int, list[Comparison]]) -> Track:
    """One person's followed faces as one."""
    frames = sum(follow.n_frames for follow in follows)
    passages = tuple(sorted(passage for follow in follows for passage in follow.passages))
    return Track(
        number=number,
        start_s=min(follow.start_s for follow in follows),
        end_s=max(follow.end_s for follow in follows),
        followed_s=sum(follow.followed_s for follow in follows),
        passages=passages,
        still=still_stretches(
            sorted(each for follow in follows for each in comparisons.get(follow.number, [])), passages
        ),
        n_frames=frames,
        mean_confidence=sum(follow.confidence for follow in follows) / frames,
        mean_size_px=sum(follow.size for follow in follows) / frames,
    )


class FaceTracks:
    """The people in a recording and their crops.

    Attributes:
        tracks: in order of first appearance; may be empty.
        sampled_times: times of all frames looked at, in seconds, float64, shape (n,).
        turns: quarter turns counter-clockwise by which the picture, lying on its side, was turned upright; 0-3.
        thumbnails: of each person the best first, a few over the time in sight.
    """

    def __init__(
        self,
        tracks: list[Track],
        sampled_times: np.ndarray,
        spool: Path,
        spooled_numbers: dict[int, list[int]],
        *,
        turns: int = 0,
        thumbnails: Sequence[Thumbnail] = (),
    ) -> None:
        self.tracks = tracks
        self.sampled_times = sampled_times
        self.turns = turns
        self.thumbnails = tuple(thumbnails)
        self._spool = spool
        self._spooled_numbers = spooled_numbers

    def chosen(self, config: Config) -> Track | None:
        """The track ``config.track`` names, or else the one alive in sight longest (of equals, the larger face).

        None where there is no face but still pictures of one, or no track of that number.
        """
        if config.track is not None:
            return next((track for track in self.tracks if track.number == config.track), None)
        alive = [track for track in self.tracks if track.living_s >= max(config.min_track_s, 1e-3)]
        return max(alive, key=lambda track: (track.living_s, track.mean_size_px), default=None)

    def observations(self, track: Track) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """A track's faces that can be judged (``conditions``), in order of time, in batches.

        Yields:
            Times in seconds (n,) float64, detector confidence 0-1 (n,) float32, crops (n, 48, 48) uint8; n >= 1.
        """
        for records in self._records(track):
            own = records[_conditions(records, track)[0] > 0]
            if len(own):
                yield own["time"].copy(), own["confidence"].copy(), own["crop"].copy()

    def conditions(self, track: Track) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """How well a track's face can be seen in every sampled frame with it.

        Returns:
            Times in seconds, rising, float64; certainty 0-1, 0 where it is not judged, float64; why it is not fully
            believed, positions in ``ml.face.conditions.REASONS``, int. Each of shape (n,).
        """
        parts = [(own["time"].copy(), *_conditions(own, track)) for own in self._records(track)]
        if not parts:
            return np.zeros(0), np.zeros(0), np.zeros(0, np.int64)
        times, certainty, reasons = (np.concatenate(each) for each in zip(*parts, strict=True))
        return times, certainty, reasons

    def lips(self, track: Track) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """How far a track's mouth is open, in every sampled frame with it.

        Returns:
            Times in seconds, rising, float64; opening of the mouth in units of the distance between the eyes' outer
            corners, 0 to about 0.6, float32; how sure the landmarks are, 0-1, float32. Each of shape (n,).
        """
        parts = [own[["time", "opening", "presence"]] for own in self._records(track)]
        own = np.concatenate(parts) if parts else np.zeros(0, _RECORD)
        return own["time"].copy(), own["opening"].copy(), own["presence"].copy()

    def _records(self, track: Track) -> Iterator[np.ndarray]:
        """What was spooled of a track, in order of time, at most ``BATCH`` records at once and at least one."""
        follows = self._spooled_numbers[track.number]
        with self._spool.open("rb") as spool:
            while chunk := spool.read(BATCH * _RECORD.itemsize):
                records = np.frombuffer(chunk, dtype=_RECORD)
                own = records[np.isin(records["follow"], follows)]
                if len(own):
                    yield own


def _conditions(records: np.ndarray, track: Track) -> tuple[np.ndarray, np.ndarray]:
    still = inside(records["time"], track.still)
    return judged_by(records["presence"], records["covered"], records["light"], records["size"], still)


def follow_faces(
    path: Path, info: media.MediaInfo, config: Config, spool_dir: Path, tell: Callable[[float], None] | None = None
) -> FaceTracks:
    """Sample a recording's frames and follow the faces in them.

    Args:
        path: the recording; ``info`` is what ``media.probe`` says of it, with a picture.
        config: frames per second, detection and tracking.
        spool_dir: an existing folder for the crops.
        tell: called with the time in seconds of every frame looked at; may raise to stop.

    Raises:
        RecognitionError: damaged_file and others of ``media.sampled_frames``.
    """
    collector = FaceCollector(config, spool_dir)
    frames = media.sampled_frames(path, info, config.sample_fps, FRAME_SIDE, config.max_duration_s)
    try:
        first = list(islice(frames, FIRST_FRAMES))
        collector.turn_upright([frame for _, frame in first])
        for seconds, frame in chain(first, frames):
            collector.feed(seconds, frame)
            if tell is not None:
                tell(seconds)
    finally:
        faces = collector.finish()
    return faces
