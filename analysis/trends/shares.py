"""Segments -> the numbers of a session. Pure functions: no rows are read or written.

How time divides among the emotions stands in ``ml.shares``, so that a page and the command line say the same of one
recording. What a person has named has one contender, and their correction counts over the model's label. Time of which
it is open whether it is negative is kept apart as ``undecided_s``. The mean probabilities, over judged and undecided
time, stand beside the shares for whoever wants the mass.
"""

import math
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from analysis.emotions import EMOTIONS, is_undecided
from analysis.talk.figures import Number
from ml.shares import owned_time, shown, time_shares


class Judged(NamedTuple):
    """One segment as far as a session index needs it; ``label`` is the person's where ``by_person``."""

    start_s: float
    end_s: float
    label: str | None
    probabilities: dict[str, float] | None
    voice: bool
    face: bool
    by_person: bool = False

    @property
    def undecided(self) -> bool:
        """Whether it is open if the segment is negative, and nobody has said which emotion it shows."""
        return not self.by_person and is_undecided(self.probabilities)

    @property
    def shown(self) -> tuple[str, ...]:
        """The emotions among which the segment's time is divided; none for a gap or an undecided one."""
        if self.label is None:
            return ()
        return (self.label,) if self.by_person or not self.probabilities else shown(self.probabilities)


@dataclass(frozen=True)
class Shares:
    """What the segments of one run add up to.

    Attributes:
        covered_s: seconds covered by segments, judged or not.
        judged_s: seconds owned by segments with a judgement that counts.
        undecided_s: seconds owned by segments of which it is open whether they are negative.
        voice_s, face_s: seconds owned by segments with a judgement of the voice, of the face, decided or not.
        shares: share of the judged time per emotion, summing to 1; all 0 when nothing was judged.
        negative_share: share of the judged time that is negative; None when nothing was judged.
        mean_probabilities: mean over the judged and the undecided time, summing to 1; all 0 when there is neither.
        corrected: segments whose label a person corrected.
    """

    covered_s: float
    judged_s: float
    undecided_s: float
    voice_s: float
    face_s: float
    shares: dict[str, float]
    negative_share: float | None
    mean_probabilities: dict[str, float]
    corrected: int


def shares_of(segments: Sequence[Judged]) -> Shares:
    """Adds segments up to the shares of a session (see the module's first lines for the rules)."""
    owned = owned_time([(segment.start_s, segment.end_s) for segment in segments])
    mass = dict.fromkeys(EMOTIONS, 0.0)
    for segment, seconds in zip(segments, owned, strict=True):
        for name, probability in (segment.probabilities or {}).items():
            mass[name] += seconds * probability
    total = sum(mass.values())
    time = time_shares(owned, [segment.shown for segment in segments])
    return Shares(
        covered_s=math.fsum(owned),
        judged_s=time.judged_s,
        undecided_s=math.fsum(s for s, segment in zip(owned, segments, strict=True) if segment.undecided),
        voice_s=math.fsum(s for s, segment in zip(owned, segments, strict=True) if segment.voice),
        face_s=math.fsum(s for s, segment in zip(owned, segments, strict=True) if segment.face),
        shares=time.shares,
        negative_share=time.negative_share,
        mean_probabilities={name: weight / total if total else 0.0 for name, weight in mass.items()},
        corrected=sum(segment.by_person for segment in segments),
    )


@dataclass(frozen=True)
class SessionIndex(Shares):
    """The numbers of one session: the shares of its run, and which recording they belong to.

    Attributes:
        duration_s: length of the recording in seconds.
        coverage: judged time over the recording's length without its gaps, 0-1; undecided time does not count.
        voice_coverage, face_coverage: the same of time with a judgement of the voice, of the face, decided or not.
        compared_sessions: other sessions of the student that the segments were read by.
        general_negative_share: by people in general, where that is another reading; else None.
        reread: whether the student's other sessions have changed the reading since the analysis.
        conversation: how the conversation went, by name of the description, where there is enough to say.
    """

    recording_id: uuid.UUID
    run_id: uuid.UUID
    recorded_at: datetime
    analysed_at: datetime | None
    duration_s: float
    model_version: str
    synthetic: bool
    coverage: float
    voice_coverage: float
    face_coverage: float
    compared_sessions: int = 0
    general_negative_share: float | None = None
    reread: bool = False
    conversation: dict[str, Number] = field(default_factory=dict)

    def enough(self, min_evidence_s: float, min_coverage: float) -> bool:
        """Whether there is enough evidence to make a baseline or raise an alert."""
        return self.negative_share is not None and self.judged_s >= min_evidence_s and self.coverage >= min_coverage

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON: ids and times as text, shares as fractions of 1."""
        return plain(asdict(self))


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Ids and times as text."""
    return {
        name: str(value)
        if isinstance(value, uuid.UUID)
        else value.isoformat()
        if isinstance(value, datetime)
        else value
        for name, value in values.items()
    }
