"""``evaluate face --manifest``: pictures and clips, without and with each person's other items."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from ml.__main__ import app
from ml.config import Config
from ml.data.manifest import Utterance
from ml.emotions import Emotion
from ml.errors import RecognitionError
from ml.evaluation.face_manifest import evaluate_manifest, histories, manifest_figures, picture_scores
from ml.face.person import face_probabilities
from ml.face.pooling import softmax
from ml.models import Models
from ml.recognise import recognise
from ml.reference import Evidence, Reference
from tests.ml.clips import ffmpeg

KEYS = {"n", "accuracy", "uar", "macro_f1", "per_class", "confusion", "per_corpus", "ece", "calibration"}


def drawn(*shape: int) -> np.ndarray:
    """Scores of chance."""
    return np.random.default_rng(5).normal(-2, 1, shape)


def noise() -> np.ndarray:
    """A crop without a face, uint8, shape (48, 48)."""
    return np.random.default_rng(6).integers(0, 255, (48, 48), dtype=np.uint8)


def quiet(*step: object) -> None:
    """No progress."""


def write_manifest(path: Path, rows: Sequence[tuple[str, str, str, str]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("path", "speaker", "emotion7", "corpus"), *rows])
    return path


def items(labels: Sequence[int], speakers: Sequence[str]) -> list[Utterance]:
    return [Utterance(Path("-"), s, Emotion(label), "A") for label, s in zip(labels, speakers, strict=True)]


@pytest.fixture
def crop(tmp_path: Path) -> Path:
    cv2.imwrite(str(tmp_path / "crop.png"), noise())
    return tmp_path / "crop.png"


def test_a_picture_of_48_pixels_has_exactly_the_networks_answer(crop: Path, models: Models) -> None:
    expected = models.face.predict(cv2.imread(str(crop), cv2.IMREAD_GRAYSCALE)[None])[0]
    np.testing.assert_allclose(softmax(picture_scores(crop, models.face, Config())), expected, atol=1e-6)


def test_of_a_larger_picture_the_face_is_judged_wherever_it_is(portrait: Path, tmp_path: Path, models: Models) -> None:
    ffmpeg("-i", portrait, "-frames:v", "1", tmp_path / "face.png")
    there = cv2.imread(str(tmp_path / "face.png"))
    beside = cv2.copyMakeBorder(there, 0, 0, 40, 0, cv2.BORDER_REPLICATE)
    cv2.imwrite(str(tmp_path / "beside.png"), beside)
    one, other = (picture_scores(tmp_path / name, models.face, Config()) for name in ("face.png", "beside.png"))
    np.testing.assert_allclose(softmax(one), softmax(other), atol=0.02)


def test_of_a_larger_picture_without_a_face_the_middle_is_judged(tmp_path: Path, models: Models) -> None:
    middle = noise()
    wide = np.zeros((48, 100), np.uint8)
    wide[:, 26:74] = middle
    cv2.imwrite(str(tmp_path / "wide.png"), wide)
    expected = models.face.predict(middle[None])[0]
    np.testing.assert_allclose(
        softmax(picture_scores(tmp_path / "wide.png", models.face, Config())), expected, atol=1e-6
    )


def test_a_picture_that_cannot_be_read_is_an_error(tmp_path: Path, models: Models) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(RecognitionError, match="damaged_file"):
        picture_scores(tmp_path / "a.png", models.face, Config())


def test_pictures_and_clips_stand_in_one_manifest(
    crop: Path, portrait: Path, models: Models, tiny_weights: Path, tmp_path: Path
) -> None:
    ffmpeg("-i", portrait, "-an", "-c:v", "copy", tmp_path / "clip.mp4")
    ffmpeg("-f", "lavfi", "-i", "color=gray:duration=1", tmp_path / "nobody.mp4")
    rows = [("crop.png", "a", "sad", "X"), ("clip.mp4", "a", "happy", "Y"), ("nobody.mp4", "b", "sad", "Y")]
    manifest = write_manifest(tmp_path / "m.csv", [*rows, ("crop.png", "c", "", "X")])
    found = evaluate_manifest(manifest, tiny_weights, Config(), quiet)
    assert set(found) >= KEYS | {"own", "unjudged", "model"}
    assert set(found["own"]) >= KEYS | {"with_history"}
    assert (found["n"], found["own"]["n"], found["own"]["with_history"], found["unjudged"]) == (2, 2, 2, 1)
    assert set(found["per_corpus"]) == {"X", "Y"}


def test_the_command_prints_the_same_and_takes_one_source(crop: Path, tiny_weights: Path, tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "m.csv", [("crop.png", "a", "sad", "")])
    words = ["evaluate", "face", "--manifest", str(manifest), "--weights", str(tiny_weights), "--json"]
    answer = CliRunner().invoke(app, words)
    assert answer.exit_code == 0
    assert json.loads(answer.stdout)["own"]["n"] == 1
    assert CliRunner().invoke(app, [*words, "--fer2013", "x.csv"]).exit_code != 0


def test_an_item_is_no_part_of_its_own_history_and_strangers_are_none() -> None:
    scores = drawn(5, 7)
    found = histories(scores, ["a", "b", "a", "a", "c"], 4.0)
    assert found[1] is None
    assert found[4] is None
    assert found[0] is not None
    np.testing.assert_allclose(found[0].mean, scores[[2, 3]].mean(axis=0))
    assert (found[0].sessions, found[0].seconds) == (2, 8.0)


def test_people_without_other_items_are_judged_by_general_statistics() -> None:
    scores, labels = drawn(6, 7), [0, 1, 2, 3, 4, 5]
    found = manifest_figures(scores, items(labels, list("abcdef")), 4.0)
    assert found["own"]["confusion"] == found["confusion"]
    assert found["own"]["with_history"] == 0


def test_a_persons_other_items_restore_what_their_face_hides() -> None:
    labels = [*range(7)] * 6
    scores = 1.5 * np.eye(7)[labels] + 2.0 * np.eye(7)[Emotion.NORMAL]
    found = manifest_figures(scores, items(labels, ["a"] * len(labels)), 4.0)
    assert found["accuracy"] == pytest.approx(1 / 7)
    assert found["own"]["accuracy"] > 0.8


def test_a_reference_of_the_same_scores_is_heeded_and_one_that_names_only_the_weights_is_not(
    portrait: Path, models: Models
) -> None:
    alone = Config(voice=False)
    plain = recognise(portrait, models, alone).segments[0].face
    assert plain is not None
    shown = 2.0 * np.eye(7)[[*range(7)] * 8] + np.eye(7)[0]
    evidence = Evidence.of_recording(models.score_versions(alone)["face"], np.full(56, 4.0), softmax(shown), shown)
    other = Evidence.of_recording(models.face.version, np.full(56, 4.0), softmax(shown), shown)
    own, foreign = (
        recognise(portrait, models, alone, reference=Reference(face=each)).segments[0].face
        for each in (evidence, other)
    )
    assert own is not None
    assert foreign is not None
    np.testing.assert_allclose(own.scores, plain.scores)
    np.testing.assert_allclose(own.probabilities, face_probabilities(plain.scores, evidence))
    assert own.probabilities[0] < plain.probabilities[0]
    np.testing.assert_allclose(foreign.probabilities, plain.probabilities)


@pytest.mark.data
@pytest.mark.slow
def test_a_real_talking_woman_is_read_right_without_and_with_her_history(research_data: Path, tmp_path: Path) -> None:
    folder = research_data / "talking"
    with (folder / "manifest.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["speaker"] == "mead_W011"]
    wanted = [(str(folder / row["path"]), row["speaker"], row["emotion7"], row["corpus"]) for row in rows]
    found = evaluate_manifest(write_manifest(tmp_path / "m.csv", wanted), None, Config(), quiet)
    assert (found["n"], found["unjudged"]) == (7, 0)
    assert found["accuracy"] >= 6 / 7
    assert found["own"]["accuracy"] >= found["accuracy"]
