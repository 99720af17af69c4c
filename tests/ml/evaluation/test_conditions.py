"""Noise, music, separation and small faces: what is laid over the data, and what is concluded from it."""

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from ml.data.fer2013 import Faces
from ml.data.manifest import Utterance
from ml.emotions import Emotion
from ml.evaluation.face_conditions import CONDITIONS, FACES, face_conditions
from ml.evaluation.voice_conditions import (
    MIXES,
    PER_CLASS,
    SPEAKERS_PER_CORPUS,
    advice,
    balanced,
    interference,
    mix,
    separated,
    voice_conditions,
)
from ml.face.recogniser import FaceRecogniser
from ml.voice.recogniser import VoiceRecogniser


def quiet(*step: object) -> None:
    """No progress."""


def corpus(name: str, speakers: int, takes: int, classes: int = 7) -> list[Utterance]:
    return [
        Utterance(Path(f"{name}{speaker}{label}{take}.wav"), f"{name}{speaker}", Emotion(label), name)
        for speaker in range(speakers)
        for label in range(classes)
        for take in range(takes)
    ]


def test_the_subset_is_balanced_within_each_corpus_and_few_people() -> None:
    utterances = corpus("A", 9, 5) + corpus("B", 2, 9, classes=6)
    chosen = [utterances[number] for number in balanced(utterances, seed=3)]
    assert set(Counter((u.corpus, u.emotion) for u in chosen).values()) == {PER_CLASS}
    assert len({u.speaker for u in chosen if u.corpus == "A"}) == SPEAKERS_PER_CORPUS
    assert set(Counter(u.speaker for u in chosen if u.corpus == "A").values()) == {7 * PER_CLASS // SPEAKERS_PER_CORPUS}
    assert balanced(utterances, seed=3) == balanced(utterances, seed=3) != balanced(utterances, seed=4)


def test_a_rare_class_is_taken_whole_and_nobody_twice() -> None:
    utterances = corpus("A", 3, 2)
    chosen = balanced(utterances, seed=1)
    assert len(chosen) == len(set(chosen)) == 3 * 7 * 2


@pytest.mark.parametrize("snr", [0.0, 10.0])
def test_what_lies_under_the_voice_has_the_level_asked_for(snr: float) -> None:
    draws = np.random.default_rng(0)
    speech, under = np.zeros(16_000, np.float32), draws.standard_normal(16_000).astype(np.float32)
    mixed = mix(speech, 0.02, under, snr)
    assert np.sqrt(np.mean(mixed**2)) == pytest.approx(0.02 * 10 ** (-snr / 20), rel=1e-3)
    loud = mix(np.full(16_000, 0.9, np.float32), 0.9, under, snr)
    assert np.abs(loud).max() == pytest.approx(1)


class Muffled:
    """In Spleeter's place: gives back what it was given, or nothing."""

    def __init__(self, gain: float) -> None:
        self.gain = gain

    def vocals(self, chunks: list[np.ndarray]) -> Any:
        for chunk in chunks:
            yield self.gain * chunk[:: 44_100 // 16_000 + 1].mean(axis=1)


def test_separated_sound_is_as_long_as_what_went_in() -> None:
    assert len(separated(Muffled(1.0), np.zeros(16_001, np.float32))) == 16_001  # type: ignore[arg-type]


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Utterance]:
    monkeypatch.setenv("EMOREC_DATA", str(tmp_path))
    found = []
    for speaker in ("known", "new"):
        for number in range(3):
            tone = 0.3 * np.sin(np.arange(16_000) * (0.05 + 0.01 * number))
            path = tmp_path / f"{speaker}{number}.wav"
            soundfile.write(path, tone, 16_000)
            found.append(Utterance(path, speaker, Emotion(number), "A"))
    return found


def test_without_recordings_of_noise_pink_noise_is_used_and_music_left_out(
    people: list[Utterance], tiny_weights: Path
) -> None:
    assert set(interference()) == {"noise"}
    rows = voice_conditions(VoiceRecogniser.load(tiny_weights), people, None, 1, quiet)
    assert [(row["under"], row["snr_db"]) for row in rows] == [("", None), *MIXES[1:4]]
    assert {(row["n"], row["speakers"], row["separated"]) for row in rows} == {(6, 2, False)}
    assert not any("gain" in row for row in rows)


def test_every_mix_is_judged_as_it_is_and_separated(
    people: list[Utterance], tiny_weights: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "separation"
    folder.mkdir()
    draws = np.random.default_rng(0)
    for name in ("hum", "tune"):
        soundfile.write(folder / f"{name}.wav", draws.uniform(-0.5, 0.5, 8000), 16_000)
    (folder / "manifest.csv").write_text("path,kind\nhum.wav,noise (cafe)\ntune.wav,music\nhum.wav,speech en\n")
    assert {kind: len(found) for kind, found in interference().items()} == {"noise": 1, "music": 1}
    recogniser = VoiceRecogniser.load(tiny_weights)
    rows = voice_conditions(recogniser, people, Muffled(0.0), 1, quiet)  # type: ignore[arg-type]
    assert [row["separated"] for row in rows] == [False, True] * len(MIXES)
    for plain, row in zip(rows[::2], rows[1::2], strict=True):
        assert row["gain"] == pytest.approx(row["uar"] - plain["uar"])
        assert row["gain_ci95"][0] <= row["gain"] <= row["gain_ci95"][1]
    assert rows == voice_conditions(recogniser, people, Muffled(0.0), 1, quiet)  # type: ignore[arg-type]


def gained(under: str, low: float, high: float) -> dict[str, Any]:
    return {"under": under, "snr_db": 10.0, "gain": (low + high) / 2, "gain_ci95": [low, high]}


def test_advice_follows_from_intervals_that_leave_zero_out() -> None:
    helped = advice([gained("music", 0.01, 0.2), gained("noise", -0.2, -0.01), gained("", -0.1, 0.1)])
    assert helped == [
        "Separation raises the mean recall with music at 10 dB.",
        "Separation lowers the mean recall with noise at 10 dB.",
        "Separation does not clearly change the mean recall with nothing under the voice.",
        "The pipeline should separate where there is music at 10 dB; nothing clear is gained elsewhere.",
    ]
    assert "nothing clear is gained by separating" in advice([gained("music", -0.1, 0.1)])[-1]
    assert advice([{"under": "music", "snr_db": 10.0}]) == []


def test_small_and_spoiled_faces_are_the_same_people(tiny_weights: Path) -> None:
    draws = np.random.default_rng(2)
    images = draws.integers(0, 255, (9, 48, 48)).astype(np.uint8)
    faces = Faces(images, draws.integers(0, 7, 9), np.arange(9), np.zeros((9, 7), np.float32))
    rows = face_conditions(FaceRecogniser.load(tiny_weights), faces, 1, quiet)
    assert [row["condition"] for row in rows] == list(CONDITIONS)
    assert {row["n"] for row in rows} == {9}
    assert FACES > 1000
    for name, degrade in CONDITIONS.items():
        spoiled = degrade(images, np.random.default_rng(0))
        assert (spoiled.shape, spoiled.dtype) == (images.shape, images.dtype), name
        assert (name == next(iter(CONDITIONS))) == np.array_equal(spoiled, images)
