"""Training the voice on a small made-up corpus, from recordings to weights."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ml import weights
from ml.data.manifest import read_audio
from ml.training.voice import train
from ml.training.voice.prepare import Prepared
from ml.training.voice.train import VoiceOptions, split_of, train_voice
from ml.voice.recogniser import VoiceRecogniser
from tests.ml.training.voice.tones import TINY, TINY_NETWORK


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
        judged = recogniser.predict_whole(read_audio(each.path), each.speaker)
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


def test_other_options_do_not_take_up_a_foreign_checkpoint(options: VoiceOptions) -> None:
    other = replace(options, fit=replace(TINY, learning_rate=1e-3))
    assert train.run_name(options) != train.run_name(other)
    assert train.run_name(options) == train.run_name(replace(options, weights=None, version="other"))


def test_the_first_version_must_be_as_recorded(options: VoiceOptions) -> None:
    with pytest.raises(ValueError, match="first speed"):
        replace(options, speeds=(0.9, 1.0)).versions()
