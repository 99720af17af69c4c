"""What is taken out of a recording: the tiers of ELAN and Praat, from the rows.

Names of tiers and what is written on them are fixed English codes, so that a file means the same to everybody. Nobody's
name is in them: a recording is named by its id, a voice and a face by a number.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from analysis.emotions import EMOTIONS
from analysis.exchange.moments import own_parts
from analysis.exchange.tiers import (
    CORRECTIONS_TIER,
    LABELS_TIER,
    STRETCHES_TIER,
    Annotations,
    Interval,
    Tier,
)
from analysis.models import Run, Speaker, Who
from analysis.presentation.run_facts import tracks
from analysis.stretches.rows import recording_marks

STUDENT = "student"
COUNSELLOR = "counsellor"


def annotations_of(run: Run, segments: Sequence[Any]) -> Annotations:
    """All tiers of a run; none is left out where it is empty but those of voices and faces.

    Args:
        segments: as ``trends.labels.segments_read`` gives them.
    """
    length = max([run.recording.duration_s or 0.0, *(segment.end_s for segment in segments)])
    parts = own_parts([(segment.start_s, segment.end_s) for segment in segments])
    with_parts = list(zip(parts, segments, strict=True))
    labels = [Interval(*part, segment.label) for part, segment in with_parts if segment.label]
    corrections = [Interval(*part, segment.label_given) for part, segment in with_parts if segment.label_given]
    marks = [
        Interval(piece.start_s, piece.end_s, piece.stretch.who) for piece in recording_marks(run.recording_id).pieces
    ]
    return Annotations(
        recording=str(run.recording_id),
        length_s=length,
        tiers=(
            Tier.of(LABELS_TIER, labels, participant=STUDENT),
            Tier.of(CORRECTIONS_TIER, corrections, participant=STUDENT, values=EMOTIONS),
            Tier.of(STRETCHES_TIER, marks, values=tuple(Who.values)),
            *_speakers(run),
            *_faces(run),
        ),
    )


def speaker_role(speaker: Speaker) -> str:
    """Whose voice it is, as far as that is known; else its number."""
    return STUDENT if speaker.student else COUNSELLOR if speaker.enrolled else f"speaker {speaker.number}"


def _speakers(run: Run) -> Iterator[Tier]:
    """One tier for each voice, as voices overlap."""
    for speaker in run.speakers.prefetch_related("turns"):
        role = speaker_role(speaker)
        turns = [Interval(turn.start_s, turn.end_s, role) for turn in speaker.turns.all()]
        yield Tier.of(f"speaker {speaker.number}", turns, participant=role)


def _faces(run: Run) -> Iterator[Tier]:
    """One tier for each face, with the stretches in which it is in sight."""
    for face in tracks(run):
        if face.start_s is None or face.end_s is None:
            continue
        role = STUDENT if face.chosen else f"face {face.number}"
        passages = face.passages or ((face.start_s, face.end_s),)
        yield Tier.of(f"face {face.number}", [Interval(*passage, role) for passage in passages], participant=role)
