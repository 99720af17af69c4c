"""The picture of a recording: its faces followed, the chosen one judged."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from ml.clock import Clock
from ml.config import Config
from ml.errors import RecognitionError
from ml.face.collector import FaceTracks, Track, follow_faces
from ml.face.conditions import REASONS
from ml.face.pooling import pooled_scores, softmax
from ml.results import FaceJudgement, Thumbnail
from ml.work import Span, Work

_LEAST_SAMPLED = 0.25
"""A segment with fewer sampled frames than this share of ``sample_fps`` (frozen or missing video) needs more of them
to show the face."""


@dataclass(slots=True)
class Sight:
    """What was seen.

    Attributes:
        sampled: times of all frames looked at, shape (n,).
        tracks: every face followed; ``chosen`` is the one judged.
        times, confidence, probabilities: of the chosen face where it is judged, shapes (m,), (m,), (m, 7).
        conditions: of the chosen face wherever it is seen, as ``FaceTracks.conditions`` gives them.
        turns: quarter turns by which the picture was turned upright.
        thumbnails: of the people.
        judgements: by number of segment.
    """

    sampled: np.ndarray = field(default_factory=lambda: np.zeros(0))
    tracks: Sequence[Track] = ()
    chosen: Track | None = None
    times: np.ndarray = field(default_factory=lambda: np.zeros(0))
    confidence: np.ndarray = field(default_factory=lambda: np.zeros(0))
    probabilities: np.ndarray = field(default_factory=lambda: np.zeros((0, 7)))
    conditions: tuple[np.ndarray, np.ndarray, np.ndarray] = (np.zeros(0), np.zeros(0), np.zeros(0, np.int64))
    turns: int = 0
    thumbnails: tuple[Thumbnail, ...] = ()
    judgements: dict[int, FaceJudgement] = field(default_factory=dict)


def look(work: Work, folder: Path) -> FaceTracks | None:
    """Every face in the picture, followed; None where there is no picture to look at."""
    if not (work.config.face and work.info.has_video):
        return None
    try:
        with work.stage("frames"):
            return follow_faces(work.path, work.info, work.config, folder, lambda seconds: work.tell("frames", seconds))
    except RecognitionError as error:
        work.tolerate(error, "video_damaged")
        return None


def judge_faces(work: Work, faces: FaceTracks | None) -> Sight:
    """What was seen, the chosen face judged in every segment with enough of it."""
    sight = Sight()
    if faces is None:
        return sight
    sight.sampled, sight.tracks, sight.chosen = faces.sampled_times, faces.tracks, faces.chosen(work.config)
    sight.turns = faces.turns
    sight.thumbnails = tuple(_on_clock(work, each) for each in faces.thumbnails)
    looked_at = sight.chosen or max(faces.tracks, key=lambda track: track.followed_s, default=None)
    if looked_at is not None:
        sight.conditions = faces.conditions(looked_at)
    if sight.chosen is not None:
        with work.stage("face"):
            _judge_crops(work, faces.observations(sight.chosen), sight)
            for number, span in enumerate(work.spans):
                judgement = judge_face(work.config, span, sight)
                if judgement is not None:
                    sight.judgements[number] = judgement
    return sight


def _judge_crops(work: Work, observations: Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]], sight: Sight) -> None:
    times, confidence, probabilities = [sight.times], [sight.confidence], [sight.probabilities]
    total, judged = sight.chosen.n_frames if sight.chosen else 0, 0
    for block_times, block_confidence, crops in observations:
        times.append(block_times)
        confidence.append(block_confidence)
        probabilities.append(work.models.face.predict(crops))
        judged += len(crops)
        work.progress("face", judged, total)
    sight.times, sight.confidence = np.concatenate(times), np.concatenate(confidence)
    sight.probabilities = np.concatenate(probabilities)


def judge_face(config: Config, span: Span, sight: Sight) -> FaceJudgement | None:
    """The segment's frames pooled (design, Face 4); None with too few of them."""
    inside, sampled = _inside(sight.times, span), int(_inside(sight.sampled, span).sum())
    frames = int(inside.sum())
    expected = max(sampled, round((span[1] - span[0]) * config.sample_fps * _LEAST_SAMPLED))
    if frames == 0 or frames < config.min_face_share * expected or sight.chosen is None:
        return None
    confidence = sight.confidence[inside].astype(np.float64)
    times, certainty, _ = sight.conditions
    certainty = certainty[_inside(times, span) & (certainty > 0)]
    scores = pooled_scores(sight.probabilities[inside], confidence) * (certainty.mean() if len(certainty) else 1.0)
    general = softmax(scores)
    return FaceJudgement(
        probabilities=general,
        general=general,
        scores=scores,
        track=sight.chosen.number,
        frames=frames,
        face_share=frames / sampled,
        confidence=float(confidence.mean()),
    )


def _on_clock(work: Work, picture: Thumbnail) -> Thumbnail:
    start, end = work.clock.shown_span((picture.start_s, picture.end_s))
    return replace(picture, time_s=work.clock.shown(picture.time_s), start_s=start, end_s=end)


def segment_quality(sight: Sight, span: Span) -> tuple[dict[str, Any], list[str]]:
    """How usable the picture of one segment was, and its flags."""
    if not len(sight.sampled):
        return {}, []
    sampled = int(_inside(sight.sampled, span).sum())
    face_share = round(int(_inside(sight.conditions[0], span).sum()) / max(1, sampled), 4)
    return {"face_share": face_share, "sampled_frames": sampled}, _seen_badly(span, sight)


def sight_quality(sight: Sight) -> dict[str, Any]:
    """How usable the picture of the recording was; empty without any."""
    quality: dict[str, Any] = {}
    if len(sight.sampled):
        quality["face_share"] = round(len(sight.conditions[0]) / len(sight.sampled), 4)
        quality["face_judged_share"] = round(len(sight.times) / len(sight.sampled), 4)
        quality["sampled_frames"] = len(sight.sampled)
        quality["turned_degrees"] = 90 * sight.turns
    if sight.chosen is not None:
        quality["face_size_px"] = round(sight.chosen.mean_size_px, 1)
        quality["face_confidence"] = round(sight.chosen.mean_confidence, 4)
    return quality


def described(sight: Sight, clock: Clock) -> dict[str, Any]:
    """Whose face was judged, and every face that was seen, on the player's clock."""
    chosen = None if sight.chosen is None else sight.chosen.number
    return {"track": chosen, "tracks": [_described(track, clock) for track in sight.tracks]}


def _inside(times: np.ndarray, span: Span) -> np.ndarray:
    return (times >= span[0]) & (times < span[1])


def _seen_badly(span: Span, sight: Sight) -> list[str]:
    """Why the face counts for less or not at all in at least half of the frames in which it is seen."""
    times, _, reasons = sight.conditions
    reasons = reasons[_inside(times, span)]
    return [
        name for number, name in enumerate(REASONS) if name and (reasons == number).sum() * 2 >= max(1, len(reasons))
    ]


def _described(track: Track, clock: Clock) -> dict[str, Any]:
    return {
        "track": track.number,
        "start_s": round(clock.shown(track.start_s), 2),
        "end_s": round(clock.shown_end(track.end_s), 2),
        "seconds": round(track.followed_s, 2),
        "passages": [[round(at, 2) for at in clock.shown_span(passage)] for passage in track.passages],
        "still_s": round(track.followed_s - track.living_s, 2),
        "frames": track.n_frames,
        "confidence": round(track.mean_confidence, 4),
        "size_px": round(track.mean_size_px, 1),
    }
