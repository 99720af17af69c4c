"""A person says whose voice and whose face are the student's: the recording is analysed anew by that."""

from analysis.errors import Refused
from analysis.models import Recording, Run
from analysis.runs.lifecycle import KEPT, Kept, run_request
from students.models import User


def voice_choose(recording: Recording, *, by: User, speaker: int | None, track: int | Kept | None = KEPT) -> Run:
    """Asks for an analysis that judges this voice as the student's.

    Args:
        speaker: number of one of the voices of the result that counts; None takes a choice back: the evidence decides.
        track: number of one of its faces, to be followed from now on; None takes the one in view longest.

    Raises:
        Refused: ``unknown_voice``, ``unknown_face``, and what ``run_request`` refuses.
    """
    run = recording.result_run
    if run is None or not run.speakers.exists():
        raise Refused("unknown_voice")
    if speaker is not None and not run.speakers.filter(number=speaker).exists():
        raise Refused("unknown_voice")
    if isinstance(track, int) and track not in {face["track"] for face in run.summary.get("tracks", [])}:
        raise Refused("unknown_face")
    return run_request(recording, by=by, track=track, speaker=speaker)
