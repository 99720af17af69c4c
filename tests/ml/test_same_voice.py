"""The same voice gets the same answer whatever its level, its channels or its file; what is no voice gets none."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ml.config import Config
from ml.errors import RecognitionError
from ml.recognise import Models, recognise
from ml.results import Recognition
from ml.voice.separation_model import default_model_folder, verify_model
from tests.ml.clips import ffmpeg

MIX = Config(separation="off", face=False)
VOCALS = Config(face=False)
DAMPED = "aformat=sample_fmts=fltp,volume=-12dB"
"""Leaves room for an offset and for raising."""
Wav = Callable[..., Path]


@pytest.fixture(scope="module")
def speech(portrait: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The portrait's voice, 44.1 kHz mono, 16 bits."""
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    ffmpeg("-i", portrait, "-vn", "-ac", "1", "-ar", "44100", "-af", DAMPED, path)
    return path


@pytest.fixture
def made(speech: Path, tmp_path: Path) -> Wav:
    """``made(filters, *arguments)``: that voice through ffmpeg once more."""

    def make(filters: str, *arguments: str, name: str = "a.wav") -> Path:
        ffmpeg("-i", speech, "-af", filters, *arguments, tmp_path / name)
        return tmp_path / name

    return make


@pytest.fixture(scope="module")
def expected(speech: Path, models: Models) -> Recognition:
    return recognise(speech, models, MIX)


@pytest.fixture
def made_and_expected(made: Wav, expected: Recognition) -> tuple[Wav, Recognition]:
    return made, expected


def codes(result: Recognition) -> list[str]:
    return [remark["code"] for remark in result.summary["quality"]["remarks"]]


def difference(result: Recognition, other: Recognition) -> float:
    """Greatest difference of a probability between two results."""
    pairs = zip(result.segments, other.segments, strict=True)
    voices = [(a.voice.probabilities, b.voice.probabilities) for a, b in pairs if a.voice and b.voice]
    assert len(voices) == len(result.segments) == len(other.segments)
    return max(float(np.abs(a - b).max()) for a, b in voices)


@pytest.mark.parametrize(
    ("filters", "codec", "remarks"),
    [
        ("volume=-20dB", "pcm_f32le", ["quiet"]),
        ("volume=-45dB", "pcm_f32le", ["quiet"]),
        ("aformat=sample_fmts=fltp,volume=30dB", "pcm_f32le", []),
        ("dcshift=0.3", "pcm_s24le", []),
        ("pan=stereo|c0=c0|c1=-1*c0", "pcm_s16le", ["antiphase"]),
        ("pan=stereo|c0=c0|c1=0*c0", "pcm_s16le", ["one_channel"]),
        ("pan=stereo|c0=0*c0|c1=c0", "pcm_s16le", ["one_channel"]),
        ("pan=stereo|c0=c0|c1=c0", "pcm_s16le", []),
        ("aresample=48000", "pcm_s16le", []),
    ],
)
def test_level_offset_channels_and_rate_change_nothing(
    made_and_expected: tuple[Wav, Recognition], models: Models, filters: str, codec: str, remarks: list[str]
) -> None:
    made, expected = made_and_expected
    result = recognise(made(filters, "-c:a", codec), models, MIX)
    assert difference(result, expected) < 0.01
    assert codes(result) == remarks
    before, after = expected.summary["quality"], result.summary["quality"]
    assert after["speech_share"] == pytest.approx(before["speech_share"], abs=0.02)


@pytest.mark.parametrize("change_db", [-30, 20])
def test_the_level_that_is_told_is_that_of_the_file(
    made: Wav, models: Models, expected: Recognition, change_db: int
) -> None:
    result = recognise(made(f"aformat=sample_fmts=fltp,volume={change_db}dB", "-c:a", "pcm_f32le"), models, MIX)
    told = result.summary["quality"]["level_dbfs"] - expected.summary["quality"]["level_dbfs"]
    assert told == pytest.approx(change_db, abs=0.1)


@pytest.mark.parametrize("arguments", [("-ac", "1"), ("-ac", "2"), ("-ac", "1", "-ar", "16000")])
def test_clipping_reaches_segments_and_summary(made: Wav, models: Models, arguments: tuple[str, ...]) -> None:
    result = recognise(made("volume=42dB", *arguments), models, MIX)
    assert all("clipping" in segment.quality["flags"] for segment in result.segments)
    assert result.summary["quality"]["clipped_share"] > 0.05
    assert result.summary["quality"]["remarks"] == [{"code": "clipping", "share": 1.0}]


def test_a_telephone_is_told_and_a_whole_voice_is_not(made: Wav, models: Models, expected: Recognition) -> None:
    assert expected.summary["quality"]["bandwidth_hz"] > 6_000
    assert codes(expected) == []
    result = recognise(made("anull", "-ar", "8000", "-c:a", "pcm_mulaw"), models, MIX)
    assert 3_000 < result.summary["quality"]["bandwidth_hz"] < 4_800
    assert codes(result) == ["narrow_band"]


def test_a_voice_lost_in_rounding_is_not_judged_and_says_so(made: Wav, models: Models) -> None:
    with pytest.raises(RecognitionError, match="no_usable_signal"):
        recognise(made("volume=-65dB", "-c:a", "pcm_s16le"), models, MIX)


# --- with the separator -----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def separating(models: Models) -> Models:
    try:
        verify_model(default_model_folder())
    except RecognitionError as error:
        pytest.skip(f"the Spleeter model is not here ({error.code})")
    return models


@pytest.fixture(scope="module")
def orchestra(research_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    name = "Hungarian_Dance_number_5_-_Allegro_in_F_sharp_minor_string_orchestra.hq.ogg"
    path = tmp_path_factory.mktemp("music") / "orchestra.wav"
    ffmpeg("-i", research_data / "separation" / name, path)
    return path


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("filters", ["volume=-45dB", "aformat=sample_fmts=fltp,volume=20dB", "dcshift=0.1"])
def test_real_speech_is_separated_the_same_at_any_level(
    research_data: Path, tmp_path: Path, separating: Models, filters: str
) -> None:
    real = research_data / "separation" / "3436-172162-0000.hq.ogg"
    ffmpeg("-i", real, "-c:a", "pcm_f32le", tmp_path / "a.wav")
    ffmpeg("-i", tmp_path / "a.wav", "-af", filters, "-c:a", "pcm_f32le", tmp_path / "b.wav")
    first, second = (recognise(tmp_path / name, separating, VOCALS) for name in ("a.wav", "b.wav"))
    assert difference(first, second) < 0.02


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("start_s", [0, 5, 20, 25])
def test_an_orchestra_is_not_judged(orchestra: Path, tmp_path: Path, separating: Models, start_s: int) -> None:
    ffmpeg("-ss", str(start_s), "-i", orchestra, "-t", "20", tmp_path / "a.wav")
    with pytest.raises(RecognitionError, match="no_usable_signal"):
        recognise(tmp_path / "a.wav", separating, VOCALS)


@pytest.mark.slow
@pytest.mark.data
def test_speech_is_judged_and_the_music_after_it_is_named(
    research_data: Path, orchestra: Path, tmp_path: Path, separating: Models
) -> None:
    real = research_data / "separation" / "198-209-0000.hq.ogg"
    join = "[0:a]aresample=44100,pan=stereo|c0=c0|c1=c0[s];[1:a]atrim=0:14[m];[s][m]concat=n=2:v=0:a=1"
    ffmpeg("-i", real, "-i", orchestra, "-filter_complex", join, tmp_path / "a.wav")
    result = recognise(tmp_path / "a.wav", separating, VOCALS)
    for segment in result.segments:
        if segment.end_s <= 13:
            assert segment.voice is not None
            assert "music" not in segment.quality["flags"]
        if segment.start_s >= 15 and segment.end_s <= 27:
            assert segment.voice is None
            assert segment.quality["flags"] == ["none", "music"]
    (remark,) = result.summary["quality"]["remarks"]
    assert remark["code"] == "music"
    assert 0.3 < remark["share"] < 0.6


@pytest.mark.slow
@pytest.mark.parametrize("source", ["anoisesrc=d=12:a=0.3:c=pink", "anoisesrc=d=12:a=0.1:c=white"])
def test_noise_alone_is_not_judged(tmp_path: Path, separating: Models, source: str) -> None:
    ffmpeg("-f", "lavfi", "-i", source, tmp_path / "a.wav")
    with pytest.raises(RecognitionError, match="no_usable_signal"):
        recognise(tmp_path / "a.wav", separating, VOCALS)
