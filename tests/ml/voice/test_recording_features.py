import numpy as np
import pytest

from ml.voice import features, prosody
from ml.voice.framing import SAMPLE_RATE
from ml.voice.recogniser import load_encoder
from ml.voice.recording_features import BLOCK_FRAMES, CELL_FRAMES, STATE_WIDTH, RecordingFeatures
from ml.voice.segment_features import N_SEGMENT_FEATURES, PROSODY, segment_features


@pytest.fixture(scope="module")
def sound() -> np.ndarray:
    """Forty seconds of noise in bursts: more than two blocks."""
    draws = np.random.default_rng(3)
    envelope = np.abs(np.sin(np.linspace(0, 60, 40 * SAMPLE_RATE)))
    return (0.1 * envelope * draws.standard_normal(40 * SAMPLE_RATE)).astype(np.float32)


@pytest.fixture(scope="module")
def recording(sound: np.ndarray) -> RecordingFeatures:
    return RecordingFeatures(sound, 0.5, load_encoder())


def test_families_and_prosody_are_those_of_the_whole_recording(recording: RecordingFeatures, sound: np.ndarray) -> None:
    first, last = BLOCK_FRAMES - 40, BLOCK_FRAMES + 60
    assert np.allclose(recording.families(first, last), features.extract_range(sound, first, last, 0.5), atol=1e-5)
    assert np.allclose(recording.prosody(first, last), prosody.extract_range(sound, first, last, 0.5), atol=1e-3)


def test_a_moment_has_the_same_states_whoever_asks_for_it(recording: RecordingFeatures) -> None:
    wide = recording.states(BLOCK_FRAMES - 200, BLOCK_FRAMES + 200)
    narrow = recording.states(BLOCK_FRAMES - 50, BLOCK_FRAMES + 50)
    assert wide.shape == (400 // CELL_FRAMES, STATE_WIDTH)
    assert np.array_equal(wide[15:25], narrow)


def test_the_last_cell_is_there_though_the_sound_ends_in_it(sound: np.ndarray) -> None:
    short = RecordingFeatures(sound[: int(1.234 * SAMPLE_RATE)], 1.0, load_encoder())
    assert short.states(0, short.total).shape == (-(-short.total // CELL_FRAMES), STATE_WIDTH)
    assert np.isfinite(short.states(0, short.total)).all()


def test_a_mapped_file_has_the_features_of_the_array(
    recording: RecordingFeatures, sound: np.ndarray, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("mapped") / "sound"
    sound.tofile(path)
    mapped = RecordingFeatures(np.memmap(path, dtype=np.float32, mode="r"), 0.5, load_encoder())
    mask = np.ones(recording.total, dtype=bool)
    one, other = (segment_features(each, mask, 100, 400) for each in (recording, mapped))
    assert np.array_equal(one, other, equal_nan=True)


def test_silence_around_speech_changes_no_moments(recording: RecordingFeatures) -> None:
    mask = np.zeros(recording.total, dtype=bool)
    mask[200:300] = True
    inside, around = (segment_features(recording, mask, *span)[: PROSODY.start] for span in ((200, 300), (150, 350)))
    assert np.allclose(inside, around, atol=1e-5)
    assert len(segment_features(recording, mask, 200, 300)) == N_SEGMENT_FEATURES


def test_features_made_without_an_encoder_have_no_states(sound: np.ndarray) -> None:
    with pytest.raises(ValueError, match="without a speech encoder"):
        RecordingFeatures(sound, 1.0).states(0, 10)
