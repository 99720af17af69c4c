"""Training the face network on generated faces: resuming, exporting, fine-tuning, and the figures' arithmetic."""

import csv
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ml import weights as stored
from ml.data.fer2013 import load_faces
from ml.emotions import EMOTIONS, Emotion
from ml.errors import RecognitionError
from ml.face.recogniser import FaceRecogniser
from ml.precision import autocast
from ml.training.checkpoints import load_latest
from ml.training.face import train as training
from ml.training.face.export import export_face
from ml.training.face.fine_tune import FineTuneOptions, fine_tune_face
from ml.training.face.network import TrainingNetwork, face_logits
from ml.training.face.options import FaceTrainingOptions
from ml.training.face.step import FacesAtHand, Gradients, lesson, lesson_loss
from ml.training.face.teachers import taught
from ml.training.face.train import _balanced, best_network, run_projection, train_face

torch.set_num_threads(1)


def stripes(label: int, generator: np.random.Generator) -> np.ndarray:
    """A picture whose stripes turn with the class: something a small network can learn."""
    rows, columns = np.mgrid[:48, :48]
    angle = np.pi * label / len(EMOTIONS)
    wave = np.sin((rows * np.sin(angle) + columns * np.cos(angle)) * 0.6 + generator.random() * 6)
    return np.clip(128 + 80 * wave + generator.normal(0, 12, (48, 48)), 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def kaggle_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file in Kaggle's form: 280 pictures to train on, 70 in PublicTest."""
    path = tmp_path_factory.mktemp("fer") / "fer2013.csv"
    generator = np.random.default_rng(11)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["emotion", "pixels", "Usage"])
        for usage, count in (("Training", 280), ("PublicTest", 70)):
            for index in range(count):
                label = index % len(EMOTIONS)
                writer.writerow([label, " ".join(map(str, stripes(label, generator).ravel())), usage])
    return path


@pytest.fixture
def options(kaggle_csv: Path, tmp_path: Path) -> FaceTrainingOptions:
    return FaceTrainingOptions(
        source=kaggle_csv,
        checkpoints=tmp_path / "checkpoints",
        stages="24x1@0.05,32x1@0.05-0",
        batch=32,
        width=0.125,
        hidden=16,
        validation_share=0.1,
        save_after_s=0,
        threads=1,
    )


@pytest.fixture(scope="module")
def trained(kaggle_csv: Path, tmp_path_factory: pytest.TempPathFactory) -> FaceTrainingOptions:
    """A finished run that has learnt its stripes."""
    options = FaceTrainingOptions(
        source=kaggle_csv,
        checkpoints=tmp_path_factory.mktemp("trained"),
        stages="24x12@0.02-0",
        batch=32,
        width=0.125,
        hidden=16,
        validation_share=0.1,
        save_after_s=0,
        threads=1,
    )
    train_face(options)
    return options


class CutOffError(Exception):
    """The power goes."""


def test_a_resumed_run_ends_exactly_as_an_uninterrupted_one(options: FaceTrainingOptions, tmp_path: Path) -> None:
    whole = replace(options, checkpoints=tmp_path / "whole")
    train_face(whole)

    def cut(what: str, completed: float, total: float) -> None:
        # After the checkpoint of half the first epoch, before the next one.
        if completed >= total / 2:
            raise CutOffError

    with pytest.raises(CutOffError):
        train_face(options, cut)
    found = load_latest(options.checkpoints)
    assert found is not None
    assert 0 < found[0] < load_latest(whole.checkpoints)[0]
    train_face(options)

    (step, resumed), (whole_step, uninterrupted) = load_latest(options.checkpoints), load_latest(whole.checkpoints)
    assert step == whole_step
    for key, value in uninterrupted["network"].items():
        assert torch.equal(resumed["network"][key], value), key
    assert [h["accuracy"] for h in resumed["history"]] == [h["accuracy"] for h in uninterrupted["history"]]


def test_faces_of_a_rare_class_are_shown_several_times_an_epoch_and_all_others_once() -> None:
    labels = np.array([0] * 96 + [1] * 2 + [3] * 2)
    shown = _balanced(labels, 0.06)
    assert np.bincount(labels[shown]).tolist() == [96, 6, 0, 6]
    assert set(shown) == set(range(100))
    assert _balanced(labels, 0).tolist() == list(range(100))


def test_a_finished_run_is_not_trained_again(options: FaceTrainingOptions) -> None:
    train_face(options)
    step, state = load_latest(options.checkpoints)
    train_face(options)

    assert load_latest(options.checkpoints)[0] == step
    assert all(torch.equal(v, state["network"][k]) for k, v in load_latest(options.checkpoints)[1]["network"].items())


def test_a_run_that_gets_no_better_ends_early_keeps_its_best_epoch_and_is_not_gone_on_with(
    options: FaceTrainingOptions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoiled = iter([2.0, 1.0, 3.0, 1.0, 1.5])  # the second epoch is the best, the fourth no better

    def certain(*_: object, **__: object) -> torch.Tensor:
        return torch.nn.functional.one_hot(torch.zeros(len(held.labels), dtype=torch.long), 7) * next(spoiled)

    learn, held = training.split_training(options)
    held.labels[:] = 1  # being certain of class 0 costs the more, the more certain
    monkeypatch.setattr(training, "split_training", lambda _: (learn, held))
    monkeypatch.setattr(training, "face_logits", certain)
    stopping = replace(options, stages="24x9@0.05", patience=3)
    train_face(stopping)
    train_face(stopping)

    per_epoch = len(learn) // options.batch
    assert load_latest(options.checkpoints)[0] == 5 * per_epoch
    assert best_network(stopping)[1]["step"] == 2 * per_epoch
    assert next(spoiled, None) is None
    assert export_face(stopping, tmp_path / "weights", baselines=False)["steps"] == 2 * per_epoch


def test_another_seed_gives_another_network(options: FaceTrainingOptions, tmp_path: Path) -> None:
    train_face(replace(options, stages="24x1@0.05"))
    train_face(replace(options, stages="24x1@0.05", seed=1, checkpoints=tmp_path / "other"))
    one, other = load_latest(options.checkpoints)[1], load_latest(tmp_path / "other")[1]

    assert not torch.equal(one["network"]["face.classifier.weight"], other["network"]["face.classifier.weight"])


def test_training_learns_and_exported_weights_reload_to_identical_answers(
    trained: FaceTrainingOptions, tmp_path: Path
) -> None:
    card = export_face(trained, tmp_path / "weights")

    test = load_faces(trained.source, "PublicTest")
    probabilities = FaceRecogniser.load(tmp_path / "weights").predict(test.images)
    assert card["publictest"]["n"] == 70
    assert card["publictest"]["accuracy"] == pytest.approx((probabilities.argmax(1) == test.labels).mean())
    assert card["publictest"]["accuracy"] > 2 * card["publictest_baselines"]["majority class"]["accuracy"]
    assert card["input_side"] == 24

    projection = run_projection(trained, training.split_training(trained)[0])
    logits = face_logits(best_network(trained)[0].face, projection, test.images, size=24)
    direct = torch.softmax(logits / card["temperature"], 1).numpy()
    assert np.abs(direct - probabilities).max() < 2e-2


def test_the_pca_of_a_run_that_was_cut_off_serves_the_same_split_and_no_other(options: FaceTrainingOptions) -> None:
    fitted = run_projection(options, training.split_training(options)[0])
    file = options.checkpoints / "projection.safetensors"
    written = file.stat().st_mtime_ns
    again = run_projection(options, training.split_training(options)[0])
    assert file.stat().st_mtime_ns == written
    assert torch.equal(again.components, fitted.components)

    for changed in (replace(options, validation_share=0.2), replace(options, seed=1)):
        other = run_projection(changed, training.split_training(changed)[0])
        assert not torch.equal(other.mean, fitted.mean)


def test_exporting_the_same_checkpoint_twice_gives_the_same_file(trained: FaceTrainingOptions, tmp_path: Path) -> None:
    one = export_face(trained, tmp_path / "one", baselines=False)
    other = export_face(trained, tmp_path / "other", baselines=False)

    assert one["sha256"] == other["sha256"]
    assert one["version"] == other["version"]


def test_exporting_without_a_checkpoint_says_so(options: FaceTrainingOptions) -> None:
    with pytest.raises(FileNotFoundError, match="checkpoint"):
        export_face(options)


def test_validation_faces_are_never_trained_on(options: FaceTrainingOptions) -> None:
    learn, held = training.split_training(options)

    assert len(learn) + len(held) == 280
    assert not set(learn.groups) & set(held.groups)


def test_fine_tuning_replaces_softmax_adjusts_the_connected_layer_and_leaves_the_convolutions(
    trained: FaceTrainingOptions,
) -> None:
    network, projection = best_network(trained)[0], run_projection(trained, training.split_training(trained)[0])
    corpus = load_faces(trained.source, "Training")
    target = (corpus.labels + 3) % len(EMOTIONS)  # other names for the same pictures

    tuned = fine_tune_face(
        network.face, projection, corpus.images, target, side=24, options=FineTuneOptions(epochs=8, lr=1e-2)
    )

    before, after = network.face.state_dict(), tuned.state_dict()
    changed = {key for key in before if not torch.equal(before[key], after[key])}
    assert not any(key.startswith("convolutions") for key in changed)
    assert {"classifier.weight", "connected.0.weight"} <= changed
    test = load_faces(trained.source, "PublicTest")
    expected = (test.labels + 3) % len(EMOTIONS)
    guesses = face_logits(tuned, projection, test.images, size=24).argmax(1).numpy()
    assert (guesses == expected).mean() > 0.4


def test_mixed_faces_keep_the_larger_part_of_their_own_and_their_targets_sum_to_one(
    options: FaceTrainingOptions,
) -> None:
    learn = training.split_training(options)[0]
    faces = FacesAtHand.of(learn, None, torch.device("cpu"))
    torch.manual_seed(1)
    batch = lesson(
        faces, torch.arange(64), run_projection(options, learn), replace(options, mixup=1.0, label_smoothing=0.0), 24
    )

    assert torch.allclose(batch.targets.sum(1), torch.ones(64))
    assert torch.equal(batch.targets.argmax(1), faces.labels[:64])
    assert ((batch.targets > 0).sum(1) == 2).any()
    assert batch.channels.is_contiguous(memory_format=torch.channels_last)


@pytest.fixture(scope="module")
def learnt(trained: FaceTrainingOptions, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    """Weights of the finished run, and their card entry."""
    folder = tmp_path_factory.mktemp("learnt")
    return folder, export_face(trained, folder, baselines=False)


def test_a_run_can_begin_with_trained_weights_and_leave_their_first_stages_as_they_are(
    options: FaceTrainingOptions, learnt: tuple[Path, dict], tmp_path: Path
) -> None:
    folder, entry = learnt
    tuned = replace(options, start=str(folder), fixed_stages=2, teachers=str(folder), stages="24x1@0.02-0")
    train_face(tuned)
    before = {key: value for key, value in stored.read("face", folder)[0].items() if key.startswith("network.")}
    after = {"network." + key: value for key, value in best_network(tuned)[0].face.state_dict().items()}
    # Two stages of two convolutions, each with its normalisation: layers 0 to 13 with activations and pooling.
    fixed = [key for key in before if int(re.sub(r"\D", "", key.split(".")[2]) or 99) < 14 and ".convolutions." in key]
    assert len(fixed) == 4 * 6
    for key in fixed:
        assert torch.equal(after[key].half(), before[key].half()), key
    assert not torch.equal(after["network.convolutions.14.weight"].half(), before["network.convolutions.14.weight"])

    exported = export_face(tuned, tmp_path / "weights", baselines=False)
    assert (exported["config"]["start"], exported["config"]["teachers"]) == (entry["version"], entry["version"])
    assert str(folder) not in json.dumps(exported)


def test_beginning_with_a_network_of_another_size_is_refused(
    options: FaceTrainingOptions, learnt: tuple[Path, dict]
) -> None:
    with pytest.raises(ValueError, match="width"):
        train_face(replace(options, start=str(learnt[0]), hidden=24))


def test_whoever_may_have_learnt_from_the_validation_faces_neither_begins_a_run_nor_teaches(
    options: FaceTrainingOptions, learnt: tuple[Path, dict]
) -> None:
    folder = str(learnt[0])
    for asked in (replace(options, start=folder, seed=7), replace(options, teachers=folder, validation_share=0.2)):
        with pytest.raises(ValueError, match="validation faces"):
            train_face(asked)
        assert not list(options.checkpoints.glob("*.pt"))


def test_a_run_that_begins_with_a_network_keeps_its_pca(
    options: FaceTrainingOptions, learnt: tuple[Path, dict]
) -> None:
    folder, _ = learnt
    begun = replace(options, start=str(folder))
    found = run_projection(begun, training.split_training(begun)[0])
    assert torch.equal(found.components, stored.read("face", folder)[0]["projection.components"].float())


def test_more_stages_than_there_are_cannot_be_fixed(options: FaceTrainingOptions) -> None:
    with pytest.raises(ValueError, match="5 stages"):
        train_face(replace(options, fixed_stages=6))


def test_a_folder_without_weights_teaches_nobody(options: FaceTrainingOptions, tmp_path: Path) -> None:
    with pytest.raises(RecognitionError) as caught:
        train_face(replace(options, teachers=str(tmp_path)))
    assert caught.value.code == "weights_missing"


def test_teachers_mean_is_taken_once_and_every_second_sees_faces_mirrored(
    options: FaceTrainingOptions, learnt: tuple[Path, dict], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, _ = learnt
    both = replace(options, teachers=f"{folder}, {folder}")
    learn = training.split_training(both)[0]
    found = taught(both, learn)
    teacher = FaceRecogniser.load(folder)
    plainly, mirrored = teacher.predict(learn.images), teacher.predict(learn.images[:, :, ::-1])
    assert np.allclose(found, (plainly + mirrored) / 2, atol=1e-6)
    assert not np.allclose(plainly, mirrored, atol=1e-2)

    monkeypatch.setattr(FaceRecogniser, "predict", lambda *_: pytest.fail("judged again"))
    assert np.array_equal(taught(both, learn), found)
    assert taught(options, learn) is None


def test_what_teachers_say_replaces_their_share_of_the_label(options: FaceTrainingOptions) -> None:
    learn = training.split_training(options)[0]
    said = np.random.default_rng(3).dirichlet(np.ones(len(EMOTIONS)), len(learn)).astype(np.float32)
    faces = FacesAtHand.of(learn, said, torch.device("cpu"))
    projection = run_projection(options, learn)
    chosen = torch.arange(16)
    torch.manual_seed(2)
    for share in (0.0, 0.25, 1.0):
        asked = replace(options, teachers_weight=share, label_smoothing=0.0, votes_weight=0.0)
        batch = lesson(faces, chosen, projection, asked, 24)
        labels = np.eye(len(EMOTIONS))[learn.labels[:16]]
        assert np.allclose(batch.targets, (1 - share) * labels + share * said[:16], atol=1e-6)
        torch.manual_seed(3)
        network = TrainingNetwork(asked).eval()
        with torch.no_grad():
            with autocast(torch.device("cpu")):  # the loss is taken from answers in the same arithmetic
                logits = network(batch.channels, batch.vector)[0]
            answers = logits.float().log_softmax(1)
            assert lesson_loss(network, batch, asked).item() == pytest.approx(
                -(batch.targets * answers).sum(1).mean().item(), rel=1e-4
            )


@pytest.mark.skipif(not torch.cuda.is_available(), reason="recording needs a CUDA device; here there is none")
def test_a_step_repeated_from_its_record_is_the_step_computed_anew(options: FaceTrainingOptions) -> None:
    learn = training.split_training(options)[0]
    device = torch.device("cuda")
    projection = run_projection(options, learn).to(device)
    run = training.start_run(replace(options, spoiled=0.5), device, projection)
    run.network.train()
    faces = FacesAtHand.of(learn, None, device)
    recorded, anew = (Gradients(run.network, faces, projection, run.options) for _ in range(2))
    for side, seed in ((24, 1), (24, 2), (24, 1), (32, 3), (32, 4)):
        chosen = torch.arange(32, device=device) + seed
        seen = []
        for compute in (recorded.of, anew._compute):
            torch.manual_seed(seed)
            loss = compute(chosen, side).item()
            seen.append([torch.tensor(loss), *(each.grad.cpu().flatten() for each in run.network.parameters())])
        assert torch.allclose(torch.hstack(seen[0]), torch.hstack(seen[1]), rtol=1e-2, atol=1e-3)


def test_kaggle_labels_map_by_name(kaggle_csv: Path) -> None:
    labels = load_faces(kaggle_csv, "PublicTest").labels[:7]

    assert [Emotion(label).label for label in labels] == [
        "anger",
        "disgust",
        "scared",
        "happy",
        "sad",
        "surprised",
        "normal",
    ]
