"""A recording from file to emotions, with small real models: what is judged, what is a gap, what is refused."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ml import decoder, media
from ml.config import Config
from ml.errors import Cancelled, RecognitionError
from ml.face.collector import Track
from ml.recognise import Models, recognise
from ml.results import STAGES, FaceJudgement, Recognition
from ml.seeing import Sight, judge_face
from ml.voice.separation_model import default_model_folder, verify_model
from tests.ml.clips import ffmpeg, make_clip

MIX = Config(separation="off")
Derive = Callable[..., Path]


@pytest.fixture(scope="module")
def whole(portrait: Path, models: Models) -> Recognition:
    return recognise(portrait, models, MIX)


def code_of(path: Path, models: Models, config: Config = MIX) -> str:
    with pytest.raises(RecognitionError) as caught:
        recognise(path, models, config)
    assert path.name not in str(caught.value)
    return caught.value.code


def test_a_talking_face_is_judged_by_both_and_fused(whole: Recognition) -> None:
    assert [(s.start_s, s.end_s) for s in whole.segments] == [(0, 4), (2, 6)]
    for segment in whole.segments:
        assert segment.voice is not None
        assert segment.face is not None
        assert segment.probabilities is not None
        expected = (0.6 * segment.face.probabilities + 0.4 * segment.voice.probabilities) ** (1 / 0.52)
        np.testing.assert_allclose(segment.probabilities, expected / expected.sum(), atol=1e-6)
        assert segment.probabilities.sum() == pytest.approx(1, abs=1e-6)
        assert segment.quality["flags"] == []
        assert segment.face.face_share == 1
        assert segment.face.frames == 20
        assert sum(weight for _, weight in segment.voice.attention) == pytest.approx(1, abs=1e-6)
        assert all(segment.start_s <= t <= segment.end_s for t, _ in segment.voice.attention)


def test_the_result_says_how_it_came_about(whole: Recognition) -> None:
    found = whole.as_dict()
    assert found["duration_s"] == pytest.approx(6, abs=0.1)
    assert found["model"]["voice"]["version"] == "voice-tiny"
    assert len(found["model"]["face"]["sha256"]) == 64
    assert found["model"]["speech_encoder"]["version"] == "whisper base"
    assert "separator" not in found["model"]
    assert set(found["timings_s"]) == set(STAGES)
    assert found["config"] == MIX.as_dict()
    quality = found["summary"]["quality"]
    assert 0.5 < quality["speech_share"] < 1
    assert quality["face_share"] == 1
    assert -40 < quality["level_dbfs"] < -5
    assert found["summary"]["tracks"][0]["track"] == found["summary"]["track"] == 1


def test_the_same_recording_gives_the_same_result(portrait: Path, models: Models, whole: Recognition) -> None:
    again = recognise(portrait, models, MIX).as_dict()
    assert again["segments"] == whole.as_dict()["segments"]
    assert again["summary"] == whole.as_dict()["summary"]


def test_without_sound_the_face_decides_alone(derived: Derive, models: Models, whole: Recognition) -> None:
    result = recognise(derived("mute.mp4", "-an", "-c:v", "copy"), models, MIX)
    assert [segment.quality["flags"] for segment in result.segments] == [["face_only"]] * 2
    assert all(segment.voice is None for segment in result.segments)
    face = whole.segments[0].face
    assert face is not None
    np.testing.assert_allclose(result.segments[0].probabilities, face.probabilities, atol=1e-6)
    assert "voice" not in result.timings_s


@pytest.mark.parametrize("name", ["only.wav", "only.mp3", "only.m4a"])
def test_sound_alone_is_judged_by_the_voice(derived: Derive, models: Models, name: str) -> None:
    result = recognise(derived(name, "-vn"), models, MIX)
    assert [segment.quality["flags"] for segment in result.segments] == [["voice_only"]] * len(result.segments)
    assert result.summary["tracks"] == []
    assert "face_share" not in result.summary["quality"]


@pytest.mark.parametrize(("config", "unread"), [(Config(voice=False), "audio"), (Config(face=False), "frames")])
def test_what_consent_does_not_cover_is_not_even_decoded(
    portrait: Path, models: Models, monkeypatch: pytest.MonkeyPatch, config: Config, unread: str
) -> None:
    def forbidden(*arguments: object) -> None:
        raise AssertionError("decoded without consent")

    monkeypatch.setattr(media, "audio_blocks" if unread == "audio" else "sampled_frames", forbidden)
    off = Config(voice=config.voice, face=config.face, separation="off")
    result = recognise(portrait, models, off)
    flag = "face_only" if unread == "audio" else "voice_only"
    assert {tuple(segment.quality["flags"]) for segment in result.segments} == {(flag,)}
    used = {"face", "landmarks"} if unread == "audio" else {"voice", "speech_encoder", "speakers"}
    assert set(result.model) == used


def test_digital_silence_without_a_face_cannot_be_used(tmp_path: Path, models: Models) -> None:
    clip = make_clip(tmp_path / "a.mp4", sound="anullsrc=r=44100:cl=stereo")
    assert code_of(clip, models) == "no_usable_signal"


def test_a_tone_is_no_speech_and_a_test_picture_no_face(tmp_path: Path, models: Models) -> None:
    assert code_of(make_clip(tmp_path / "a.mp4"), models) == "no_usable_signal"


def test_consent_for_the_voice_alone_cannot_use_a_silent_video(derived: Derive, models: Models) -> None:
    mute = derived("mute.mp4", "-an", "-c:v", "copy")
    assert code_of(mute, models, Config(face=False, separation="off")) == "no_usable_signal"


def test_speech_without_a_face_is_judged_by_the_voice(derived: Derive, models: Models) -> None:
    clip = derived("dark.mp4", "-vf", "drawbox=t=fill:color=black", "-c:a", "copy")
    result = recognise(clip, models, MIX)
    assert {tuple(segment.quality["flags"]) for segment in result.segments} == {("voice_only",)}
    assert result.summary["quality"]["face_share"] == 0
    assert result.summary["track"] is None


def test_a_face_in_part_of_the_video_leaves_a_gap_elsewhere(derived: Derive, models: Models) -> None:
    filters = "drawbox=t=fill:color=gray:enable='gt(t,2)',tpad=stop_mode=clone:stop_duration=6"
    clip = derived("part.mp4", "-an", "-vf", filters)
    result = recognise(clip, models, MIX)
    judged = {segment.start_s: segment.label for segment in result.segments}
    assert judged[0] is not None
    assert judged[4] is None
    assert judged[8] is None
    assert result.segments[-1].quality["flags"] == ["none"]
    assert result.summary["evidence_s"] == 4
    assert 0.1 < result.summary["quality"]["face_share"] < 0.3


def test_of_two_faces_the_longer_seen_is_judged_and_the_other_can_be_chosen(derived: Derive, models: Models) -> None:
    pair = "[0:v]split[a][b];[b]hflip,drawbox=t=fill:color=gray:enable='lt(t,2)'[c];[a][c]hstack[v]"
    clip = derived("pair.mp4", "-filter_complex", pair, "-map", "[v]", "-an")
    first = recognise(clip, models, MIX)
    assert [track["track"] for track in first.summary["tracks"]] == [1, 2]
    assert first.summary["track"] == 1
    assert {segment.face.track for segment in first.segments if segment.face} == {1}
    second = recognise(clip, models, Config(separation="off", track=2))
    assert second.summary["track"] == 2
    assert second.segments[0].face is not None
    assert second.segments[0].face.frames == 10


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("odd.webm", ("-vf", "scale=321:241", "-r", "12.5")),
        ("slow.mp4", ("-r", "12.5")),
        ("vfr.mkv", ("-vf", "select='not(mod(n,7))+not(mod(n,11))'", "-fps_mode", "passthrough")),
    ],
)
def test_odd_sizes_and_frame_rates_are_judged(
    derived: Derive, models: Models, name: str, arguments: tuple[str, ...]
) -> None:
    result = recognise(derived(name, *arguments), models, MIX)
    assert all(segment.face is not None for segment in result.segments)
    assert all(segment.voice is not None for segment in result.segments)


def test_a_rotated_phone_video_is_judged_upright(
    derived: Derive, portrait: Path, models: Models, tmp_path: Path
) -> None:
    lying = derived("lying.mp4", "-vf", "transpose=1", "-an")
    ffmpeg("-display_rotation", "90", "-i", lying, "-c", "copy", tmp_path / "phone.mp4")
    result = recognise(tmp_path / "phone.mp4", models, MIX)
    assert result.summary["quality"]["face_share"] == 1
    seen, wanted = (
        np.stack([frame for _, frame in media.sampled_frames(path, media.probe(path), 1)]).astype(int)
        for path in (tmp_path / "phone.mp4", portrait)
    )
    assert np.abs(seen - wanted).mean() < 8


def test_a_truncated_video_is_judged_as_far_as_it_goes_and_flagged(derived: Derive, models: Models) -> None:
    clip = derived("cut.mp4", "-c", "copy", "-movflags", "+faststart")
    clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 6 // 10])
    result = recognise(clip, models, MIX)
    assert result.duration_s < 5
    assert result.summary["quality"]["truncated"] is True
    assert result.summary["quality"]["flags"] == ["truncated"]


def test_a_clip_of_a_third_of_a_second_is_one_segment_or_refused(derived: Derive, models: Models) -> None:
    assert code_of(derived("tiny.wav", "-vn", "-t", "0.3"), models) == "no_usable_signal"


def test_clipped_sound_is_flagged(derived: Derive, models: Models) -> None:
    result = recognise(derived("loud.wav", "-vn", "-af", "volume=30dB"), models, MIX)
    assert all("clipping" in segment.quality["flags"] for segment in result.segments)
    assert result.summary["quality"]["clipped_share"] > 0.01


def test_a_video_stream_that_cannot_be_decoded_costs_the_face_only(
    portrait: Path, models: Models, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise RecognitionError("damaged_file")

    monkeypatch.setattr(media, "sampled_frames", broken)
    result = recognise(portrait, models, MIX)
    assert result.summary["quality"]["flags"] == ["video_damaged"]
    assert {tuple(segment.quality["flags"]) for segment in result.segments} == {("voice_only",)}


def test_progress_names_the_stages_in_order_and_never_goes_beyond_its_total(portrait: Path, models: Models) -> None:
    seen: list[tuple[str, float, float]] = []
    recognise(portrait, models, MIX, lambda *step: seen.append(step))
    assert list(dict.fromkeys(stage for stage, _, _ in seen)) == list(STAGES)
    assert all(0 <= completed <= total for _, completed, total in seen)
    assert sum(stage == "frames" for stage, _, _ in seen) >= 30


@pytest.mark.parametrize("stage", STAGES)
def test_cancelling_in_any_stage_leaves_neither_files_nor_children(
    portrait: Path, models: Models, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    started: list[int] = []
    popen = decoder.subprocess.Popen

    class Noted(popen):  # type: ignore[misc, valid-type]
        def __init__(self, *arguments: object, **named: object) -> None:
            super().__init__(*arguments, **named)
            started.append(self.pid)

    monkeypatch.setattr(decoder.subprocess, "Popen", Noted)

    def cancel(name: str, completed: float, total: float) -> None:
        if name == stage and completed > 0:
            raise Cancelled

    with pytest.raises(Cancelled):
        recognise(portrait, models, MIX, cancel)
    assert list(tmp_path.iterdir()) == []
    assert started
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]


def test_missing_weights_are_named(portrait: Path, tmp_path: Path) -> None:
    assert code_of(portrait, Models.load(tmp_path)) == "weights_missing"


def test_a_missing_separator_is_named(portrait: Path, models: Models, tiny_weights: Path, tmp_path: Path) -> None:
    assert code_of(portrait, Models.load(tiny_weights, tmp_path), Config()) == "separator_missing"


@pytest.mark.slow
def test_the_whole_engine_with_separation_agrees_with_the_mix_on_clean_speech(
    portrait: Path, models: Models, whole: Recognition
) -> None:
    try:
        verify_model(default_model_folder())
    except RecognitionError as error:
        pytest.skip(f"the Spleeter model is not here ({error.code})")
    result = recognise(portrait, models, Config())
    assert result.model["separator"]["sha256"]
    speech = result.summary["quality"]["speech_share"]
    assert speech == pytest.approx(whole.summary["quality"]["speech_share"], abs=0.1)


def judged(times: list[float], confidence: list[float], sampled: int, config: Config = MIX) -> FaceJudgement | None:
    """The face of the first four seconds: even frames certainly anger, odd ones certainly normal."""
    sight = Sight(
        sampled=np.arange(sampled) / 5,
        chosen=Track(1, 0.0, 4.0, 4.0, ((0.0, 4.0),), (), len(times), 0.9, 100.0),
        times=np.array(times),
        confidence=np.array(confidence),
        probabilities=np.eye(7)[[0, 6] * len(times)][: len(times)],
    )
    return judge_face(config, (0.0, 4.0), sight)


def test_a_frame_counts_by_the_confidence_of_its_detection() -> None:
    found, turned = (judged([0.0, 0.2, 0.4, 0.6], sure, 20) for sure in ([0.9, 0.3, 0.9, 0.3], [0.3, 0.9, 0.3, 0.9]))
    assert found is not None
    assert turned is not None
    assert found.probabilities.argmax() == 0
    assert turned.probabilities.argmax() == 6
    np.testing.assert_allclose(found.probabilities, np.exp(found.scores) / np.exp(found.scores).sum())
    assert (found.frames, found.face_share) == (4, 0.2)
    assert found.confidence == pytest.approx(0.6)


def test_too_few_frames_with_the_face_are_no_judgement() -> None:
    assert judged([0.0, 0.2, 0.4], [0.9] * 3, 20) is None


def test_one_frame_of_a_frozen_video_does_not_stand_for_four_seconds() -> None:
    assert judged([0.0], [0.9], 1, Config(separation="off", min_face_share=0.5)) is None


def test_sound_that_ends_before_the_picture_is_no_speech_there(derived: Derive, models: Models) -> None:
    result = recognise(derived("short.mp4", "-c:v", "copy", "-af", "atrim=0:3"), models, MIX)
    assert result.segments[1].quality["speech_share"] <= 0.26
    assert result.summary["quality"]["speech_share"] <= 0.5


def test_models_with_another_voice_share_the_separator(tiny_weights: Path) -> None:
    models = Models.load(tiny_weights)
    other = models.with_voice(models.voice.with_members(models.voice.members[:1]))
    assert other.separator is models.separator
    assert len(other.voice.members) == 1
