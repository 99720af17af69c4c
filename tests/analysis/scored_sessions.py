"""Recordings with scores, as a worker leaves them: sessions of a person whose sad voice sounds normal to strangers."""

import numpy as np
from django.utils import timezone

from analysis.models import Recording, Segment
from analysis.runs import lifecycle
from ml import reading
from ml.config import Config
from ml.emotions import EMOTIONS
from ml.fusion import fuse
from ml.reference import Reference
from ml.results import FaceJudgement, Recognition, VoiceJudgement
from ml.results import Segment as EngineSegment
from ml.summary import contribution, summarise
from ml.voice.person import shipped_people
from students.models import Student
from tests.factories import RecordingFactory, probabilities

EVERY = tuple(EMOTIONS)
BIAS = np.array([0.0, 0.0, -2.5, 0.0, 0.0, 0.0, 2.5])
"""A person whose sad voice sounds normal to networks that do not know them."""


def vector(label: str, certainty: float = 0.6) -> np.ndarray:
    return np.array(list(probabilities(label, certainty).values()))


def recognition(moods: tuple[str, ...], *, face: bool = False, bias: np.ndarray = BIAS, **more) -> Recognition:
    """What the engine would say of moments in these moods; a sad one sounds normal to it."""
    people, config = shipped_people(), Config(voice=True, face=face)
    segments = []
    for number, mood in enumerate(moods):
        sounds = "normal" if mood == "sad" else mood
        scores = people.centre + people.moods[EMOTIONS.index(mood)] + bias
        voice = VoiceJudgement(vector(sounds), vector(sounds), scores, ((1.0, 1.0),), 1.0, -20.0)
        seen = FaceJudgement(vector(mood), vector(mood), np.log(vector(mood)), 0, 20, 1.0, 0.9) if face else None
        fused = fuse(None if seen is None else seen.probabilities, voice.probabilities, config)
        segments.append(EngineSegment(2.0 * number, 2.0 * number + 4, fused.probabilities, voice, seen, {"flags": []}))
    return Recognition(
        duration_s=2.0 * len(moods) + 2,
        model={"voice": {"version": "voice-6"}},
        segments=tuple(segments),
        summary=summarise(segments) | {"quality": {}},
        timings_s={"voice": 0.1},
        config=config.as_dict(),
        reference=Reference().described(),
        contribution=contribution(segments, more.get("versions") or reading.score_versions(config)),
    )


def analysed(student: Student, moods: tuple[str, ...], **more) -> Recording:
    """A recording of the student with a result, by the way of a worker."""
    length = 2.0 * len(moods) + 2
    recording = RecordingFactory(student=student, duration_s=length, recorded_at=timezone.now())
    run = lifecycle.run_request(recording, by=None)
    lease = lifecycle.run_claim(run.pk)
    assert lease is not None
    lifecycle.run_complete(lease, recognition(moods, **more))
    recording.refresh_from_db()
    return recording


def labels(recording: Recording) -> list[str | None]:
    return list(Segment.objects.filter(run=recording.result_run_id).values_list("label", flat=True))


VARIED = EVERY * 6
"""A session that shows every mood."""
