"""From segments to a recording: which segments there are, and what they say together."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ml.config import Config
from ml.emotions import EMOTIONS
from ml.reference import MODALITIES, Evidence, Reference
from ml.results import Segment, keyed
from ml.shares import is_undecided, owned_time, shown, time_shares

_NEGLIGIBLE_S = 0.1


def plan_segments(duration_s: float, config: Config) -> list[tuple[float, float]]:
    """Start and end of every segment, in seconds.

    Segments of ``config.segment_s`` start every ``config.hop_s``; the last one is shorter where the recording ends in
    it, but never as short as the part it shares with the one before. A recording shorter than one segment is one.
    """
    count = max(1, 1 + int((duration_s - config.segment_s) / config.hop_s + 1e-9))
    spans = [(i * config.hop_s, min(duration_s, i * config.hop_s + config.segment_s)) for i in range(count)]
    rest = duration_s - spans[-1][1]
    if rest > _NEGLIGIBLE_S:
        spans.append((count * config.hop_s, duration_s))
    elif rest > 0:
        spans[-1] = (spans[-1][0], duration_s)
    return spans


def bin_attention(times: np.ndarray, weights: np.ndarray, step_s: float = 0.1) -> tuple[tuple[float, float], ...]:
    """Attention per ``step_s`` instead of per frame: the weights of the frames in one step are added up.

    Args:
        times: seconds, ascending, shape (T,).
        weights: shape (T,), sums to 1.
    """
    steps = np.floor(times / step_s + 1e-6).astype(int)
    numbers, places = np.unique(steps, return_inverse=True)
    sums = np.bincount(places, weights=weights)
    total = sums.sum() or 1.0
    return tuple(((float(n) + 0.5) * step_s, float(w / total)) for n, w in zip(numbers, sums, strict=True))


def summarise(segments: Sequence[Segment]) -> dict[str, Any]:
    """Mean probabilities over the judged segments, and how the judged time divides (``ml.shares``, as the site does).

    Args:
        segments: in order of time; where none is judged, probabilities, label and negative share are None.
    """
    judged = [segment for segment in segments if segment.probabilities is not None]
    mean = np.mean([p for segment in judged if (p := segment.probabilities) is not None], axis=0) if judged else None
    owned = owned_time([(segment.start_s, segment.end_s) for segment in segments])
    probabilities = [keyed(segment.probabilities) for segment in segments]
    time = time_shares(owned, [shown(each) for each in probabilities])
    return {
        "probabilities": keyed(mean),
        "label": None if mean is None else EMOTIONS[int(np.argmax(mean))],
        "shares": {name: round(share, 6) for name, share in time.shares.items()},
        "negative_share": None if time.negative_share is None else round(time.negative_share, 6),
        "judged_s": round(time.judged_s, 3),
        "undecided_s": round(sum(s for s, p in zip(owned, probabilities, strict=True) if is_undecided(p)), 3),
        "segments": len(segments),
        "judged": len(judged),
        "judged_voice": sum(segment.voice is not None for segment in judged),
        "judged_face": sum(segment.face is not None for segment in judged),
        "evidence_s": round(covered_s([(segment.start_s, segment.end_s) for segment in judged]), 3),
    }


def contribution(segments: Sequence[Segment], versions: dict[str, str]) -> Reference:
    """What a recording adds to the person's own reference.

    Overlapping segments share the time they cover, so that every instant counts once.

    Args:
        versions: what made each modality's scores (``ml.models.Models.score_versions``).
    """
    evidence: dict[str, Evidence | None] = {}
    for name in MODALITIES:
        judged = [(segment, judgement) for segment in segments if (judgement := getattr(segment, name)) is not None]
        spans = [(segment.start_s, segment.end_s) for segment, _ in judged]
        lengths = np.array([end - start for start, end in spans])
        if not len(lengths) or name not in versions:
            continue
        seconds = lengths * (covered_s(spans) / lengths.sum())
        general, scores = (np.stack([getattr(each, kind) for _, each in judged]) for kind in ("general", "scores"))
        evidence[name] = Evidence.of_recording(versions[name], seconds, general, scores)
    return Reference(**evidence)


def covered_s(spans: Sequence[tuple[float, float]]) -> float:
    """Seconds covered by at least one span; overlaps count once."""
    total, reached = 0.0, 0.0
    for start, end in sorted(spans):
        total += max(0.0, end - max(start, reached))
        reached = max(reached, end)
    return total
