"""What is said of a recording's sound."""

from typing import Any, cast

import pytest

from ml.remarks import CODES, remarks
from ml.voice.front import SoundFront


class Front:
    """As far as remarks look at it."""

    def __init__(self, turned_share: float = 0.0, dead_channel: bool = False) -> None:
        self.turned_share, self.dead_channel = turned_share, dead_channel


def codes(
    flags: list[list[str]], front: Front | None = None, level_dbfs: float = -25, bandwidth_hz: int | None = 7_500
) -> dict[str, Any]:
    quality = {"level_dbfs": level_dbfs, "bandwidth_hz": bandwidth_hz}
    return {each["code"]: each["share"] for each in remarks(flags, quality, cast("SoundFront", front or Front()))}


def test_a_good_recording_gets_no_remark() -> None:
    assert codes([["voice_only"], []]) == {}


@pytest.mark.parametrize("code", ["clipping", "music", "too_quiet"])
def test_flags_of_segments_are_told_with_their_share(code: str) -> None:
    assert codes([[code], [], [], ["face_only", code]]) == {code: 0.5}
    assert codes([[code]] + [[]] * 99) == {}


def test_what_holds_for_the_whole_recording() -> None:
    found = codes([[]], Front(0.9, True), -41, 3_500)
    assert found == {"quiet": 1, "antiphase": 1, "one_channel": 1, "narrow_band": 1}
    assert list(found) == [code for code in CODES if code in found]


def test_nothing_is_said_where_no_sound_was_heard() -> None:
    assert remarks([["face_only"]], {}, None) == []
    assert codes([[]], bandwidth_hz=None) == {}
