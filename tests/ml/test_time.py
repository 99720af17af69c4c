"""What the clock of a file does: gaps, holes, unequal ends, a missing end, the limit."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ml import media
from ml.config import Config
from ml.errors import RecognitionError
from ml.level import measure
from ml.models import Models
from ml.recognise import recognise
from tests.ml.clips import ffmpeg, make_clip

Derive = Callable[..., Path]
JUMP_S = 3_000
JUMP = (
    *("-vf", rf"setpts=PTS+gte(T\,2)*{JUMP_S}/TB", "-af", rf"asetpts=PTS+gte(T\,2)*{JUMP_S}/TB"),
    *("-fps_mode", "vfr"),
)


def cut(path: Path, share: float = 0.5) -> Path:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    return path


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.webm"])
def test_where_time_jumps_the_gap_is_left_out_of_everything_that_is_read(tmp_path: Path, name: str) -> None:
    clip = make_clip(tmp_path / name, seconds=5, extra=JUMP)
    info = media.probe(clip, max_duration_s=10)
    assert info.duration_s == pytest.approx(JUMP_S + 5, abs=0.1)
    assert info.content_s == pytest.approx(5, abs=0.15)
    ((start, end),) = info.gaps
    assert (start, end) == (pytest.approx(2, abs=0.1), pytest.approx(JUMP_S + 2, abs=0.1))
    assert max(stream.missing_s for stream in (*info.audio_streams, *info.video_streams)) < 0.2
    sound = np.concatenate(list(media.audio_blocks(clip, info)))
    assert len(sound) / 44_100 == pytest.approx(5, abs=0.15)
    assert np.abs(sound.reshape(-1)[: len(sound) // 4410 * 4410]).reshape(-1, 4410).max(axis=1).min() > 0.02
    times = [t for t, _ in media.sampled_frames(clip, info, 5)]
    assert len(times) == pytest.approx(25, abs=1)
    assert np.diff(times).max() < 0.3
    level = measure(clip, info, 10)
    assert level.level_dbfs(0, 1) == pytest.approx(level.level_dbfs(3, 4), abs=0.5)


def test_many_gaps_are_left_out_one_by_one(tmp_path: Path) -> None:
    jumps = "floor(T)*20/TB"
    extra = ("-vf", f"setpts=PTS+{jumps}", "-af", f"asetpts=PTS+{jumps}", "-fps_mode", "vfr")
    clip = make_clip(tmp_path / "a.mkv", seconds=60, extra=extra)
    info = media.probe(clip)
    assert len(info.gaps) == 50
    assert info.duration_s == pytest.approx(60 * 21 - 20, abs=1)
    assert info.content_s == pytest.approx(60 + 9 * 20, abs=2)
    assert sum(map(len, media.audio_blocks(clip, info))) / 44_100 == pytest.approx(info.content_s, abs=2)


def test_a_jump_beyond_the_limit_is_no_long_recording(tmp_path: Path) -> None:
    far = tuple(word.replace(str(JUMP_S), "10800") for word in JUMP)
    assert media.probe(make_clip(tmp_path / "a.mp4", seconds=5, extra=far)).content_s == pytest.approx(5, abs=0.15)


def test_a_recording_with_a_gap_is_judged_on_the_players_clock(derived: Derive, models: Models) -> None:
    clip = derived("gap.mp4", *JUMP)
    result = recognise(clip, models, Config(separation="off", max_duration_s=60))
    spans = [(round(s.start_s), round(s.end_s)) for s in result.segments]
    assert spans == [(0, 2), (JUMP_S + 2, JUMP_S + 6)]
    after = result.segments[1]
    assert after.voice is not None and after.face is not None
    assert all(after.start_s <= seconds <= after.end_s for seconds, _ in after.voice.attention)
    assert result.summary["evidence_s"] <= 6.1
    assert result.duration_s == pytest.approx(JUMP_S + 6, abs=0.1)
    track = result.summary["tracks"][0]
    assert (track["start_s"], track["end_s"]) == (pytest.approx(0, abs=0.5), pytest.approx(JUMP_S + 6, abs=0.5))
    facts = result.summary["quality"]["file"]
    assert facts["gaps"] == [[pytest.approx(2, abs=0.1), pytest.approx(JUMP_S + 2, abs=0.1)]]
    assert facts["left_out_s"] == pytest.approx(JUMP_S, abs=0.1)


def test_sound_missing_in_the_middle_and_an_early_end_are_known(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25:d=20", "-c:v", "libx264", tmp_path / "v.mp4")
    holes = "aselect='lt(t,3)+between(t,9,15)'"
    ffmpeg("-f", "lavfi", "-i", "sine=d=20", "-af", holes, "-c:a", "libopus", tmp_path / "a.mka")
    ffmpeg("-i", tmp_path / "v.mp4", "-i", tmp_path / "a.mka", "-c", "copy", tmp_path / "both.mkv")
    info = media.probe(tmp_path / "both.mkv")
    assert info.gaps == ()
    assert info.audio is not None and info.video is not None
    assert info.audio.missing_s == pytest.approx(6, abs=0.1)
    assert info.audio.end_s == pytest.approx(15, abs=0.1)
    assert info.video.missing_s == 0
    assert info.video.end_s == pytest.approx(20, abs=0.1)


@pytest.mark.parametrize(
    "name", ["a.wav", "a.avi", "a.ogg", "a.opus", "a.mp3", "a.flac", "a.mkv", "a.webm", "a.wmv", "a.flv", "a.aiff"]
)
def test_a_missing_end_is_told(tmp_path: Path, name: str) -> None:
    picture = name in {"a.avi", "a.mkv", "a.webm", "a.wmv", "a.flv"}
    clip = make_clip(tmp_path / name, seconds=10, picture=picture)
    whole = media.probe(clip)
    assert (whole.truncated, whole.end_known) == (False, True)
    half = media.probe(cut(clip))
    assert (half.truncated, half.end_known) == (True, True)
    assert half.duration_s < 8


def test_a_caf_says_in_bytes_where_it_ends(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.caf", seconds=5, picture=False, extra=("-c:a", "pcm_s16le"))
    assert (media.probe(clip).truncated, media.probe(clip).end_known) == (False, True)
    assert media.probe(cut(clip)).truncated


def test_an_ogg_without_its_last_page_is_cut_though_every_page_is_whole(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.ogg", seconds=10, picture=False)
    content = clip.read_bytes()
    clip.write_bytes(content[: content.rindex(b"OggS")])
    assert media.probe(clip).truncated


@pytest.mark.parametrize(
    ("name", "extra"),
    [
        ("a.mp3", ("-write_xing", "0")),
        ("a.aac", ()),
        ("a.ts", ()),
        ("a.webm", ("-live", "1")),
    ],
)
def test_where_a_file_does_not_say_where_it_ends_nobody_claims_to_know(
    tmp_path: Path, name: str, extra: tuple[str, ...]
) -> None:
    info = media.probe(cut(make_clip(tmp_path / name, seconds=5, picture=False, extra=extra)))
    assert (info.truncated, info.end_known) == (False, False)


def test_a_fragmented_movie_is_cut_where_its_last_box_is(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", seconds=5, extra=("-movflags", "frag_keyframe+empty_moov", "-g", "25"))
    assert not media.probe(clip).truncated
    assert media.probe(cut(clip)).truncated


def test_a_second_over_the_limit_is_taken_and_more_is_not(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.wav", seconds=5.02, picture=False)
    assert media.probe(clip, max_duration_s=5).duration_s == pytest.approx(5.02)
    with pytest.raises(RecognitionError) as caught:
        media.probe(clip, max_duration_s=4)
    assert caught.value.code == "too_long"
