"""The rows of Table 1 that do not ship, on voices and faces made up here."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from ml.data.fer2013 import load_faces
from ml.data.manifest import read_manifest
from ml.evaluation.tables import table_1
from ml.face.descriptor import BLOCK_WEIGHTS, histogram_features
from ml.training.ablation import lbph_cnn, mfcc_lstm, rows
from ml.training.ablation.lbph_cnn import CnnOptions, block_histograms, coded
from ml.training.ablation.mfcc_lstm import LstmOptions, mfcc_frames
from ml.training.ablation.rows import AblationOptions, train_ablation
from ml.voice import features


def quiet(*step: object) -> None:
    """No progress."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six speakers whose classes differ by pitch, and 90 faces, pictures of class and noise."""
    folder = tmp_path_factory.mktemp("data")
    draws = np.random.default_rng(4)
    rows = ["path,speaker,emotion7,corpus"]
    for speaker in range(6):
        for number, name in enumerate(("anger", "sad", "happy")):
            for take in range(2):
                time = np.arange(12_000) / 16_000
                tone = np.sin(2 * np.pi * (150 + 400 * number + 3 * speaker) * time)
                path = f"{speaker}{name}{take}.wav"
                soundfile.write(folder / path, 0.2 * tone + 0.01 * draws.standard_normal(12_000), 16_000)
                rows.append(f"{path},s{speaker},{name},A")
    (folder / "voices.csv").write_text("\n".join(rows) + "\n")
    lines = ["emotion,pixels,Usage"]
    for index in range(90):
        label = (0, 3, 4)[index % 3]  # FER2013's numbers: anger, happy, sad
        picture = 100 + 80 * (np.arange(48 * 48) // 48 % (2 + 2 * label) < 1 + label) + draws.integers(0, 20, 48 * 48)
        lines.append(f"{label},{' '.join(map(str, picture))},{'PublicTest' if index < 30 else 'Training'}")
    (folder / "fer2013.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def options(data: Path, tmp_path: Path) -> AblationOptions:
    return AblationOptions(
        manifest=data / "voices.csv",
        faces=data / "fer2013.csv",
        checkpoints=tmp_path / "checkpoints",
        weights=tmp_path,
        voice=LstmOptions(hidden=8, epochs=3),
        face=CnnOptions(channels=(4, 4, 4), hidden=16, epochs=12, batch=8, learning_rate=1e-2, validation_share=0.2),
    )


def test_both_rows_are_measured_on_people_and_pictures_not_learned_from(
    options: AblationOptions, tmp_path: Path
) -> None:
    written = train_ablation(options, quiet)
    assert json.loads((tmp_path / "ablation.json").read_text()) == json.loads(json.dumps(written))
    lstm, cnn = written["rows"]["mfcc_lstm"], written["rows"]["lbph_cnn"]
    assert (lstm["n"], lstm["speakers"], lstm["config"]["hidden"]) == (36, 6, 8)
    assert (cnn["n"], cnn["pairs"]["n"], cnn["label_set"]) == (30, 36, "FER2013 (official label)")
    assert cnn["accuracy"] > 0.6
    assert [cnn["per_class"][name]["n"] for name in ("anger", "happy", "sad", "normal")] == [10, 10, 10, 0]
    assert (written["seed"], written["command"]) == (2022, "python -m ml train ablation")


def test_what_was_written_fills_table_1(options: AblationOptions) -> None:
    written = train_ablation(options, quiet)
    row = written["rows"]["mfcc_lstm"]
    fusion = {**row, "alpha": 0.6, "beta": 0.4, "voice": row, "face": row, "weighted": row, "product": row}
    cells = table_1({"fusion": fusion, "attention_lstm": row, "voice": row, "face": row}, written).rows
    assert not any(line[3].startswith("not trained") for line in cells)


def test_a_second_run_takes_up_what_the_first_one_fitted(
    options: AblationOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = train_ablation(options, quiet)

    def never(*_: object, **__: object) -> None:
        raise AssertionError("fitted again")

    monkeypatch.setattr(mfcc_lstm, "_fit_and_judge", never)
    monkeypatch.setattr(lbph_cnn, "_epoch", never)
    assert train_ablation(options, quiet) == first
    with pytest.raises(AssertionError, match="fitted again"):
        train_ablation(replace(options, seed=7), quiet)


def test_a_run_cut_off_ends_as_one_that_was_not(options: AblationOptions, tmp_path: Path) -> None:
    faces = load_faces(options.faces, "Training")
    whole = lbph_cnn.fit(faces, options.face, 3, tmp_path / "whole", quiet)

    def stop(_: str, done: float, __: float) -> None:
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lbph_cnn.fit(faces, options.face, 3, tmp_path / "cut", stop)
    resumed = lbph_cnn.fit(faces, options.face, 3, tmp_path / "cut", quiet)
    for one, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(one, other)


def test_no_voice_is_judged_by_a_network_that_heard_its_speaker(
    options: AblationOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    utterances = read_manifest(options.manifest)
    fold_of = {f"s{number}": number % 3 for number in range(6)}
    learned: list[set[str]] = []
    packed = mfcc_lstm._packed
    frames = mfcc_frames(utterances, 6, quiet)
    by_id = {id(each): utterance.speaker for each, utterance in zip(frames, utterances, strict=True)}

    def noted(known: list[torch.Tensor], chosen: np.ndarray) -> object:
        if torch.is_grad_enabled():
            learned[-1].update(by_id[id(known[number])] for number in chosen)
        return packed(known, chosen)

    monkeypatch.setattr(mfcc_lstm, "_packed", noted)
    for fold in range(3):
        learned.append(set())
        mfcc_lstm._fit_and_judge(frames, utterances, fold_of, options.voice, fold=fold, seed=1)
        assert learned[-1]
        assert not any(fold_of[speaker] == fold for speaker in learned[-1])


def test_the_lstm_hears_mfcc_alone_and_shorter(options: AblationOptions) -> None:
    utterances = read_manifest(options.manifest)
    frames = mfcc_frames(utterances, 6, quiet)
    assert len(frames) == len(utterances)
    assert {each.shape[1] for each in frames} == {features.MFCC.stop - features.MFCC.start} == {60}
    assert all(5 < len(each) <= 13 for each in frames)


def test_histograms_weigh_all_blocks_alike() -> None:
    faces = np.random.default_rng(0).integers(0, 255, (3, 48, 48)).astype(np.uint8)
    codes = coded(faces)
    weighted = histogram_features({(8, 1): codes})[:, :640].unflatten(1, (64, 10))
    plain = block_histograms(codes).unflatten(1, (10, 64)).movedim(1, 2)
    assert torch.allclose(plain * torch.tensor(BLOCK_WEIGHTS).flatten()[:, None], weighted, atol=1e-6)


def test_mirroring_a_face_mirrors_its_codes() -> None:
    faces = np.random.default_rng(1).integers(0, 255, (2, 48, 48)).astype(np.uint8)
    same = (coded(faces[:, :, ::-1].copy()) == coded(faces).flip(-1)).float().mean()
    assert same > 0.99


def test_speakers_unknown_to_the_shipped_voice_get_folds_of_their_own(
    options: AblationOptions, tiny_weights: Path
) -> None:
    utterances = read_manifest(options.manifest)
    assert set(rows.folds_for(utterances, replace(options, weights=tiny_weights))) == {f"s{n}" for n in range(6)}
    known = [replace(utterance, speaker="known") for utterance in utterances]
    assert rows.folds_for(known, replace(options, weights=tiny_weights)) == {"known": 0}
