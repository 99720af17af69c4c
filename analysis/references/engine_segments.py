"""Stored segments as the engine knows them, for reading and adding them up without the media."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from analysis.models import Segment
from analysis.references.scores import SegmentScores
from ml.emotions import EMOTIONS
from ml.results import FaceJudgement, VoiceJudgement
from ml.results import Segment as EngineSegment


def engine_segments(rows: Iterable[Segment], segment_scores: SegmentScores) -> list[EngineSegment]:
    """With their general answers, and with scores where they exist; where not, the scores are zeros."""
    scores: dict[str, dict[int, Any]] = {
        name: dict(zip(part["index"], part["scores"], strict=True)) for name, part in segment_scores.items()
    }
    return [
        EngineSegment(
            row.start_s,
            row.end_s,
            vector((row.general or {}).get("probabilities") or row.probabilities),
            None if row.voice is None else _voice(row, row.voice, scores.get("voice", {})),
            None if row.face is None else _face(row, row.face, scores.get("face", {})),
            row.quality,
        )
        for row in rows
    ]


def _voice(row: Segment, judgement: dict[str, Any], scores: dict[int, Any]) -> VoiceJudgement:
    general = _general(row, "voice", judgement)
    own = np.asarray(scores.get(row.index, _NO_SCORES))
    return VoiceJudgement(general, general, own, (), judgement["speech_share"], judgement["level_dbfs"])


def _face(row: Segment, judgement: dict[str, Any], scores: dict[int, Any]) -> FaceJudgement:
    general = _general(row, "face", judgement)
    own = np.asarray(scores.get(row.index, _NO_SCORES))
    described = (judgement[name] for name in ("track", "frames", "face_share", "confidence"))
    return FaceJudgement(general, general, own, *described)


def _general(row: Segment, name: str, judgement: dict[str, Any]) -> np.ndarray:
    """A judgement by people in general, shape (7,)."""
    probabilities = vector((row.general or {}).get(name) or judgement["probabilities"])
    if probabilities is None:
        raise ValueError("a judgement without probabilities")
    return probabilities


_NO_SCORES = np.zeros(len(EMOTIONS))


def vector(probabilities: dict[str, float] | None) -> np.ndarray | None:
    """Probabilities in the order of ``EMOTIONS``, shape (7,)."""
    return None if probabilities is None else np.array([probabilities[name] for name in EMOTIONS])
