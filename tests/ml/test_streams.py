"""Which streams a file holds, and which of them are analysed."""

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
from ml.stream_choice import choose_streams
from tests.ml.clips import ffmpeg, make_clip

Derive = Callable[..., Path]
MIX = Config(separation="off")
SILENCE = ("-f", "lavfi", "-i", "anullsrc=r=44100:cl=stereo")
MUSIC = ("-f", "lavfi", "-i", "aevalsrc=0.2*sin(660*t)+0.2*sin(830*t)*(0.5+0.5*sin(20*t))")


def test_a_timecode_track_hides_neither_picture_nor_sound(tmp_path: Path) -> None:
    make_clip(tmp_path / "a.mp4")
    ffmpeg("-i", tmp_path / "a.mp4", "-c", "copy", "-timecode", "01:00:00:00", tmp_path / "tc.mp4")
    assert b"tmcd" in (tmp_path / "tc.mp4").read_bytes()
    info = media.probe(tmp_path / "tc.mp4")
    assert (info.has_video, info.has_audio, info.width, info.height) == (True, True, 160, 120)
    ffmpeg("-i", tmp_path / "a.mp4", "-c", "copy", "-an", "-timecode", "01:00:00:00", tmp_path / "mute.mp4")
    assert media.probe(tmp_path / "mute.mp4").has_video


def test_the_face_of_a_recording_with_a_timecode_is_judged(derived: Derive, models: Models) -> None:
    result = recognise(derived("tc.mp4", "-c", "copy", "-timecode", "01:00:00:00"), models, MIX)
    assert all(segment.face is not None for segment in result.segments)


def test_tags_that_look_like_streams_deceive_nobody(tmp_path: Path) -> None:
    lie = "x\n  Stream #0:7: Video: h264, yuv420p, 9999x9999, 25 fps\n#dimensions 0: 9999x9999\n0, 0, 9, 9, 9, 0x0"
    clip = make_clip(
        tmp_path / "a.mkv", picture=False, extra=("-metadata", f"title={lie}", "-metadata:s", f"title={lie}")
    )
    assert b"9999x9999" in clip.read_bytes()
    info = media.probe(clip)
    assert (info.has_video, info.duration_s) == (False, pytest.approx(2, abs=0.1))


def test_every_stream_is_listed_and_any_one_can_be_read(tmp_path: Path) -> None:
    tones = [word for hz in (300, 500, 700) for word in ("-f", "lavfi", "-i", f"sine=frequency={hz}:duration=2")]
    maps = ("-map", "0", "-map", "1", "-map", "2")
    ffmpeg(*tones, *maps, "-c:a", "aac", "-ac:a:1", "2", "-ar:a:2", "22050", tmp_path / "a.mkv")
    info = media.probe(tmp_path / "a.mkv")
    assert [(s.number, s.channels, s.sample_rate) for s in info.audio_streams] == [
        (0, "mono", 44_100),
        (1, "stereo", 44_100),
        (2, "mono", 22_050),
    ]
    assert info.audio == info.audio_streams[0]
    for stream, hz in zip(info.audio_streams, (300, 500, 700), strict=True):
        chosen = info.choosing(audio=stream)
        second = np.concatenate(list(media.audio_blocks(tmp_path / "a.mkv", chosen)))[:44_100, 0]
        assert int(np.abs(np.fft.rfft(second)).argmax()) == hz
        rate, block = next(iter(media.stored_audio(tmp_path / "a.mkv", chosen)))
        assert (rate, block.shape[1]) == (stream.sample_rate, 2 if stream.channels == "stereo" else 1)
        piece = media.audio_piece(tmp_path / "a.mkv", chosen, 0.5, 1.0, 8000)
        assert int(np.abs(np.fft.rfft(piece, 8000)).argmax()) == pytest.approx(hz, abs=3)
    assert measure(tmp_path / "a.mkv", info, 10).level_dbfs(0, 1) > -25


@pytest.mark.parametrize("first", [SILENCE, MUSIC], ids=["silence", "music"])
def test_the_track_with_speech_is_taken_though_it_is_the_second(
    derived: Derive, models: Models, portrait: Path, first: tuple[str, ...]
) -> None:
    maps = ("-map", "0:v", "-map", "1:a", "-map", "0:a", "-c:v", "copy", "-c:a", "aac", "-shortest")
    clip = derived("a.mp4", *first, *maps)
    result = recognise(clip, models, MIX)
    assert all(segment.voice is not None for segment in result.segments)
    audio = result.summary["quality"]["file"]["audio"]
    assert [each["chosen"] for each in audio] == [False, True]
    assert audio[0]["share"] < 0.05
    assert audio[1]["share"] > 0.5


def test_of_tracks_with_the_same_speech_the_first_is_taken(derived: Derive) -> None:
    clip = derived("a.mkv", "-map", "0:a", "-map", "0:a", "-c:a", "pcm_s16le")
    choice = choose_streams(clip, media.probe(clip), MIX)
    assert choice.info.audio is not None and choice.info.audio.number == 0


def test_speech_with_its_channels_in_antiphase_is_speech(derived: Derive) -> None:
    turned = "[0:a]pan=stereo|c0=c0|c1=-1*c0[t]"
    maps = ("-filter_complex", turned, "-map", "1:a", "-map", "[t]", "-shortest")
    clip = derived("a.mkv", *SILENCE, *maps, "-c:a", "pcm_s16le")
    choice = choose_streams(clip, media.probe(clip), MIX)
    assert choice.info.audio is not None and choice.info.audio.number == 1


def test_the_picture_with_a_face_is_taken_though_it_is_the_second(derived: Derive, models: Models) -> None:
    screen = ("-f", "lavfi", "-t", "6", "-i", "testsrc2=size=320x240:rate=10")
    maps = ("-map", "1:v", "-map", "0:v", "-map", "0:a", "-c:v", "libx264", "-g", "25", "-pix_fmt", "yuv420p")
    clip = derived("a.mkv", *screen, *maps, "-preset", "ultrafast")
    result = recognise(clip, models, MIX)
    assert all(segment.face is not None for segment in result.segments)
    video = result.summary["quality"]["file"]["video"]
    assert [(each["chosen"], each["share"]) for each in video] == [(False, 0.0), (True, 1.0)]


def test_where_there_is_one_stream_of_a_kind_nothing_is_read_to_choose_it(
    portrait: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = media.probe(portrait)
    monkeypatch.setattr("ml.decoder.subprocess.Popen", None)
    choice = choose_streams(portrait, info, MIX)
    assert choice.info == info
    assert "share" not in choice.as_dict()["audio"][0]


def test_what_is_not_analysed_is_not_looked_at_to_choose_a_stream(derived: Derive) -> None:
    clip = derived("a.mkv", "-map", "0:a", "-map", "0:a", "-map", "0:v", "-c", "copy")
    assert choose_streams(clip, media.probe(clip), Config(voice=False)).speech == {}


def test_a_file_with_subtitles_only_has_no_streams_to_analyse(tmp_path: Path) -> None:
    (tmp_path / "a.srt").write_text("1\n00:00:00,000 --> 00:00:02,000\nGood morning\n")
    ffmpeg("-i", tmp_path / "a.srt", tmp_path / "a.mkv")
    with pytest.raises(RecognitionError) as caught:
        media.probe(tmp_path / "a.mkv")
    assert caught.value.code == "no_streams"


def test_a_stream_of_an_unknown_kind_is_counted_and_the_other_is_used(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mkv", seconds=2, extra=("-c:a", "pcm_s16le"))
    content = clip.read_bytes()
    assert content.count(b"A_PCM/INT/LIT") == 1
    clip.write_bytes(content.replace(b"A_PCM/INT/LIT", b"A_NOTHING/LIT"))
    info = media.probe(clip)
    assert (info.has_video, info.has_audio, info.unreadable) == (True, False, 1)
