"""Made-up sessions for the demo: a seeded Markov chain over the seven classes, marked as synthetic throughout.

Nothing here came out of the pipeline, and nothing pretends to: recording and alert carry ``synthetic``, the run's model
is ``{"version": "synthetic"}``, and there are no bytes behind the recording.
"""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from analysis.demo.talk import conversation_create, habits_of
from analysis.emotions import EMOTIONS, NEGATIVE
from analysis.flow import RunStatus
from analysis.models import Recording, Run, Segment
from analysis.runs.lifecycle import run_pointers_set
from students.models import Student, User

SEGMENT_S, HOP_S = 4.0, 2.0
STAY = 0.75
"""Chance that a moment's emotion is that of the moment before; otherwise it is drawn from the session's mixture."""
DRAWS = 8
"""So many chains are drawn, and the one nearest to the planned share is taken: few sessions must tell their story."""

_NEGATIVE_MIX = {"sad": 0.5, "scared": 0.28, "anger": 0.16, "disgust": 0.06}
_OTHER_MIX = {"normal": 0.62, "happy": 0.28, "surprised": 0.1}
ALPHA, BETA = 0.6, 0.4


@dataclass(frozen=True)
class Session:
    """One made-up session.

    Attributes:
        negative: share of negative time it is drawn around, 0-1.
        segments: segments of 4 s every 2 s.
        gaps: share of segments in which nothing was judged.
    """

    negative: float
    segments: int = 150
    gaps: float = 0.08


def session_create(
    student: Student, session: Session, *, seed: str, recorded_at: datetime, by: User, voice: bool, face: bool
) -> Recording:
    """Writes the recording, its run and its segments. The same seed gives the same session."""
    chance = random.Random(seed)  # noqa: S311  (made-up data that must be the same every time)
    recording = Recording.objects.create(
        student=student,
        uploaded_by=by,
        uploaded_at=recorded_at + timedelta(minutes=40),
        recorded_at=recorded_at,
        original_name="synthetic demo data",
        sha256=hashlib.sha256(seed.encode()).hexdigest(),
        size_bytes=0,
        container="none",
        duration_s=HOP_S * (session.segments - 1) + SEGMENT_S,
        has_audio=voice,
        has_video=face,
        synthetic=True,
    )
    run = Run.objects.create(
        recording=recording,
        number=1,
        requested_by=by,
        status=RunStatus.SUCCEEDED,
        created_at=recording.uploaded_at,
        started_at=recording.uploaded_at,
        finished_at=recording.uploaded_at + timedelta(minutes=2),
        percent=100,
        voice=voice,
        face=face,
        model={"version": "synthetic"},
    )
    Segment.objects.bulk_create(_segments(run, session, chance))
    if voice:
        conversation_create(run, habits_of(student.number), seed=seed)
    run_pointers_set(recording)
    return recording


def _felt(session: Session, chance: random.Random) -> list[str]:
    """One emotion per segment from a Markov chain whose stationary distribution is the session's mixture."""
    mixture = {
        name: session.negative * _NEGATIVE_MIX[name] if name in NEGATIVE else (1 - session.negative) * _OTHER_MIX[name]
        for name in EMOTIONS
    }

    def draw() -> str:
        return chance.choices(list(mixture), list(mixture.values()))[0]

    def chain() -> list[str]:
        felt = [draw()]
        while len(felt) < session.segments:
            felt.append(felt[-1] if chance.random() < STAY else draw())
        return felt

    def distance(felt: list[str]) -> float:
        return abs(sum(name in NEGATIVE for name in felt) / len(felt) - session.negative)

    return min((chain() for _ in range(DRAWS)), key=distance)


def _segments(run: Run, session: Session, chance: random.Random) -> Iterator[Segment]:
    """The segments of a session. Neighbours share half of their time, so their distributions run into one another."""
    emotions = _felt(session, chance)
    voices = _smoothed([_around(name, chance) for name in emotions])
    faces = _smoothed([_around(name, chance) for name in emotions])
    for index, (voice_probabilities, face_probabilities) in enumerate(zip(voices, faces, strict=True)):
        start_s = HOP_S * index
        gap = chance.random() < session.gaps
        voice = _voice(voice_probabilities, start_s, chance) if run.voice and not gap else None
        face = _face(face_probabilities, chance) if run.face and not gap else None
        judged = [
            (weight, judgement["probabilities"]) for weight, judgement in ((BETA, voice), (ALPHA, face)) if judgement
        ]
        total = sum(weight for weight, _ in judged)
        fused = {name: round(sum(w * p[name] for w, p in judged) / total, 6) for name in EMOTIONS} if judged else None
        yield Segment(
            run=run,
            index=index,
            start_s=start_s,
            end_s=start_s + SEGMENT_S,
            label=max(fused, key=fused.__getitem__) if fused else None,
            probabilities=fused,
            voice=voice,
            face=face,
            quality={"synthetic": True},
        )


def _smoothed(distributions: list[dict[str, float]]) -> list[dict[str, float]]:
    """Every distribution mixed with its neighbours', 1 : 2 : 1."""
    padded = [distributions[0], *distributions, distributions[-1]]
    return [
        {name: round((before[name] + 2 * current[name] + after[name]) / 4, 6) for name in EMOTIONS}
        for before, current, after in zip(padded, padded[1:], padded[2:], strict=False)
    ]


def _around(label: str, chance: random.Random) -> dict[str, float]:
    """A distribution with much of its mass on ``label``, and the rest spread at random."""
    certainty = chance.uniform(0.4, 0.85)
    weights = {name: chance.random() for name in EMOTIONS if name != label}
    total = sum(weights.values())
    return {
        name: round(certainty if name == label else (1 - certainty) * weights[name] / total, 6) for name in EMOTIONS
    }


def _voice(probabilities: dict[str, float], start_s: float, chance: random.Random) -> dict[str, Any]:
    weights = [chance.random() + 0.2 for _ in range(8)]
    return {
        "probabilities": probabilities,
        "attention": [
            [round(start_s + (i + 0.5) * SEGMENT_S / 8, 3), round(weight / sum(weights), 5)]
            for i, weight in enumerate(weights)
        ],
        "speech_share": round(chance.uniform(0.4, 0.95), 4),
        "level_dbfs": round(chance.uniform(-30, -18), 2),
    }


def _face(probabilities: dict[str, float], chance: random.Random) -> dict[str, Any]:
    return {
        "probabilities": probabilities,
        "track": 1,
        "frames": 20,
        "face_share": round(chance.uniform(0.7, 1), 4),
        "confidence": round(chance.uniform(0.8, 0.99), 4),
    }
