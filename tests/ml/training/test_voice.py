"""Training of the voice network on a small made-up corpus: tones whose pitch and loudness tell the class."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from hypothesis import given
from hypothesis import strategies as st

from ml import weights
from ml.emotions import Emotion
from ml.training import voice, voice_data, voice_fit
from ml.training.checkpoints import load_latest
from ml.training.voice import VoiceOptions, split_of, train_voice
from ml.training.voice_data import Augmentation, Prepared, Version, prepare, warp_matrix
from ml.training.voice_fit import FitOptions, fit
from ml.training.voice_languages import language_left_out
from ml.training.voice_network import LearningNetwork, NetworkOptions, fit_network
from ml.training.voice_sessions import Round, Segments
from ml.voice import activity, features
from ml.voice.attention_lstm import Architecture
from ml.voice.framing import SAMPLE_RATE
from ml.voice.recogniser import VoiceRecogniser

CLASSES = {"anger": 5, "sad": 1, "neutral": 2}
"""Labels and how fast the tone of that class throbs, per second."""
TINY = FitOptions(
    epochs=4,
    patience=4,
    batch=8,
    learning_rate=5e-3,
    device="cpu",
    architecture=Architecture(embedding=8, hidden=6, attention=4, steps=2, decoder=8, frames_averaged=3),
)

TINY_NETWORK = NetworkOptions(components=6, hidden=8, people=3, per_mood=2, steps=30)


def utterance(label: str, speaker: int, take: int) -> np.ndarray:
    draws = np.random.default_rng([speaker, take, len(label)])
    time = np.arange(int(0.8 * SAMPLE_RATE)) / SAMPLE_RATE
    phase = 2 * np.pi * (100 + 20 * speaker) * time
    voiced = sum(np.sin(k * phase) / k for k in range(1, 12)) * (1.2 + np.sin(2 * np.pi * CLASSES[label] * time))
    return (0.05 * voiced + 0.001 * draws.standard_normal(len(time))).astype(np.float32)


@pytest.fixture(autouse=True)
def everything_is_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tone is no speech to silero-vad; here every window is."""

    def spoken(samples: np.ndarray, gain: float | None = None) -> np.ndarray:
        return np.ones(-(-len(samples) // activity.WINDOW_SAMPLES), dtype=np.float32)

    monkeypatch.setattr(activity, "speech_probabilities", spoken)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    rows = ["path,speaker,emotion7,corpus"]
    for speaker in range(8):
        for label in CLASSES:
            for take in range(2):
                name = f"{speaker}-{label}-{take}.wav"
                soundfile.write(folder / name, utterance(label, speaker, take), SAMPLE_RATE)
                rows.append(f"{name},s{speaker},{label},X")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    return folder / "manifest.csv"


@pytest.fixture
def options(manifest: Path, tmp_path: Path) -> VoiceOptions:
    return VoiceOptions(
        manifests=(manifest,),
        checkpoints=tmp_path / "checkpoints",
        weights=tmp_path / "weights",
        folds=2,
        inner_share=0.25,
        speeds=(1.0, 1.1),
        noisy_speeds=(1.0,),
        fit=TINY,
        rounds=(Round("one mood"), Round("alone", altered=True)),
        network=TINY_NETWORK,
    )


@pytest.fixture
def prepared(options: VoiceOptions) -> Prepared:
    return prepare(options.utterances(), options.versions(), 3, 1)


def parameters(fitted: voice_fit.Fitted) -> list[torch.Tensor]:
    return list(fitted.model.state_dict().values())


def fit_first_fold(prepared: Prepared, options: VoiceOptions, folder: Path, progress=None) -> voice_fit.Fitted:  # type: ignore[no-untyped-def]
    split = split_of(prepared, {f"s{number}": number // 4 for number in range(8)}, (0, 0), options)
    return fit(prepared, split, options.fit, stream=(0, 0), folder=folder, progress=progress)


def test_a_resumed_run_equals_an_uninterrupted_one(prepared: Prepared, options: VoiceOptions, tmp_path: Path) -> None:
    whole = fit_first_fold(prepared, options, tmp_path / "whole")

    def stop_after_two(epoch: int, loss: float, watched: float) -> None:
        if epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_first_fold(prepared, options, tmp_path / "cut", stop_after_two)
    found = load_latest(tmp_path / "cut")
    assert found is not None
    assert found[0] == 2
    epochs: list[int] = []
    resumed = fit_first_fold(prepared, options, tmp_path / "cut", lambda epoch, loss, watched: epochs.append(epoch))
    assert epochs == [3, 4]
    assert resumed.loss == whole.loss
    assert all(torch.equal(a, b) for a, b in zip(parameters(whole), parameters(resumed), strict=True))


def test_two_networks_of_a_fold_differ_only_by_their_draws(prepared: Prepared, options: VoiceOptions) -> None:
    split = split_of(prepared, {f"s{number}": number // 4 for number in range(8)}, (0, 0), options)
    first, again, second = (fit(prepared, split, options.fit, stream=(0, number)) for number in (0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(parameters(first), parameters(again), strict=True))
    assert not all(torch.equal(a, b) for a, b in zip(parameters(first), parameters(second), strict=True))


def test_it_stops_early_when_the_inner_speakers_gain_nothing(
    prepared: Prepared, options: VoiceOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice_fit, "inner_loss", lambda *_: 0.5)
    epochs: list[int] = []
    impatient = replace(options, fit=replace(TINY, epochs=9, patience=2))
    split = split_of(prepared, {f"s{number}": number // 4 for number in range(8)}, (0, 0), options)
    fitted = fit(prepared, split, impatient.fit, progress=lambda epoch, loss, watched: epochs.append(epoch))
    assert epochs == [1, 2, 3]
    assert fitted.epoch == 1


def test_without_inner_speakers_it_still_learns(prepared: Prepared, options: VoiceOptions) -> None:
    split = split_of(prepared, {f"s{number}": number // 4 for number in range(8)}, (0, 0), options)
    everyone = voice_fit.Split(np.concatenate([split.train, split.inner]), np.array([], dtype=int), split.test)
    fitted = fit(prepared, everyone, options.fit)
    assert np.isfinite(fitted.loss)
    assert fitted.epoch > 0


def test_the_parts_of_a_split_share_no_speaker_and_leave_none_out(prepared: Prepared, options: VoiceOptions) -> None:
    split = split_of(prepared, {f"s{number}": number % 2 for number in range(8)}, (1, 0), options)
    speakers = prepared.speakers()
    train, inner, test = (set(speakers[part]) for part in (split.train, split.inner, split.test))
    assert not train & test
    assert not train & inner
    assert not inner & test
    assert len(train) + len(inner) + len(test) == 8


def test_training_writes_weights_that_reproduce_the_stored_figures(options: VoiceOptions) -> None:
    told: list[tuple[str, float, float]] = []
    card = train_voice(options, lambda what, completed, total: told.append((what, completed, total)))
    assert {what for what, _, _ in told} >= {"features", "round one-mood-0", "speech networks", "fold 0", "fold 1"}
    assert card == weights.read("voice", options.weights)[1]
    recogniser = VoiceRecogniser.load(options.weights)
    right: list[bool] = []
    for each in options.utterances():
        judged = recogniser.predict_whole(voice_data.read_audio(each.path), each.speaker)
        assert judged is not None
        right.append(int(judged.general.argmax()) == each.emotion)
    assert np.mean(right) == pytest.approx(card["metrics"]["general"]["accuracy"], abs=1e-4)
    assert {"with_history", "attention_lstm_alone"} <= set(card["metrics"])
    assert set(card["metrics"]["baselines"]) == {"majority", "logistic_regression", "rbf_svm"}
    assert card["seed"] == options.fit.seed


def test_a_finished_run_is_not_trained_again(options: VoiceOptions) -> None:
    first = train_voice(options)
    told: list[str] = []
    second = train_voice(options, lambda what, completed, total: told.append(what))
    assert not [what for what in told if what.startswith(("fold", "round"))]
    assert first == second


def test_finished_attention_networks_can_be_taken_over(options: VoiceOptions, tmp_path: Path) -> None:
    train_voice(options)
    told: list[str] = []
    other = replace(options, attention=options.weights, weights=tmp_path / "other")
    train_voice(other, lambda what, completed, total: told.append(what))
    assert "features" not in told
    before, after = (VoiceRecogniser.load(each.weights).members[0].model for each in (options, other))
    assert all(torch.equal(a, b) for a, b in zip(before.parameters(), after.parameters(), strict=True))
    with pytest.raises(ValueError, match="other folds"):
        train_voice(replace(other, fit=replace(TINY, seed=9), network=replace(TINY_NETWORK, steps=2)))


@pytest.fixture
def bilingual(options: VoiceOptions, manifest: Path, tmp_path: Path) -> VoiceOptions:
    """The same recordings; the first five speakers speak one language, the last three another."""
    head, *rows = manifest.read_text().splitlines()
    with_language = [f"{manifest.parent}/{row},{'aa' if int(row[0]) < 5 else 'bb'}" for row in rows]
    (tmp_path / "two.csv").write_text("\n".join([f"{head},language", *with_language]))
    return replace(options, manifests=(tmp_path / "two.csv",))


def test_a_language_left_out_is_judged_by_networks_that_never_heard_it(
    bilingual: VoiceOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: set[str] = set()

    def watched(segments: Segments, keep: np.ndarray, *rest: Any) -> LearningNetwork:
        learned.update(segments.speakers[keep])
        return fit_network(segments, keep, *rest)

    monkeypatch.setattr(voice, "fit_network", watched)
    found = language_left_out("bb", bilingual)
    assert learned == {f"s{number}" for number in range(5)}
    assert (found["speakers"], found["learned_from"]) == (3, {"aa": 5})
    assert found["general"]["n"] == found["with_history"]["n"] == 18
    assert bilingual.weights is not None
    assert not bilingual.weights.exists()
    assert language_left_out("bb", bilingual) == found


def test_a_language_that_nobody_speaks_is_refused(bilingual: VoiceOptions) -> None:
    with pytest.raises(ValueError, match="aa, bb"):
        language_left_out("cc", bilingual)


def test_a_corpus_is_taken_from_the_last_manifest_that_holds_it(manifest: Path, tmp_path: Path) -> None:
    later = tmp_path / "later.csv"
    later.write_text(f"path,speaker,emotion7,corpus\n{manifest.parent / '0-sad-0.wav'},s0,sad,X\n")
    assert len(voice.read_manifests((manifest, later))) == 1
    assert len(voice.read_manifests((later, manifest))) == 48


def test_other_options_do_not_take_up_a_foreign_checkpoint(options: VoiceOptions) -> None:
    other = replace(options, fit=replace(TINY, learning_rate=1e-3))
    assert voice.run_name(options) != voice.run_name(other)
    assert voice.run_name(options) == voice.run_name(replace(options, weights=None, version="other"))


def test_the_first_version_must_be_as_recorded(options: VoiceOptions) -> None:
    with pytest.raises(ValueError, match="first speed"):
        replace(options, speeds=(0.9, 1.0)).versions()


def test_no_warp_changes_nothing_and_a_warp_moves_a_peak() -> None:
    frames = features.extract(np.random.default_rng(1).standard_normal(4000).astype(np.float32) * 0.1)
    assert np.allclose(frames @ warp_matrix(1.0), frames, atol=1e-3)
    peak = np.zeros((1, features.N_FEATURES), dtype=np.float32)
    peak[0, 20] = 1.0
    assert np.argmax((peak @ warp_matrix(1.1))[0, : features.N_MELS]) < 20
    assert np.argmax((peak @ warp_matrix(0.9))[0, : features.N_MELS]) > 20


def test_warped_mfcc_are_the_cosine_transform_of_the_warped_fbank() -> None:
    from scipy.fft import dct

    frames = features.extract(np.random.default_rng(1).standard_normal(4000).astype(np.float32) * 0.1)
    warped = frames @ warp_matrix(1.07)
    expected = dct(warped[:, : features.N_MELS], type=2, norm="ortho")[:, : features.N_MFCC]
    assert np.allclose(warped[:, features.MFCC][:, : features.N_MFCC], expected, atol=1e-3)


def test_a_change_of_level_shifts_the_features_as_predicted() -> None:
    samples = np.random.default_rng(2).standard_normal(8000).astype(np.float32) * 0.1
    moved = features.extract(samples * np.float32(1.7)) - features.extract(samples)
    assert np.allclose(moved, np.broadcast_to(voice_data.level_shift(1.7), moved.shape), atol=2e-3)


def test_noise_is_added_at_the_signal_to_noise_ratio_asked_for() -> None:
    samples = utterance("sad", 1, 0)
    version = Version(1.0, (10.0, 10.0))
    added = voice_data._altered(samples, version, np.random.default_rng(0)) - samples
    assert 10 * np.log10(np.mean(samples**2) / np.mean(added**2)) == pytest.approx(10, abs=0.1)


@given(st.integers(0, 500))
def test_masking_blanks_but_never_invents(seed: int) -> None:
    frames = np.random.default_rng(seed).standard_normal((20, features.N_FEATURES)).astype(np.float32)
    masked = voice_data.mask_features(frames, Augmentation(), np.random.default_rng(seed))
    changed = masked != frames
    assert np.all(masked[changed] == 0)
    assert changed.mean() < 0.9


def test_classes_of_a_corpus_are_drawn_alike(prepared: Prepared) -> None:
    few = np.array([i for i, each in enumerate(prepared.utterances) if each.emotion is not Emotion.SAD or i % 5 == 0])
    probability = voice_data.sampling_weights(prepared, few, 0.5)
    labels, corpora = prepared.labels()[few], prepared.corpora()[few]
    for corpus in np.unique(corpora):
        inside = corpora == corpus
        shares = [probability[inside & (labels == label)].sum() for label in np.unique(labels[inside])]
        assert np.allclose(shares, shares[0])
    assert probability.sum() == pytest.approx(1)
