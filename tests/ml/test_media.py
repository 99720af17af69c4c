"""Recordings are recognised by content, decoded in bounds, and can make ffmpeg open nothing but themselves."""

import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ml import decoder, media
from ml.errors import RecognitionError
from tests.ml.clips import ffmpeg, make_clip


def probe_code(path: Path) -> str:
    with pytest.raises(RecognitionError) as caught:
        media.probe(path)
    return caught.value.code


def sound_of(path: Path) -> np.ndarray:
    return np.concatenate(list(media.audio_blocks(path, media.probe(path))))


def frames_of(path: Path, fps: float = 5) -> list[tuple[float, np.ndarray]]:
    return list(media.sampled_frames(path, media.probe(path), fps))


def decode_all(path: Path) -> None:
    """Read a file to its end, as an analysis does."""
    info = media.probe(path)
    if info.has_audio:
        sound_of(path)
    if info.has_video:
        frames_of(path)


def children() -> set[str]:
    """Process numbers of this process's own children."""
    return set(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split())


@pytest.mark.parametrize(
    ("name", "container", "has_video", "has_audio"),
    [
        ("a.mp4", "mov", True, True),
        ("a.mov", "mov", True, True),
        ("a.mkv", "matroska", True, True),
        ("a.webm", "matroska", True, True),
        ("a.avi", "avi", True, True),
        ("a.m4a", "mov", False, True),
        ("a.wav", "wav", False, True),
        ("a.mp3", "mp3", False, True),
        ("a.flac", "flac", False, True),
        ("a.ogg", "ogg", False, True),
        ("a.opus", "ogg", False, True),
        ("a.aac", "aac", False, True),
    ],
)
def test_every_supported_container_is_recognised_and_measured(
    tmp_path: Path, name: str, container: str, has_video: bool, has_audio: bool
) -> None:
    info = media.probe(make_clip(tmp_path / name, picture=has_video))
    assert (info.container, info.has_video, info.has_audio) == (container, has_video, has_audio)
    assert info.duration_s == pytest.approx(2, abs=0.15)
    assert (info.width, info.height) == ((160, 120) if has_video else (0, 0))


def test_the_name_of_a_file_says_nothing(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4")
    assert media.probe(clip.rename(tmp_path / "-i $(id) 'x\ny'.txt")).container == "mov"


def test_an_empty_file_is_named_as_such(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").touch()
    assert probe_code(tmp_path / "a.mp4") == "empty_file"


@pytest.mark.parametrize(
    "content",
    [
        b"Dear all, this is no video at all.\n" * 50,
        b"\x00" * 5000,
        b"%PDF-1.7\n" * 100,
        b"\x89PNG\r\n\x1a\n" + b"\x00" * 100,
        b"PK\x03\x04" + b"\x00" * 100,
        struct.pack(">I", 24) + b"ftypheic" + b"\x00" * 200,
    ],
)
def test_what_is_no_recording_is_refused_whatever_its_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(content)
    assert probe_code(path) == "unsupported_format"


def test_a_folder_or_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    assert probe_code(tmp_path) == "unsupported_format"
    assert probe_code(tmp_path / "pipe.mp4") == "unsupported_format"


def test_a_video_cut_off_before_its_index_is_damaged(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4")
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size // 2])
    assert probe_code(clip) == "damaged_file"


def test_a_video_with_its_index_in_front_is_read_as_far_as_it_goes_and_flagged(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", seconds=6, extra=("-movflags", "+faststart"))
    assert not media.probe(clip).truncated
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 6 // 10])
    info = media.probe(clip)
    assert info.truncated
    assert 1 < info.duration_s < 5
    assert 5 <= len(frames_of(clip)) < 25


def test_garbage_behind_a_valid_start_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "a.webm"
    path.write_bytes(b"\x1a\x45\xdf\xa3" + bytes(range(256)) * 20)
    assert probe_code(path) == "damaged_file"


def test_a_recording_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.wav", seconds=5, picture=False)
    with pytest.raises(RecognitionError) as caught:
        media.probe(clip, max_duration_s=2)
    assert caught.value.code == "too_long"


def test_decoding_stops_at_the_limit_even_where_the_probe_was_deceived(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mkv", seconds=5)
    info = media.probe(clip)
    assert sum(map(len, media.audio_blocks(clip, info, max_duration_s=2))) == pytest.approx(2 * 44_100, abs=2000)
    assert max(t for t, _ in media.sampled_frames(clip, info, 5, max_duration_s=2)) < 2


def test_a_browser_recording_without_a_duration_is_measured(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.webm", extra=("-live", "1"))
    info = media.probe(clip)
    assert info.declared_s is None
    assert info.duration_s == pytest.approx(2, abs=0.1)
    assert len(frames_of(clip)) == 10


def test_a_cover_picture_is_no_video(tmp_path: Path) -> None:
    make_clip(tmp_path / "cover.png", seconds=0.04, sound=None, extra=("-frames:v", "1"))
    make_clip(tmp_path / "plain.mp3", picture=False)
    inputs = ("-i", tmp_path / "plain.mp3", "-i", tmp_path / "cover.png", "-map", "0", "-map", "1")
    ffmpeg(*inputs, "-c", "copy", "-disposition:v:0", "attached_pic", tmp_path / "song.mp3")
    info = media.probe(tmp_path / "song.mp3")
    assert (info.has_audio, info.has_video) == (True, False)


@pytest.mark.parametrize("size", ["321x241", "161x91", "32x18"])
def test_odd_sizes_give_even_frames_of_the_same_shape(tmp_path: Path, size: str) -> None:
    clip = make_clip(tmp_path / "a.webm", size=size, sound=None)
    width, height = map(int, size.split("x"))
    frame = frames_of(clip)[0][1]
    assert frame.shape == (height // 2 * 2, width // 2 * 2, 3)


def test_large_frames_are_scaled_down_keeping_their_proportions(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", size="1280x720", seconds=0.4)
    assert frames_of(clip)[0][1].shape == (360, 640, 3)


def test_rotated_phone_video_stands_upright(tmp_path: Path) -> None:
    ffmpeg("-f", "lavfi", "-i", "color=red:size=160x60:d=1,pad=160:120:0:0:blue", tmp_path / "flat.mp4")
    ffmpeg("-display_rotation", "90", "-i", tmp_path / "flat.mp4", "-c", "copy", tmp_path / "phone.mp4")
    info = media.probe(tmp_path / "phone.mp4")
    assert (info.width, info.height) == (120, 160)
    frame = frames_of(tmp_path / "phone.mp4")[0][1].astype(int)
    assert frame.shape == (160, 120, 3)
    left, right = frame[:, :40].mean((0, 1)), frame[:, -40:].mean((0, 1))
    assert left[0] > left[2] and right[2] > right[0]  # the red upper half was turned counter-clockwise, to the left


@pytest.mark.parametrize(("fps", "expected"), [("12.5", 10), ("30000/1001", 10), ("3", 6), ("60", 10)])
def test_any_frame_rate_is_sampled_on_the_same_grid(tmp_path: Path, fps: str, expected: int) -> None:
    times = [t for t, _ in frames_of(make_clip(tmp_path / "a.mp4", fps=fps))]
    assert len(times) == expected
    assert np.all(np.diff(times) > 0.1)
    assert len({int(t * 5 + 0.001) for t in times}) == len(times)


def test_a_gap_in_a_variable_frame_rate_stays_a_gap(tmp_path: Path) -> None:
    gap = "select='not(between(t,1,3))'"
    clip = make_clip(tmp_path / "a.mkv", seconds=4, sound=None, extra=("-vf", gap, "-fps_mode", "passthrough"))
    times = np.array([t for t, _ in frames_of(clip)])
    assert not ((times > 1.01) & (times < 2.99)).any()
    assert (times > 3).any()


def test_frames_carry_their_own_time(tmp_path: Path) -> None:
    ramp = "color=black:size=64x64:rate=25:d=3,geq=lum='T*60':cb=128:cr=128"
    ffmpeg("-f", "lavfi", "-i", ramp, "-c:v", "ffv1", tmp_path / "a.mkv")
    for seconds, frame in frames_of(tmp_path / "a.mkv"):
        assert frame.mean() == pytest.approx((seconds * 60 - 16) * 255 / 219 if seconds * 60 > 16 else 0, abs=3)


def test_a_picture_that_changes_its_size_midway_still_gives_equal_frames(tmp_path: Path) -> None:
    parts = b""
    for size in ("320x240", "160x90"):
        part = make_clip(tmp_path / "part.ts", seconds=1, size=size, sound=None, extra=("-c:v", "mpeg2video"))
        parts += part.read_bytes()
    (tmp_path / "both.ts").write_bytes(parts)
    ffmpeg("-i", tmp_path / "both.ts", "-c", "copy", tmp_path / "a.mkv")
    frames = frames_of(tmp_path / "a.mkv")
    assert len(frames) == 10
    assert {frame.shape for _, frame in frames} == {(240, 320, 3)}


def test_sound_is_stereo_at_the_separators_rate_in_one_second_blocks(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.wav", picture=False, extra=("-ar", "22050", "-ac", "1"))
    blocks = list(media.audio_blocks(clip, media.probe(clip)))
    assert [block.shape for block in blocks[:2]] == [(44_100, 2)] * 2
    samples = np.concatenate(blocks)
    assert samples.dtype == np.float32
    assert np.allclose(samples[:, 0], samples[:, 1])
    spectrum = np.abs(np.fft.rfft(samples[:44_100, 0]))
    assert int(spectrum.argmax()) == 300


def test_sound_that_starts_late_stays_in_step_with_the_picture(tmp_path: Path) -> None:
    make_clip(tmp_path / "v.mp4", seconds=3, sound=None)
    make_clip(tmp_path / "a.wav", seconds=1, picture=False)
    inputs = ("-i", tmp_path / "v.mp4", "-itsoffset", "1.5", "-i", tmp_path / "a.wav")
    ffmpeg(*inputs, "-map", "0:v", "-map", "1:a", "-c:v", "copy", tmp_path / "late.mkv")
    loud = np.abs(sound_of(tmp_path / "late.mkv")[:, 0]) > 0.02
    assert loud.argmax() / 44_100 == pytest.approx(1.5, abs=0.1)


def test_numbers_that_are_no_numbers_become_silence(tmp_path: Path) -> None:
    import soundfile

    samples = 0.5 * np.sin(np.arange(44_100) * 0.1, dtype=np.float32)
    samples[4_410:4_420] = np.nan
    samples[4_420:4_430] = 1e30
    soundfile.write(tmp_path / "a.wav", samples, 44_100, subtype="FLOAT")
    heard = sound_of(tmp_path / "a.wav")
    assert np.isfinite(heard).all()
    assert np.abs(heard).max() <= 200
    assert np.abs(heard[-10_000:, 0] - samples[-10_000:]).max() < 0.03


@pytest.mark.parametrize("offset", [0.0, 0.3])
def test_a_constant_offset_is_removed_without_a_thump(tmp_path: Path, offset: float) -> None:
    extra = ("-af", f"volume=-20dB,aformat=sample_fmts=fltp,dcshift={offset}", "-c:a", "pcm_f32le")
    heard = sound_of(make_clip(tmp_path / "a.wav", picture=False, extra=extra))
    assert np.abs(heard.mean(axis=0)).max() < 1e-4
    assert np.abs(heard).max() < 0.02


def test_mono_stands_in_both_channels_as_it_is(tmp_path: Path) -> None:
    mono = make_clip(tmp_path / "a.wav", picture=False, extra=("-ac", "1"))
    ffmpeg("-i", mono, "-af", "pan=stereo|c0=c0|c1=c0", tmp_path / "b.wav")
    np.testing.assert_allclose(sound_of(mono), sound_of(tmp_path / "b.wav"), atol=1e-4)


def test_a_very_short_clip_gives_its_frames_and_its_sound(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", seconds=0.3)
    assert len(frames_of(clip)) == 2
    assert len(sound_of(clip)) == pytest.approx(0.3 * 44_100, abs=3000)


# --- files that point elsewhere ---------------------------------------------------------------------------------


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A local address that must never be visited."""
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.3)
    with closing(server):
        yield server


def was_visited(server: socket.socket) -> bool:
    try:
        server.accept()[0].close()
    except TimeoutError:
        return False
    return True


@pytest.mark.parametrize("name", ["a.mp4", "a.m3u8", "a.mp3"])
@pytest.mark.parametrize(
    "text",
    [
        "#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n",
        "ffconcat version 1.0\nfile {target}\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nm=audio {port} RTP/AVP 0\n",
        "<?xml version='1.0'?><MPD><BaseURL>{target}</BaseURL></MPD>",
    ],
)
def test_playlists_are_refused_and_never_followed(
    tmp_path: Path, listener: socket.socket, text: str, name: str
) -> None:
    port = listener.getsockname()[1]
    secret = make_clip(tmp_path / "secret.wav", picture=False)
    for target in (str(secret), f"http://127.0.0.1:{port}/x.ts"):
        (tmp_path / name).write_text(text.format(target=target, port=port))
        assert probe_code(tmp_path / name) == "unsupported_format"
    assert not was_visited(listener)


@pytest.mark.parametrize(
    "prefix",
    [
        b"ID3\x04\x00\x00\x00\x00\x00\x00",
        b"OggS",
        b"\x1a\x45\xdf\xa3",
        b"\xff\xfb\x90\x00",
        (b"G" + b"\x00" * 187) * 5,
        b"\x00\x00\x01\xba",
        bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
        b"FLV\x01\x05\x00\x00\x00\x09",
        b"FORM\x00\x00\x10\x00AIFF",
        b"caff\x00\x01\x00\x00",
        b"#!AMR\n",
        b"\x1f\x07\x00\x3f",
    ],
)
def test_a_playlist_behind_a_known_beginning_is_not_followed_either(
    tmp_path: Path, listener: socket.socket, prefix: bytes
) -> None:
    address = f"http://127.0.0.1:{listener.getsockname()[1]}/x.ts"
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{address}\n#EXT-X-ENDLIST\n".encode()
    (tmp_path / "a.mp3").write_bytes(prefix + playlist * 20)
    with suppress(RecognitionError):
        decode_all(tmp_path / "a.mp3")
    assert not was_visited(listener)


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body) + 8, kind) + body


@pytest.mark.parametrize("reference", [b"alis", b"url ", b"urn "])
def test_a_movie_whose_sound_lies_in_another_file_is_refused(tmp_path: Path, reference: bytes) -> None:
    clip = make_clip(tmp_path / "a.mov")
    inside = box(b"url ", b"\x00\x00\x00\x01")
    content = clip.read_bytes()
    assert inside in content
    outside = struct.pack(">I4s", len(inside), reference) + b"\x00\x00\x00\x00"
    clip.write_bytes(content.replace(inside, outside, 1))
    assert probe_code(clip) == "unsupported_format"


def test_a_reference_movie_is_refused(tmp_path: Path) -> None:
    link = box(b"rdrf", b"\x00" * 4 + b"url " + struct.pack(">I", 22) + b"http://127.0.0.1/a.mov")
    (tmp_path / "a.mov").write_bytes(box(b"moov", box(b"rmra", box(b"rmda", link))))
    assert probe_code(tmp_path / "a.mov") == "unsupported_format"


@pytest.mark.parametrize("scheme", ["file", "http"])
def test_ffmpeg_may_open_nothing_but_the_descriptor_it_was_given(
    tmp_path: Path, listener: socket.socket, scheme: str
) -> None:
    """The second wall: even a playlist that got past the look at the first bytes could not be followed."""
    secret = make_clip(tmp_path / "secret.ts", picture=False)
    target = f"file://{secret}" if scheme == "file" else f"http://127.0.0.1:{listener.getsockname()[1]}/x.ts"
    playlist = tmp_path / "a.m3u8"
    playlist.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n#EXT-X-ENDLIST\n")
    options = decoder.file_input("hls")
    with playlist.open("rb") as file:
        command = [decoder.ffmpeg_binary(), "-v", "error", *options, "-f", "null", "-"]
        done = subprocess.run(command, stdin=file, capture_output=True, check=False, timeout=30)
    assert done.returncode != 0
    assert b"not on whitelist" in done.stderr
    assert not was_visited(listener)


# --- children ---------------------------------------------------------------------------------------------------


def test_a_reader_that_stops_early_leaves_no_child(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", seconds=20, size="640x360")
    info = media.probe(clip)
    before = children()
    frames: Any = media.sampled_frames(clip, info, 25)
    with closing(frames):
        next(frames)
        assert children() - before
    blocks: Any = media.audio_blocks(clip, info)
    with closing(blocks):
        next(blocks)
    assert children() - before == set()


def test_a_stalled_decoder_is_given_up_and_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = make_clip(tmp_path / "a.wav", picture=False)
    info = media.probe(clip)
    sleeper = tmp_path / "sleeper"
    sleeper.write_text(f"#!{sys.executable}\nimport time\ntime.sleep(60)\n")
    sleeper.chmod(0o755)
    monkeypatch.setattr(decoder, "ffmpeg_binary", lambda: str(sleeper))
    monkeypatch.setattr(decoder, "STALL_S", 0.3)
    monkeypatch.setattr(decoder, "PROBE_S", 0.3)
    before = children()
    for attempt in (lambda: next(media.audio_blocks(clip, info)), lambda: media.probe(clip)):
        with pytest.raises(RecognitionError) as caught:
            attempt()
        assert caught.value.code == "decoder_failed"
    assert children() - before == set()


def test_two_readers_of_one_file_do_not_disturb_each_other(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4", seconds=3)
    alone = sound_of(clip)
    heard: list[np.ndarray] = []
    thread = threading.Thread(target=lambda: heard.append(sound_of(clip)))
    thread.start()
    frames = frames_of(clip)
    thread.join()
    assert len(frames) == 15
    assert np.array_equal(heard[0], alone)


STARTS = [
    b"",
    b"\x00\x00\x00\x18ftypisom",
    b"\x1a\x45\xdf\xa3",
    b"RIFF\x00\x10\x00\x00WAVEfmt ",
    b"RIFF\x00\x10\x00\x00AVI LIST",
    b"fLaC",
    b"OggS\x00\x02",
    b"\xff\xfb\x90\x00",
    b"\xff\xf1\x50\x80",
    b"ID3\x04\x00\x00\x00\x00\x00\x05",
    (b"G" + b"\x00" * 187) * 5,
    b"\x00\x00\x01\xba",
    bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
    b"FLV\x01\x05\x00\x00\x00\x09",
    b"FORM\x00\x00\x10\x00AIFFCOMM",
    b"caff\x00\x01\x00\x00desc",
    b"#!AMR\n",
    b"\x1f\x07\x00\x3f",
]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=400))
def test_no_bytes_at_all_raise_anything_but_a_named_error(tmp_path: Path, start: bytes, rest: bytes) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(start + rest)
    try:
        decode_all(path)
    except RecognitionError as error:
        assert error.code in {"empty_file", "unsupported_format", "damaged_file", "no_streams", "decoder_failed"}
        assert str(tmp_path) not in str(error)


def test_the_original_is_not_altered(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4")
    copy = shutil.copy(clip, tmp_path / "copy.mp4")
    clip.chmod(0o400)
    frames_of(clip)
    sound_of(clip)
    assert clip.read_bytes() == Path(copy).read_bytes()
