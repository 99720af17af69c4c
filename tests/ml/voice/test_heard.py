import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.voice import features, heard, prosody
from ml.voice.framing import frame_count
from ml.voice.heard import Heard
from tests.ml.voice.sounds import two_voices

SAMPLES = two_voices()
TOTAL = frame_count(len(SAMPLES))


@settings(max_examples=25, deadline=None)
@given(st.data(), st.integers(1, 400), st.integers(1, 3))
def test_any_frames_by_any_blocks_are_those_of_the_whole(data: st.DataObject, block: int, kept: int) -> None:
    first = data.draw(st.integers(0, TOTAL - 1))
    last = data.draw(st.integers(first + 1, TOTAL))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(heard, "BLOCK_FRAMES", block)
        patch.setattr(heard, "KEPT_BLOCKS", kept)
        found = Heard(SAMPLES, 0.5).frames(first, last)
    assert np.allclose(found.families, features.extract(SAMPLES * np.float32(0.5))[first:last], atol=1e-3)
    assert np.allclose(found.prosody, prosody.extract(SAMPLES * np.float32(0.5))[first:last], atol=1e-3)


def test_the_blocks_are_the_whole_recording_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heard, "BLOCK_FRAMES", 100)
    found = list(Heard(SAMPLES, 1.0).blocks())
    assert [first for first, _ in found] == list(range(0, TOTAL, 100))
    assert sum(len(frames.families) for _, frames in found) == TOTAL


def test_what_is_asked_for_again_is_not_computed_again_and_no_more_than_the_latest_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(heard, "BLOCK_FRAMES", 50)
    monkeypatch.setattr(heard, "KEPT_BLOCKS", 2)
    computed: list[int] = []
    extract_range = prosody.extract_range

    def counted(samples: np.ndarray, first: int, last: int, gain: float) -> np.ndarray:
        computed.append(first)
        return extract_range(samples, first, last, gain)

    monkeypatch.setattr(prosody, "extract_range", counted)
    recording = Heard(SAMPLES, 1.0)
    for first in (0, 40, 60, 0, 100, 60, 0):
        recording.frames(first, first + 20)
    assert computed == [0, 50, 100, 50, 0]
