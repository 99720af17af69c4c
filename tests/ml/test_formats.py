"""Containers beyond those that browsers play: known by their first bytes, read with their own demuxer, and no other."""

import random
from pathlib import Path

import numpy as np
import pytest

from ml import media
from ml.containers import recognise_container
from ml.errors import RecognitionError
from tests.ml.clips import ffmpeg, make_clip

SIZE = {"a.mpg": "352x288", "a.dv": "720x576"}
EXTRA = {
    "a.mts": ("-f", "mpegts", "-mpegts_m2ts_mode", "1", "-c:a", "ac3"),
    "a.dv": ("-target", "pal-dv"),
    "a.caf": ("-c:a", "pcm_s16le"),
    "mulaw.wav": ("-c:a", "pcm_mulaw", "-ar", "8000", "-ac", "1"),
    "adpcm.wav": ("-c:a", "adpcm_ms", "-ar", "8000", "-ac", "1"),
}


@pytest.mark.parametrize(
    ("name", "container", "picture"),
    [
        ("a.ts", "mpegts", True),
        ("a.mts", "mpegts", True),
        ("a.mpg", "mpeg", True),
        ("a.wmv", "asf", True),
        ("a.wma", "asf", False),
        ("a.flv", "flv", True),
        ("a.aiff", "aiff", False),
        ("a.caf", "caf", False),
        ("a.dv", "dv", True),
        ("mulaw.wav", "wav", False),
        ("adpcm.wav", "wav", False),
    ],
)
def test_other_formats_are_recognised_measured_and_read(
    tmp_path: Path, name: str, container: str, picture: bool
) -> None:
    size = SIZE.get(name, "160x120")
    clip = make_clip(tmp_path / name, seconds=3, size=size, picture=picture, extra=EXTRA.get(name, ()))
    info = media.probe(clip)
    assert (info.container, info.has_video, info.has_audio) == (container, picture, True)
    assert info.duration_s == pytest.approx(3, abs=0.2)
    sound = np.concatenate(list(media.audio_blocks(clip, info)))
    second = sound[22_050:66_150, 0]
    assert int(np.abs(np.fft.rfft(second)).argmax()) == pytest.approx(300, abs=2)
    if picture:
        frames = list(media.sampled_frames(clip, info, 5))
        assert len(frames) == pytest.approx(15, abs=1)
        assert frames[0][1].std() > 20


@pytest.mark.parametrize(("start", "frame", "size"), [(b"#!AMR\n", 0x3C, 31), (b"#!AMR-WB\n", 0x44, 60)])
def test_a_dictaphones_amr_is_read(tmp_path: Path, start: bytes, frame: int, size: int) -> None:
    numbers = random.Random(1)
    frames = (bytes([frame]) + numbers.randbytes(size) for _ in range(150))
    (tmp_path / "a.amr").write_bytes(start + b"".join(frames))
    info = media.probe(tmp_path / "a.amr")
    assert (info.container, info.duration_s) == ("amr", pytest.approx(3, abs=0.05))
    ffmpeg("-i", tmp_path / "a.amr", "-c", "copy", tmp_path / "a.3gp")
    for name in ("a.amr", "a.3gp"):
        info = media.probe(tmp_path / name)
        assert sum(map(len, media.audio_blocks(tmp_path / name, info))) / 44_100 == pytest.approx(3, abs=0.1)


@pytest.mark.parametrize(
    "content",
    [
        b"[Reference]\nRef1=http://127.0.0.1/a.wmv\n" * 40,
        b"<asx version='3.0'><entry><ref href='http://127.0.0.1/a.wmv'/></entry></asx>" * 20,
        b".RMF\x00\x00\x00\x12" + b"\x00" * 2000,
        b"FORM\x00\x00\x10\x00ILBM" + b"\x00" * 2000,
        b"FLV\x02" + b"\x00" * 2000,
        b"#!AMR_MC1.0\n" + b"\x00" * 2000,
        b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02\x01\x01\x02" + b"\x00" * 2000,
        (b"G" + b"\x00" * 187) * 3 + b"\x00" * 2000,
        b"G" * 187 + b"\x00" * 2000,
    ],
)
def test_what_only_looks_like_one_of_them_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.mpg").write_bytes(content)
    with pytest.raises(RecognitionError) as caught:
        recognise_container(tmp_path / "a.mpg")
    assert caught.value.code == "unsupported_format"
