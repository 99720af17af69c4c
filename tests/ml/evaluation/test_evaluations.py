"""What ``evaluate`` prints, on tiny models and made-up data."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ml.config import Config
from ml.data.manifest import Utterance, labelled
from ml.emotions import Emotion
from ml.errors import RecognitionError
from ml.evaluation.face import evaluate_face
from ml.evaluation.fusion import compare, evaluate_fusion
from ml.evaluation.voice import evaluate_voice, evidence_of, predict_voices, read_by_history, read_sound
from ml.models import Models
from ml.recognise import recognise
from ml.voice.recogniser import VoiceRecogniser
from tests.ml.clips import ffmpeg

KEYS = {"n", "accuracy", "uar", "macro_f1", "per_class", "confusion", "per_corpus"}
WITH_CALIBRATION = KEYS | {"calibration"}


def quiet(*step: object) -> None:
    """No progress."""


def write_manifest(path: Path, rows: list[tuple[str, str, str, str]]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([("path", "speaker", "emotion7", "corpus"), *rows])
    return path


@pytest.fixture
def voices(tmp_path: Path) -> Path:
    for number in range(4):
        tone = 0.3 * np.sin(np.arange(16_000) * (0.05 + 0.01 * number)).astype(np.float32)
        soundfile.write(tmp_path / f"{number}.flac", tone, 16_000)
    rows = [("0.flac", "known", "fear", "A"), ("1.flac", "known", "sad", "A"), ("2.flac", "new", "neutral", "B")]
    return write_manifest(tmp_path / "m.csv", [*rows, ("3.flac", "new", "", "B")])


def test_the_official_csv_is_evaluated_by_split_and_by_name_of_class(tmp_path: Path, tiny_weights: Path) -> None:
    draws = np.random.default_rng(1)
    rows = [(label, draws.integers(0, 255, 48 * 48), "PrivateTest") for label in (2, 4, 4)]
    rows.append((0, draws.integers(0, 255, 48 * 48), "Training"))
    with (tmp_path / "fer2013.csv").open("w") as file:
        file.write("emotion,pixels,Usage\n")
        file.writelines(f"{label},{' '.join(map(str, pixels))},{usage}\n" for label, pixels, usage in rows)
    found = evaluate_face(tmp_path / "fer2013.csv", "PrivateTest", tiny_weights, quiet)
    assert set(found) >= KEYS
    assert found["n"] == 3
    assert (found["per_class"]["scared"]["n"], found["per_class"]["sad"]["n"]) == (1, 2)


def test_rows_without_a_label_are_left_out_and_corpora_told_apart(voices: Path, tiny_weights: Path) -> None:
    found = evaluate_voice(voices, tiny_weights, quiet)
    assert set(found) >= KEYS
    assert found["n"] == 3
    assert {name: row["n"] for name, row in found["per_corpus"].items()} == {"A": 2, "B": 1}
    assert (found["speakers"], found["speakers_judged_out_of_fold"]) == (2, 1)


def test_a_persons_other_recordings_are_their_history_and_nobodys_own(voices: Path, tiny_weights: Path) -> None:
    """One of "known"'s two recordings is each other's history; "new" has no other and is judged as anybody."""
    recogniser = VoiceRecogniser.load(tiny_weights)
    people = labelled(voices)
    heard = predict_voices(recogniser, people, quiet)
    read = read_by_history(recogniser, people, heard)
    assert np.array_equal(read[2], heard.general[2])
    assert not np.allclose(read[:2], heard.general[:2])
    expected = recogniser.personal(
        heard.general[[0]], heard.scores[[0]], evidence_of(recogniser, heard, np.array([1])), "known"
    )
    assert np.allclose(read[0], expected[0])
    found = evaluate_voice(voices, tiny_weights, quiet)
    assert set(found) >= WITH_CALIBRATION
    assert set(found["own"]) >= WITH_CALIBRATION


def test_speakers_are_judged_by_networks_that_never_heard_them(
    voices: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []
    unaware_of = VoiceRecogniser.unaware_of

    def noted(self: VoiceRecogniser, speaker: str | None) -> object:
        asked.append(speaker)
        return unaware_of(self, speaker)

    monkeypatch.setattr(VoiceRecogniser, "unaware_of", noted)
    evaluate_voice(voices, tiny_weights, quiet)
    assert set(asked) == {"known", "new"}


def test_files_that_are_not_there_are_counted_not_named(tmp_path: Path, tiny_weights: Path) -> None:
    manifest = write_manifest(tmp_path / "m.csv", [("gone.flac", "a", "sad", "")])
    with pytest.raises(ValueError, match="1 of the 1 files"):
        evaluate_voice(manifest, tiny_weights, quiet)


def test_sound_is_heard_in_video_as_well(portrait: Path, tmp_path: Path) -> None:
    ffmpeg("-i", portrait, "-vn", tmp_path / "a.flac")
    heard, alone = read_sound(portrait), read_sound(tmp_path / "a.flac")
    assert len(heard) == pytest.approx(6 * 16_000, abs=2000)
    n = min(len(heard), len(alone))
    assert np.corrcoef(heard[:n], alone[:n])[0, 1] > 0.99


def test_fusion_is_measured_beside_voice_and_face(
    portrait: Path, models: Models, tiny_weights: Path, tmp_path: Path
) -> None:
    ffmpeg("-i", portrait, "-an", "-c:v", "copy", tmp_path / "mute.mp4")
    ffmpeg("-i", portrait, "-c", "copy", tmp_path / "both.mp4")
    manifest = write_manifest(tmp_path / "m.csv", [("both.mp4", "a", "happy", "X"), ("mute.mp4", "b", "sad", "X")])
    found = evaluate_fusion(manifest, tiny_weights, Config(), quiet)
    assert set(found) >= KEYS | {"voice", "face"}
    assert (found["n"], found["voice"]["n"], found["face"]["n"], found["unjudged"]) == (2, 1, 2, 0)
    assert {name: row["n"] for name, row in found["calibration"].items()} == {"face": 2, "voice": 1, "fused": 2}


def test_fusion_reads_face_and_voice_by_the_persons_other_recordings(
    portrait: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    """ "a" has a second recording, long enough to count as history; "b" has none and is judged as anybody."""
    rows = [("0.mp4", "a", "happy", "X"), ("1.mp4", "a", "sad", "X"), ("2.mp4", "b", "sad", "X")]
    for name, *_ in rows:
        ffmpeg("-i", portrait, "-c", "copy", tmp_path / name)
    alone = evaluate_fusion(write_manifest(tmp_path / "b.csv", rows[2:]), tiny_weights, Config(), quiet)
    assert alone["own"] == {key: value for key, value in alone.items() if key not in {"own", "examples"}}
    together = evaluate_fusion(write_manifest(tmp_path / "m.csv", rows), tiny_weights, Config(), quiet)
    for name in ("voice", "face"):
        assert together["own"][name]["n"] == together[name]["n"] == 3
        assert together["own"][name]["reliability"] != together[name]["reliability"]


def utterances(labels: np.ndarray) -> list[Utterance]:
    """Two speakers of each of two corpora in turn."""
    return [Utterance(Path("x"), f"s{n % 4}", Emotion(label), "AB"[n % 2]) for n, label in enumerate(labels.tolist())]


def test_fusion_adds_what_each_alone_gets_wrong() -> None:
    labels = np.array([0, 1])
    faces = np.array([[0.9, 0.1] + [0] * 5, [0.52, 0.48] + [0] * 5])
    voices = np.array([[0.45, 0.55] + [0] * 5, [0.1, 0.9] + [0] * 5])
    found = compare(faces, voices, utterances(labels), Config())
    assert (found["accuracy"], found["face"]["accuracy"], found["voice"]["accuracy"]) == (1.0, 0.5, 0.5)
    assert (found["gain"]["n"], found["gain"]["accuracy_gain"], found["gain"]["uar_gain"]) == (2, 0.5, 0.5)


def test_a_manifest_nobody_can_judge_is_an_error() -> None:
    nothing = np.full((2, 7), np.nan)
    with pytest.raises(RecognitionError, match="no_usable_signal"):
        compare(nothing, nothing, utterances(np.array([0, 1])), Config())


@pytest.mark.data
def test_real_clips_have_one_judged_face_and_voice(real_clip: Path, models: Models) -> None:
    result = recognise(real_clip, models, Config(separation="off"))
    assert result.summary["quality"]["face_share"] > 0.9
    assert result.summary["judged_face"] == result.summary["judged_voice"] == len(result.segments)
    assert len(result.summary["tracks"]) == 1
