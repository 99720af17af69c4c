"""Corpora as they are distributed become one form of manifest."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from ml.__main__ import app
from ml.data.corpora import casia, cheavd, emodb, ravdess, read_corpus, write_manifest
from ml.data.manifest import read_manifest
from ml.emotions import Emotion
from ml.evaluation.voice import evaluate_voice


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def test_ravdess_names_say_emotion_actor_and_sex(tmp_path: Path) -> None:
    names = [
        f"Actor_{actor}/03-01-{emotion:02}-01-02-01-{actor}.wav" for actor in ("15", "16") for emotion in range(1, 9)
    ]
    clips = ravdess(touch(tmp_path, *names))
    assert [clip.emotion7 for clip in clips[:8]] == [
        "normal",
        "",
        "happy",
        "sad",
        "anger",
        "scared",
        "disgust",
        "surprised",
    ]
    assert {(clip.speaker, clip.sex, clip.language) for clip in clips} == {
        ("ravdess_15", "M", "en"),
        ("ravdess_16", "F", "en"),
    }


def test_ravdess_song_silent_video_and_second_copies_are_left_out(tmp_path: Path) -> None:
    speech, film = "03-01-05-01-02-01-16.wav", "01-01-05-01-02-01-16.mp4"
    others = ("03-02-05-01-02-01-16.wav", "02-01-05-01-02-01-16.mp4", "03-01-09-01-02-01-16.wav", "notes.wav")
    folder = touch(tmp_path, speech, f"copy/{speech}", film, *others)
    assert [clip.path.name for clip in ravdess(folder)] == [film, speech]


def test_emodb_letters_are_the_german_words(tmp_path: Path) -> None:
    clips = emodb(touch(tmp_path, *(f"wav/03a01{letter}a.wav" for letter in "WLEAFTN"), "wav/08b10Wc.wav"))
    labels = {clip.path.stem[5]: clip.emotion7 for clip in clips if clip.speaker == "emodb_03"}
    expected = {"W": "anger", "L": "", "E": "disgust", "A": "scared", "F": "happy", "T": "sad", "N": "normal"}
    assert labels == expected
    assert {clip.speaker: clip.sex for clip in clips} == {"emodb_03": "M", "emodb_08": "F"}


def test_casia_folders_are_speaker_and_emotion(tmp_path: Path) -> None:
    folder = touch(tmp_path, "wangzhe/angry/201.wav", "newcomer/fear/201.wav", "wangzhe/angry.txt", "201.wav")
    assert [(clip.speaker, clip.sex, clip.emotion7) for clip in casia(folder)] == [
        ("casia_newcomer", "", "scared"),
        ("casia_wangzhe", "M", "anger"),
    ]


def listed(folder: Path, *rows: str, header: str = "file,label,speaker") -> Path:
    path = folder / "list.csv"
    path.write_text("\n".join((header, *rows)) + "\n")
    return path


def test_cheavd_anxious_and_worried_are_scared(tmp_path: Path) -> None:
    folder = touch(tmp_path / "clips", "a.mp4", "b/c.avi", "d.wav")
    clips = cheavd(folder, listed(tmp_path, "a.mp4,Anxious,7", "b/c.avi,worried,", "d.wav,neutral,8"))
    assert [clip.emotion7 for clip in clips] == ["scared", "scared", "normal"]
    assert [clip.speaker for clip in clips] == ["cheavd_7", "", "cheavd_8"]


@pytest.mark.parametrize(
    ("row", "header", "complaint"),
    [
        ("a.mp4,calm,1", "file,label,speaker", "line 2: 'calm' is none of angry, anxious"),
        ("gone.mp4,sad,1", "file,label,speaker", "1 of the 1 listed clips are not in the folder, the first on line 2"),
        ("a.mp4,sad", "name,label", "first line must be: file,label,speaker"),
    ],
)
def test_a_list_that_cannot_be_used_says_where(tmp_path: Path, row: str, header: str, complaint: str) -> None:
    folder = touch(tmp_path / "clips", "a.mp4")
    with pytest.raises(ValueError, match=complaint):
        cheavd(folder, listed(tmp_path, row, header=header))


@pytest.mark.parametrize("name", ["ravdess", "emodb", "casia"])
def test_a_folder_of_something_else_says_what_was_expected(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match=r"no file under .* is named as .* \(.*wav\)"):
        read_corpus(name, touch(tmp_path, "holiday.wav"))
    with pytest.raises(FileNotFoundError):
        read_corpus(name, tmp_path / "nowhere")


def test_lists_are_asked_for_where_needed_and_nowhere_else(tmp_path: Path) -> None:
    for name, listing, complaint in (
        ("cheavd", None, "needs --list"),
        ("emodb", tmp_path, "for cheavd only"),
        ("crema", None, "none of ravdess"),
    ):
        with pytest.raises(ValueError, match=complaint):
            read_corpus(name, tmp_path, listing)


def test_a_manifest_is_read_back_with_paths_beside_it(tmp_path: Path) -> None:
    clips = ravdess(touch(tmp_path / "data", "03-01-06-01-02-01-16.wav", "03-01-02-01-02-01-16.wav"))
    (tmp_path / "made").mkdir()
    counts = write_manifest(clips, tmp_path / "made" / "m.csv")
    assert counts == {"": 1, "scared": 1}
    (found,) = read_manifest(tmp_path / "made" / "m.csv")
    assert found.path.resolve() == (tmp_path / "data" / "03-01-06-01-02-01-16.wav").resolve()
    assert (found.speaker, found.emotion, found.corpus) == ("ravdess_16", Emotion.SCARED, "RAVDESS")
    assert (found.sex, found.language) == ("F", "en")


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, ["corpus", *map(str, arguments)])


def test_from_a_folder_to_figures_by_two_commands(tmp_path: Path, tiny_weights: Path) -> None:
    touch(tmp_path / "casia" / "wangzhe" / "sad", "1.wav")
    for number, emotion in enumerate(("sad", "happy")):
        path = touch(tmp_path / "casia" / "wangzhe", f"{emotion}/1.wav") / emotion / "1.wav"
        soundfile.write(path, 0.3 * np.sin(np.arange(16_000) * (0.05 + 0.02 * number)), 16_000)
    made = run("casia", tmp_path / "casia", "--out", tmp_path / "m.csv")
    assert made.exit_code == 0, made.output
    with (tmp_path / "m.csv").open() as file:
        assert next(csv.reader(file)) == ["path", "corpus", "speaker", "sex", "language", "emotion", "emotion7"]
    figures = evaluate_voice(tmp_path / "m.csv", tiny_weights, lambda *_: None)
    assert (figures["n"], figures["per_class"]["happy"]["n"]) == (2, 1)


def test_the_command_explains_what_is_wrong(tmp_path: Path) -> None:
    made = run("ravdess", tmp_path, "--out", tmp_path / "m.csv")
    assert made.exit_code == 2
    assert "03-01-05-01-02-01-16.wav" in made.stderr
    assert not (tmp_path / "m.csv").exists()


@pytest.mark.data
def test_the_research_data_are_named_as_their_manifest_says(research_data: Path) -> None:
    with (research_data / "speech" / "manifest.csv").open() as file:
        known = {Path(row["path"]).name: row for row in csv.DictReader(file) if row["corpus"] != "CASIA"}
    clips = ravdess(research_data / "speech") + emodb(research_data / "speech")
    assert len(clips) == len(known)
    for clip in clips:
        row = known[clip.path.name]
        assert (clip.speaker, clip.sex, clip.language) == (row["speaker"], row["sex"], row["language"])
        assert bool(clip.emotion7) == bool(row["emotion7"])
