"""How far a run is: per cent over all stages."""

from analysis.jobs.heartbeat import StagedProgress
from ml.results import STAGES

STAGE_WEIGHTS: dict[str, float] = {
    "probe": 1,
    "separation": 28,
    "speech": 3,
    "frames": 34,
    "speakers": 4,
    "voice": 12,
    "face": 17,
    "fusion": 1,
}
"""Per cent of the time each stage takes, as ``make bench`` measured it on two cores (60 s of 640x360 at 25 fps). Only
the progress bar depends on it."""

VOICE_STAGES = frozenset({"separation", "speech", "speakers", "voice"})
FACE_STAGES = frozenset({"frames", "face"})


class Overall(StagedProgress):
    """Progress of one run; stages of what is not analysed do not count."""

    def __init__(self, *, voice: bool, face: bool) -> None:
        left_out = (frozenset() if voice else VOICE_STAGES) | (frozenset() if face else FACE_STAGES)
        weights = {stage: weight for stage, weight in STAGE_WEIGHTS.items() if stage not in left_out}
        super().__init__(STAGES, weights, together=(VOICE_STAGES, FACE_STAGES))
