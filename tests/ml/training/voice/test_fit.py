"""Fitting the Attention-LSTM of a fold: resuming, stopping early, and what its draws follow from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ml.training.checkpoints import load_latest
from ml.training.voice import fit as fitting
from ml.training.voice.fit import fit
from ml.training.voice.prepare import Prepared
from ml.training.voice.train import VoiceOptions, split_of
from tests.ml.training.voice.tones import TINY


def parameters(fitted: fitting.Fitted) -> list[torch.Tensor]:
    return list(fitted.model.state_dict().values())


def fit_first_fold(prepared: Prepared, options: VoiceOptions, folder: Path, progress=None) -> fitting.Fitted:  # type: ignore[no-untyped-def]
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
    monkeypatch.setattr(fitting, "inner_loss", lambda *_: 0.5)
    epochs: list[int] = []
    impatient = replace(options, fit=replace(TINY, epochs=9, patience=2))
    split = split_of(prepared, {f"s{number}": number // 4 for number in range(8)}, (0, 0), options)
    fitted = fit(prepared, split, impatient.fit, progress=lambda epoch, loss, watched: epochs.append(epoch))
    assert epochs == [1, 2, 3]
    assert fitted.epoch == 1


def test_without_inner_speakers_it_still_learns(prepared: Prepared, options: VoiceOptions) -> None:
    split = split_of(prepared, {f"s{number}": number // 4 for number in range(8)}, (0, 0), options)
    everyone = fitting.Split(np.concatenate([split.train, split.inner]), np.array([], dtype=int), split.test)
    fitted = fit(prepared, everyone, options.fit)
    assert np.isfinite(fitted.loss)
    assert fitted.epoch > 0
