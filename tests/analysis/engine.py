"""A stand-in for the recognition engine, named by ``EMOREC_ENGINE``: waits at a gate, then gives three segments.

It runs inside a real worker process. ``EMOREC_TEST_GATE`` is a folder: each start appends the process id to
``started``; the recognition goes on once ``go`` exists. Where ``two-voices`` exists, two voices are heard, and the
student's is the one that the configuration names.
"""

import os
import time
from pathlib import Path

import numpy as np

from ml.config import Config
from ml.results import Progress, Recognition, Segment
from ml.transcript.results import Sentence, Transcription, Word
from ml.turns import Speaker, SpeakerTurns, Turn
from tests.factories import probabilities

STARTS_S = (0.0, 2.0, 4.0)


def two_voices(student: int | None) -> SpeakerTurns:
    """Two people who take turns; only the first ever speaks alone for long."""
    return SpeakerTurns(
        speakers=(Speaker(1, 5.0, channel=1, face=1), Speaker(2, 1.5, enrolled=True)),
        turns=(Turn(0.0, 4.0, 1, False, 0.9), Turn(4.0, 5.5, 2, True, 0.7), Turn(4.5, 5.5, 1, True, 0.8)),
        student=student,
        several=True,
    )


def load():
    """As ``analysis.runs.worker.load_engine``."""
    return recognise


def recognise(path: Path, config: Config, progress: Progress) -> Recognition:
    _wait_at_the_gate("started", "go", "face" if config.face else "voice", progress)
    vector = np.array(list(probabilities("sad").values()))
    segments = tuple(
        Segment(start_s=start, end_s=start + 4, probabilities=vector, voice=None, face=None, quality={})
        for start in STARTS_S
    )
    return Recognition(
        duration_s=8.0,
        model={"version": "gate"},
        segments=segments,
        summary={"quality": {"face_share": 1.0}},
        timings_s={"face": 0.1},
        config=config.as_dict(),
        speakers=two_voices(config.speaker) if _gate("two-voices").exists() else SpeakerTurns(),
    )


def load_transcriber():
    """As ``analysis.transcripts.worker.load``; its own gate is ``write``, its starts stand in ``written``."""
    return transcribe


def transcribe(path: Path, max_duration_s: float, progress: Progress) -> Transcription:
    _wait_at_the_gate("written", "write", "words", progress)
    return Transcription("en", 0.9, (Sentence((Word(" Said", 0.0, 0.5, 0.9),)),), 0.5, 0.0, {"version": "gate"})


def _gate(name: str) -> Path:
    return Path(os.environ["EMOREC_TEST_GATE"]) / name


def _wait_at_the_gate(started: str, gate: str, stage: str, progress: Progress) -> None:
    folder = Path(os.environ["EMOREC_TEST_GATE"])
    with (folder / started).open("a") as file:
        file.write(f"{os.getpid()}\n")
    step = 0
    while not (folder / gate).exists():
        step += 1
        progress(stage, step % 1000, 1000)
        time.sleep(0.05)
