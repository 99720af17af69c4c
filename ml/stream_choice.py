"""Which of several audio streams has the speech, and which of several pictures the face.

Screen recorders and conference tools write several: the room and the microphone, the screen and the camera. The first
is not always the right one, and may be silent. So a little of each is looked at, spread over the whole recording.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ml import media
from ml.config import Config
from ml.face.detection import FaceDetector
from ml.streams import AudioStream, MediaInfo, VideoStream
from ml.voice import activity
from ml.voice.framing import SAMPLE_RATE

PIECES = 12
PIECE_S = 5.0
"""Sound of each stream that is listened to: so many pieces of so many seconds."""
AS_GOOD = 0.8
"""The first stream whose share is at least this much of the greatest is taken: recorders put the mix of all first."""


@dataclass(frozen=True, slots=True)
class StreamChoice:
    """A recording with its streams chosen.

    Attributes:
        info: with the chosen streams.
        speech: share (0-1) of what was listened to with speech, by number of audio stream; empty with a single one.
        faces: share (0-1) of the pictures looked at with a face, by number of video stream; likewise.
    """

    info: MediaInfo
    speech: Mapping[int, float] = field(default_factory=dict)
    faces: Mapping[int, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """What the file holds, for the quality of a recording: times on the player's clock."""
        info = self.info
        return {
            "container": info.container,
            "end_known": info.end_known,
            "gaps": [[round(start, 2), round(end, 2)] for start, end in info.gaps],
            "duration_s": round(info.duration_s, 2),
            "left_out_s": round(info.clock.left_out_s, 2),
            "unreadable": info.unreadable,
            "audio": [_described(s, info.audio, self.speech) for s in info.audio_streams],
            "video": [_described(s, info.video, self.faces) for s in info.video_streams],
        }


def choose_streams(path: Path, info: MediaInfo, config: Config) -> StreamChoice:
    """The streams of a recording that are worth analysing; where there is only one of a kind, nothing is read."""
    speech, faces = {}, {}
    if config.voice and len(info.audio_streams) > 1:
        speech = {s.number: speech_share(path, info.choosing(audio=s)) for s in info.audio_streams}
        info = info.choosing(audio=info.audio_streams[_best(list(speech.values()))])
    if config.face and len(info.video_streams) > 1:
        faces = {s.number: face_share(path, info.choosing(video=s), config) for s in info.video_streams}
        info = info.choosing(video=info.video_streams[_best(list(faces.values()))])
    return StreamChoice(info, speech, faces)


def speech_share(path: Path, info: MediaInfo) -> float:
    """Share (0-1) of some pieces of the chosen audio stream that has speech."""
    pieces = [media.audio_piece(path, info, at, PIECE_S, SAMPLE_RATE) for at in _places(info, PIECE_S)]
    samples = np.concatenate([np.zeros(0, np.float32), *pieces])
    if not len(samples):
        return 0.0
    return float(np.mean(activity.speech_probabilities(samples) >= activity.THRESHOLD))


def face_share(path: Path, info: MediaInfo, config: Config) -> float:
    """Share (0-1) of some frames of the chosen video stream that has a face."""
    detector = FaceDetector(config.detection_width)
    with_face = 0
    places = _places(info, 0.0)
    for at in places:
        frame = media.frame_at(path, info, at)
        boxes = [] if frame is None else detector.detect(frame)
        with_face += any(box.confidence >= config.min_detection for box in boxes)
    return with_face / len(places)


def _places(info: MediaInfo, piece_s: float) -> list[float]:
    """Where the pieces begin: spread evenly, and only as many as do not overlap."""
    room = max(0.0, info.content_s - piece_s)
    count = max(1, min(PIECES, int(info.content_s / (piece_s or 1.0))))
    return [float(at) for at in (np.arange(count) + 0.5) / count * room] if count > 1 else [room / 2]


def _best(shares: Sequence[float]) -> int:
    """The first that is about as good as the best; the very first where none has anything."""
    return next(n for n, share in enumerate(shares) if share >= AS_GOOD * max(shares))


def _described(
    stream: AudioStream | VideoStream, chosen: AudioStream | VideoStream | None, shares: Mapping[int, float]
) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "number": stream.number,
        "codec": stream.codec,
        "start_s": round(stream.start_s, 2),
        "end_s": round(stream.end_s, 2),
        "missing_s": round(stream.missing_s, 2),
        "chosen": chosen is not None and stream.number == chosen.number,
    }
    return facts | ({"share": round(shares[stream.number], 4)} if stream.number in shares else {})
