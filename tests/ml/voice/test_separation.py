"""Chunking is tested with a made-up separator; the real Spleeter runs in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ml.errors import RecognitionError
from ml.voice import separation
from ml.voice.separation import Separator, overlapped
from ml.voice.separation_model import SHA256, default_model_folder, verify_model
from tests.ml.voice.conftest import research_file

CHUNK, OVERLAP, FADE = 1000, 200, 80


@pytest.fixture
def short_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a thousand samples, so that a second of audio has many seams."""
    monkeypatch.setattr(separation, "CHUNK_SAMPLES", CHUNK)
    monkeypatch.setattr(separation, "OVERLAP_SAMPLES", OVERLAP)
    monkeypatch.setattr(separation, "FADE_SAMPLES", FADE)


def in_blocks(samples: np.ndarray, sizes: list[int]) -> Iterator[np.ndarray]:
    at = number = 0
    while at < len(samples):
        size = sizes[number % len(sizes)]
        yield samples[at : at + size]
        at, number = at + size, number + 1


def noise(length: int) -> np.ndarray:
    return np.random.default_rng(length).standard_normal((length, 2)).astype(np.float32)


@settings(max_examples=60, deadline=None)
@given(length=st.integers(0, 5000), sizes=st.lists(st.integers(1, 2500), min_size=1, max_size=4))
def test_a_separator_that_changes_nothing_gives_the_input_back_to_the_sample(length: int, sizes: list[int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("CHUNK_SAMPLES", CHUNK), ("OVERLAP_SAMPLES", OVERLAP), ("FADE_SAMPLES", FADE)):
            patch.setattr(separation, name, value)
        samples = noise(length)
        joined = np.concatenate([np.zeros((0, 2)), *overlapped(in_blocks(samples, sizes), lambda chunk: chunk.copy())])
    assert joined.shape == samples.shape
    assert np.allclose(joined, samples, atol=1e-6)


@pytest.mark.usefixtures("short_chunks")
def test_every_chunk_has_the_same_length() -> None:
    seen: list[int] = []

    def separate(chunk: np.ndarray) -> np.ndarray:
        seen.append(len(chunk))
        return chunk.copy()

    list(overlapped(in_blocks(noise(4321), [700]), separate))
    assert set(seen) == {CHUNK}
    assert len(seen) > 3


@pytest.mark.usefixtures("short_chunks")
def test_what_a_chunk_gets_wrong_at_its_edges_is_not_heard() -> None:
    margin = (OVERLAP - FADE) // 2

    def clumsy(chunk: np.ndarray) -> np.ndarray:
        result = chunk.copy()
        result[: margin - 1] = 99
        result[-(margin - 1) :] = 99
        return result

    samples = noise(3 * CHUNK)
    joined = np.concatenate(list(overlapped([samples], clumsy)))
    assert np.allclose(joined[margin:-CHUNK], samples[margin:-CHUNK], atol=1e-6)


@pytest.mark.usefixtures("short_chunks")
def test_two_chunks_that_disagree_are_faded_into_each_other() -> None:
    levels = iter(np.arange(1, 100))
    joined = np.concatenate(list(overlapped([np.ones((3000, 2))], lambda chunk: chunk * float(next(levels)))))
    assert np.abs(np.diff(joined[:, 0])).max() <= 1 / (FADE - 1) + 1e-6


@settings(max_examples=20, deadline=None)
@given(length=st.integers(1, 30_000))
def test_the_result_is_as_long_as_the_input_at_16_khz(length: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(separation, "verify_model", lambda folder: None)
        patch.setattr(separation, "_open_session", lambda folder: lambda chunk: chunk)
        vocals = np.concatenate(list(Separator().vocals(in_blocks(noise(length), [4000]))))
    assert vocals.dtype == np.float32
    assert vocals.ndim == 1
    assert len(vocals) == round(length * 16_000 / 44_100)


def test_resampling_a_stream_leaves_no_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(separation, "verify_model", lambda folder: None)
    monkeypatch.setattr(separation, "_open_session", lambda folder: lambda chunk: chunk)
    time = np.arange(3 * 44_100) / 44_100
    tone = np.repeat(np.sin(2 * np.pi * 440 * time, dtype=np.float32)[:, None], 2, axis=1)
    vocals = np.concatenate(list(Separator().vocals(in_blocks(tone, [1000, 37, 4096]))))
    expected = np.sin(2 * np.pi * 440 * np.arange(len(vocals)) / 16_000)
    assert np.abs(vocals - expected)[200:-200].max() < 1e-3


def test_a_missing_model_is_an_error_before_tensorflow_is_touched(tmp_path: Path) -> None:
    with pytest.raises(RecognitionError) as raised:
        next(Separator(tmp_path).vocals([noise(10)]))
    assert raised.value.code == "separator_missing"


def test_making_a_separator_loads_nothing() -> None:
    code = "import sys; from ml.voice.separation import Separator; Separator(); print('tensorflow' in sys.modules)"
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "False"


REAL = """
import json, sys
import numpy as np, soundfile, soxr
from ml.voice import separation
separator = separation.Separator()
song, rate = soundfile.read(sys.argv[1], dtype="float32", always_2d=True)
song = np.ascontiguousarray(song[: 60 * rate])
chunked = np.concatenate(list(separator.vocals(np.array_split(song, 31))))
again = np.concatenate(list(separator.vocals(np.array_split(song, 7))))
# VmHWM is this program's own peak; ru_maxrss would begin with that of the test process it was started from.
peak_mb = int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]) / 1024
whole = soxr.resample(separator._separate(song).mean(axis=1), rate, 16000)[: len(chunked)]
chunked, again = chunked[: len(whole)], again[: len(whole)]
scale = (chunked @ whole) / (whole @ whole)
si_sdr = 10 * np.log10(np.sum((scale * whole) ** 2) / np.sum((chunked - scale * whole) ** 2))
mix = soxr.resample(song.mean(axis=1), rate, 16000)
print(json.dumps({
    "si_sdr": float(si_sdr), "repeat": float(np.abs(chunked - again).max()), "peak_mb": peak_mb,
    "seconds": len(whole) / 16000, "share": float(np.sum(whole ** 2) / np.sum(mix ** 2)),
}))
"""


@pytest.mark.data
@pytest.mark.slow
def test_spleeter_in_chunks_gives_the_vocals_it_gives_in_one_piece() -> None:
    """Tolerance: SI-SDR of at least 15 dB against the piece separated whole (about 20 dB observed).

    The two differ by more than rounding because Spleeter's network reads blocks of 12 s, which fall elsewhere.
    """
    song = research_file("separation", "Karissa_Hobbs_-_Lets_Go_Fishin.hq.ogg")
    try:
        verify_model(default_model_folder())
    except RecognitionError:
        pytest.skip("the separation model is not fetched: run make run or python -m ml fetch-separator")
    finished = subprocess.run([sys.executable, "-c", REAL, str(song)], capture_output=True, text=True, check=False)
    assert finished.returncode == 0, finished.stderr[-2000:]
    measured = json.loads(finished.stdout.splitlines()[-1])
    assert measured["si_sdr"] > 15
    assert measured["repeat"] < 1e-5
    assert measured["peak_mb"] < 1300
    assert measured["seconds"] == pytest.approx(60, abs=0.01)
    assert 0.02 < measured["share"] < 0.9


def test_the_model_has_four_files() -> None:
    assert set(SHA256) == {"checkpoint", "model.index", "model.meta", "model.data-00000-of-00001"}
