"""Stored scores are read anew as the engine reads them, and without torch."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

from ml import reading
from ml.config import Config
from ml.errors import RecognitionError
from ml.reference import Evidence, Reference
from ml.results import FaceJudgement, Segment, VoiceJudgement
from ml.voice.person import shipped_people
from ml.voice.recogniser import VoiceRecogniser

DRAWS = np.random.default_rng(4)
VOICE, FACE = DRAWS.dirichlet(np.ones(7), size=2)
SEGMENT = Segment(
    0.0,
    4.0,
    None,
    VoiceJudgement(VOICE, VOICE, DRAWS.normal(size=7), (), 1.0, -20.0),
    FaceJudgement(FACE, FACE, np.log(FACE), 0, 20, 1.0, 0.9),
    {},
)
GAP = Segment(4.0, 8.0, None, None, None, {})


def evidence(model: str) -> Evidence:
    """A long history of every mood."""
    found = Evidence.of_recording(model, np.full(70, 4.0), np.tile(np.eye(7), (10, 1)), DRAWS.normal(size=(70, 7)))
    assert found is not None
    return found


def test_without_a_reference_everybody_is_read_by_people_in_general() -> None:
    (read, gap) = reading.read([SEGMENT, GAP], Reference(), Config())
    assert np.array_equal(read.voice.probabilities, VOICE)
    assert np.array_equal(read.face.probabilities, FACE)
    assert read.probabilities.sum() == pytest.approx(1)
    assert gap == GAP


@pytest.mark.parametrize("name", ["voice", "face"])
def test_a_reference_moves_its_own_modality_only(name: str) -> None:
    (read,) = reading.read([SEGMENT], Reference(**{name: evidence(name)}), Config())
    other = "face" if name == "voice" else "voice"
    assert not np.allclose(getattr(read, name).probabilities, getattr(SEGMENT, name).general, atol=1e-3)
    assert np.array_equal(getattr(read, other).probabilities, getattr(SEGMENT, other).general)
    assert np.array_equal(getattr(read, name).general, getattr(SEGMENT, name).general)


def test_a_segment_is_read_the_same_alone_and_among_others() -> None:
    reference = Reference(voice=evidence("voice"), face=evidence("face"))
    voice_only = replace(SEGMENT, face=None)
    together = reading.read([GAP, SEGMENT, voice_only], reference, Config())
    (alone,) = reading.read([SEGMENT], reference, Config())
    assert np.allclose(together[1].probabilities, alone.probabilities)
    assert np.allclose(together[2].probabilities, together[2].voice.probabilities)


def test_reading_twice_is_reading_once() -> None:
    reference = Reference(voice=evidence("voice"), face=evidence("face"))
    once = reading.read([SEGMENT], reference, Config())
    assert np.allclose(reading.read(once, reference, Config())[0].probabilities, once[0].probabilities)


def test_what_is_known_of_people_in_general_is_what_the_shipped_voice_knows() -> None:
    known, shipped = shipped_people(), VoiceRecogniser.load(None, kind="attention_lstm").people()
    for name in ("centre", "moods", "between", "mixed", "within"):
        assert np.allclose(getattr(known, name), getattr(shipped, name))


def test_without_weights_it_says_so(tmp_path, monkeypatch) -> None:
    shipped_people.cache_clear()
    monkeypatch.setenv("EMOREC_WEIGHTS", str(tmp_path))
    with pytest.raises(RecognitionError, match="weights_missing"):
        reading.read([SEGMENT], Reference(voice=evidence("voice")), Config())


def test_no_network_is_loaded_for_it() -> None:
    code = (
        "import sys, ml.reading; ml.reading.shipped_people(); sys.exit('torch' in sys.modules or 'cv2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
