"""What is to be said about a recording's sound and picture: short stable codes, each with the share concerned."""

from collections.abc import Sequence
from typing import Any

from ml.face.conditions import REASONS
from ml.voice.bandwidth import NARROW_BELOW_HZ
from ml.voice.front import SoundFront

QUIET_BELOW_DBFS = -40.0
TURNED_LEAST = 0.1
"""Share of the voice's energy from which channels in antiphase are mentioned."""
SHARE_LEAST = 0.05
"""Share of the segments from which what was found in some of them is said of the recording."""
SEGMENT_CODES = ("clipping", "music", "too_quiet")
"""Flags of segments that are told of the recording as well."""
SPEAKER_CODES = ("other_speaker", "speaker_unknown")
"""Flags of segments with speech that is not the student's, or of which it is not known whose it is."""
FACE_CODES = (*REASONS[1:], "turned_upright")
"""What is told of the face: the flags of segments that ``ml.face.conditions`` gives, and of the whole recording."""
CODES = (*SEGMENT_CODES, "quiet", "antiphase", "one_channel", "narrow_band", *FACE_CODES)


def remarks(
    flags: Sequence[Sequence[str]], quality: dict[str, Any], front: SoundFront | None
) -> list[dict[str, str | float]]:
    """Remarks on a recording, in the order of ``CODES``.

    Args:
        flags: of every segment.
        quality: of the recording, with level_dbfs and bandwidth_hz where there is sound.
        front: what the sound went through; None where there is none to speak of.

    Returns:
        {"code": one of ``CODES``, "share": the part of the recording concerned, 0-1}, one for each that applies.
    """
    seen = _of_the_face(flags, quality)
    if front is None or "level_dbfs" not in quality:
        return seen
    shares = {code: sum(code in each for each in flags) / max(1, len(flags)) for code in SEGMENT_CODES}
    share_by_code = {code: share for code, share in shares.items() if share >= SHARE_LEAST}
    bandwidth = quality["bandwidth_hz"]
    whole = {
        "quiet": quality["level_dbfs"] < QUIET_BELOW_DBFS,
        "antiphase": front.turned_share >= TURNED_LEAST,
        "one_channel": front.dead_channel,
        "narrow_band": bandwidth is not None and bandwidth < NARROW_BELOW_HZ,
    }
    share_by_code |= {code: 1.0 for code, applies in whole.items() if applies}
    heard: list[dict[str, str | float]] = [
        {"code": code, "share": round(share, 4)} for code, share in share_by_code.items()
    ]
    return heard + seen


def _of_the_face(flags: Sequence[Sequence[str]], quality: dict[str, Any]) -> list[dict[str, str | float]]:
    shares: dict[str, float] = {code: sum(code in each for each in flags) / max(1, len(flags)) for code in REASONS[1:]}
    shares["turned_upright"] = 1.0 if quality.get("turned_degrees") else 0.0
    return [{"code": code, "share": round(share, 4)} for code, share in shares.items() if share >= SHARE_LEAST]
