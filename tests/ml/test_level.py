"""Level and clipping, measured on the sound as it is stored."""

from pathlib import Path

import numpy as np
import pytest

from ml import media
from ml.errors import RecognitionError
from ml.level import FLOOR_DBFS, TARGET_LEVEL, LevelMeter, measure
from tests.ml.clips import ffmpeg, make_clip

RATE = 44_100
LOUD = "sine=frequency=300,volume=30dB"
"""A tone of 4 times full scale: 84 % of it lies above full scale."""


def measured(samples: np.ndarray, block: int = RATE, rate: int = RATE) -> LevelMeter:
    meter = LevelMeter(rate)
    for at in range(0, len(samples), block):
        meter.add(samples[at : at + block])
    meter.finish()
    return meter


def of_file(path: Path) -> LevelMeter:
    return measure(path, media.probe(path), 60)


def sine(level: float, seconds: float = 0.5, frequency: float = 100) -> np.ndarray:
    wave = level * np.sin(2 * np.pi * frequency * np.arange(int(seconds * RATE)) / RATE)
    return np.column_stack([wave, wave]).astype(np.float32)


@pytest.mark.parametrize("block", [RATE, 1000, 7])
def test_the_level_of_a_sine_is_3_db_below_its_peak(block: int) -> None:
    meter = measured(sine(0.5), block)
    assert meter.level_dbfs(0, 0.5) == pytest.approx(20 * np.log10(0.5) - 3.01, abs=0.01)


def test_silence_has_the_lowest_level_no_clipping_and_no_gain() -> None:
    meter = measured(np.zeros((RATE, 2), np.float32))
    assert meter.level_dbfs(0, 1) == FLOOR_DBFS
    assert meter.clipped_share() == 0
    assert meter.gain() == 1
    assert measured(np.zeros((0, 2), np.float32)).gain() == 1


def test_a_constant_offset_is_no_level() -> None:
    plain, shifted = measured(sine(0.01)), measured(sine(0.01) + np.float32(0.3))
    assert shifted.level_dbfs(0, 0.5) == pytest.approx(plain.level_dbfs(0, 0.5), abs=0.01)
    assert shifted.gain() == pytest.approx(plain.gain(), rel=1e-3)


def test_a_dead_channel_changes_neither_level_nor_clipping() -> None:
    both, one = sine(0.5), sine(0.5) * np.float32([1, 0])
    assert measured(one).level_dbfs(0, 1) == measured(both).level_dbfs(0, 1)
    assert measured(one).gain() == measured(both).gain()
    assert (measured(one).live_channel(1e-3), measured(one[:, ::-1]).live_channel(1e-3)) == (0, 1)
    assert measured(both).live_channel(1e-3) is None


def test_the_gain_follows_the_level_and_ignores_pauses() -> None:
    speech = np.concatenate([sine(0.1), np.zeros((3 * RATE, 2), np.float32), sine(0.1)])
    found = measured(speech).gain()
    assert found == pytest.approx(TARGET_LEVEL / (0.1 / np.sqrt(2)), rel=0.01)
    assert measured(speech * np.float32(0.001)).gain() == pytest.approx(1000 * found, rel=1e-4)


def test_clipping_is_found_where_it_is() -> None:
    samples = np.zeros((2 * RATE, 2), np.float32)
    samples[RATE:] = 1.0
    meter = measured(samples)
    assert meter.clipped_share(0, 1) == 0
    assert meter.clipped_share(1, 2) == 1
    assert meter.clipped_share() == pytest.approx(0.5)


def test_flat_tops_below_full_scale_are_clipping_and_round_tops_are_not() -> None:
    loud = sine(1.0, 2, 300)
    assert measured(np.clip(loud, -0.5, 0.5) * np.float32(0.6)).clipped_share() == pytest.approx(2 / 3, abs=0.01)
    assert measured(loud * np.float32(0.6)).clipped_share() == 0


def test_flat_tops_count_only_at_the_peak_of_the_whole_recording() -> None:
    held = np.full((RATE, 2), 0.2, np.float32)
    assert measured(np.concatenate([held, sine(0.6, 1, 300)])).clipped_share(0, 1) == 0


@pytest.mark.parametrize("rate", [8_000, 11_025, 48_000])
def test_cells_stay_in_step_with_the_clock_at_any_rate(rate: int) -> None:
    samples = np.zeros((600 * rate, 1), np.float32)
    samples[599 * rate :] = 1.0
    meter = measured(samples, rate, rate)
    assert meter.clipped_share(0, 598.8) == 0
    assert meter.clipped_share(599.1, 600) == 1


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("mono.wav", ("-ac", "1")),
        ("stereo.wav", ("-ac", "2")),
        ("low.wav", ("-ac", "1", "-ar", "16000")),
        ("telephone.wav", ("-ac", "1", "-ar", "8000", "-c:a", "pcm_mulaw")),
        ("eight.wav", ("-ac", "1", "-c:a", "pcm_u8")),
        ("lossless.flac", ("-ac", "2")),
    ],
)
def test_clipping_in_a_file_is_measured_as_it_is(tmp_path: Path, name: str, arguments: tuple[str, ...]) -> None:
    loud = make_clip(tmp_path / "loud.wav", picture=False, sound=LOUD, extra=("-ac", "1"))
    ffmpeg("-i", loud, *arguments, tmp_path / name)
    whole = of_file(loud).clipped_share()
    assert 0.7 < whole < 0.9
    assert of_file(tmp_path / name).clipped_share() == pytest.approx(whole, abs=0.06)


def test_clipping_shows_through_lossy_coding_and_through_turning_down(tmp_path: Path) -> None:
    loud = make_clip(tmp_path / "loud.wav", picture=False, sound=LOUD, extra=("-ac", "1"))
    ffmpeg("-i", loud, "-c:a", "aac", "-b:a", "128k", tmp_path / "a.m4a")
    ffmpeg("-i", loud, "-af", "volume=-12dB", tmp_path / "down.wav")
    assert of_file(tmp_path / "a.m4a").clipped_share() > 0.005
    assert of_file(tmp_path / "down.wav").clipped_share() > 0.7


def test_floating_point_numbers_beyond_full_scale_are_loud_and_not_clipped(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.wav", picture=False, sound=LOUD, extra=("-c:a", "pcm_f32le"))
    meter = of_file(clip)
    assert meter.clipped_share() == 0
    assert meter.level_dbfs(0, 2) > 5


def test_mono_and_stereo_read_the_same(tmp_path: Path) -> None:
    mono = make_clip(tmp_path / "mono.wav", picture=False, extra=("-ac", "1"))
    ffmpeg("-i", mono, "-af", "pan=stereo|c0=c0|c1=c0", tmp_path / "stereo.wav")
    assert of_file(mono).level_dbfs(0, 2) == pytest.approx(of_file(tmp_path / "stereo.wav").level_dbfs(0, 2), abs=0.01)


def test_sound_that_starts_late_is_measured_at_its_place(tmp_path: Path) -> None:
    make_clip(tmp_path / "v.mp4", seconds=3, sound=None)
    make_clip(tmp_path / "a.wav", seconds=1, picture=False, sound=LOUD)
    inputs = ("-i", tmp_path / "v.mp4", "-itsoffset", "1.5", "-i", tmp_path / "a.wav")
    ffmpeg(*inputs, "-map", "0:v", "-map", "1:a", "-c:v", "copy", tmp_path / "late.mkv")
    meter = of_file(tmp_path / "late.mkv")
    assert meter.clipped_share(0, 1.3) == 0
    assert meter.clipped_share(1.7, 2.4) > 0.5


def test_sound_that_does_not_decode_is_damaged(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.wav", picture=False)
    info = media.probe(clip)
    clip.write_bytes(clip.read_bytes()[:60])
    with pytest.raises(RecognitionError, match="damaged_file"):
        measure(clip, info, 60)


def test_many_channels_are_read_in_small_blocks(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.wav", picture=False, extra=("-ac", "6", "-ar", "192000"))
    sizes = [block.shape for _, block in media.stored_audio(clip, media.probe(clip))]
    assert {shape[1] for shape in sizes} == {6}
    assert max(shape[0] * shape[1] for shape in sizes) <= 1_000_000
    assert sum(shape[0] for shape in sizes) == 2 * 192_000
