"""Train the voice networks on speech corpora (paper section 2.4) and measure them on people they never heard.

Speakers are dealt into folds; per fold an Attention-LSTM and a contour network are fitted that never hear the fold's
speakers. All of them ship as one ensemble (``ml.voice.recogniser``). Every figure stored with the weights is out of
fold: each utterance judged only by the networks that never heard its speaker, at a temperature fitted on other folds'
speakers.
"""

import hashlib
import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from ml import weights as stored
from ml.evaluation.metrics import expected_calibration_error
from ml.evaluation.voice import predict_voices
from ml.training.checkpoints import TrainingProgress, default_folder, plain, show_config
from ml.training.speech import inner_speakers, read_manifest, speaker_folds, speech_manifest
from ml.training.voice_baselines import baseline_predictions
from ml.training.voice_calibration import fold_temperatures, with_fallback_temperatures
from ml.training.voice_contours import ContourOptions, contour_logits, fit_contours, take_contours
from ml.training.voice_data import Prepared, Version, prepare
from ml.training.voice_fit import FitOptions, Fitted, Split, fit, logits_of, number_of
from ml.voice.contours import ContourNetwork, blend
from ml.voice.recogniser import CONTOUR_SHARE, Member, VoiceRecogniser, pack, unpack

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class VoiceOptions:
    """What to train on and how.

    Attributes:
        manifest: CSV with columns path, speaker, emotion7 and, if there, corpus.
        checkpoints: folder of checkpoints; a run with other options or another manifest has its own folder inside.
        weights: folder the result is written to; None for the shipped one (or ``EMOREC_WEIGHTS``).
        version: name of the result.
        folds: speaker-independent folds.
        repeats: pairs of networks per fold, differing by their random draws.
        inner_share: share of a corpus's training speakers watched for early stopping of the Attention-LSTM; 0 for none,
            where the learning rate's schedule decides alone and all speakers are learned from.
        speeds, noisy_speeds: speeds at which copies of every utterance are heard, clean and with noise.
        noise_snr_db: range of the signal-to-noise ratio of the noisy copies.
        fit: of each Attention-LSTM.
        contours: of each contour network.
    """

    manifest: Path = field(default_factory=speech_manifest)
    checkpoints: Path = field(default_factory=lambda: default_folder("voice"))
    weights: Path | None = None
    version: str = "voice-5"
    folds: int = 5
    repeats: int = 1
    inner_share: float = 0.0
    speeds: tuple[float, ...] = (1.0, 0.85, 0.9, 0.95, 1.05, 1.1, 1.15)
    noisy_speeds: tuple[float, ...] = (1.0, 0.93, 1.07)
    noise_snr_db: tuple[float, float] = (5.0, 25.0)
    fit: FitOptions = field(default_factory=FitOptions)
    contours: ContourOptions = field(default_factory=ContourOptions)

    def versions(self) -> tuple[Version, ...]:
        """The copies of every utterance; the first is as recorded."""
        if not self.speeds or self.speeds[0] != 1.0:
            raise ValueError("the first speed must be 1: figures are taken on it")
        noisy = tuple(Version(speed, self.noise_snr_db) for speed in self.noisy_speeds)
        return tuple(Version(speed) for speed in self.speeds) + noisy


def train_voice(options: VoiceOptions | None = None, progress: TrainingProgress | None = None) -> dict[str, Any]:
    """Train, measure and write ``voice.safetensors``.

    Args:
        progress: called with (what is being done, completed, total); may raise to stop, and the next call with equal
            options goes on from the last checkpoint.

    Returns:
        The card entry written.
    """
    options = options or VoiceOptions()
    show_config("voice training", options)
    tell = progress or (lambda what, completed, total: None)
    prepared = prepare(
        read_manifest(options.manifest),
        options.versions(),
        options.fit.architecture.frames_averaged,
        options.fit.seed,
        lambda completed, total: tell("features", completed, total),
    )
    return train_prepared(prepared, options, tell)


def train_prepared(prepared: Prepared, options: VoiceOptions, tell: TrainingProgress) -> dict[str, Any]:
    """The part of ``train_voice`` after the features."""
    fold_of = speaker_folds(prepared.utterances, options.folds, options.fit.seed)
    splits = [split_of(prepared, fold_of, (fold, 0), options) for fold in range(options.folds)]
    networks = [
        [_fit_one(prepared, fold_of, options, (fold, repeat), tell) for repeat in range(options.repeats)]
        for fold in range(options.folds)
    ]
    outlines, outlined = _fit_outlines(prepared, networks, options, tell)
    heard = _test_logits(prepared, splits, networks)
    blended = [[_blend(*pair) for pair in zip(*row, strict=True)] for row in zip(heard, outlined, strict=True)]
    temperatures = fold_temperatures(prepared, splits, blended)
    members = [
        Member(network.model, outline, fold, temperatures[fold], temperatures[fold], network.statistics)
        for fold, row in enumerate(zip(networks, outlines, strict=True))
        for network, outline in zip(*row, strict=True)
    ]
    fitted = with_fallback_temperatures(VoiceRecogniser(members, fold_of, options.version), prepared.utterances, tell)
    tensors, description = pack(fitted)
    shipped = VoiceRecogniser(*unpack(tensors, description))
    tested = np.concatenate([split.test for split in splits])
    baselines = {
        name: by_corpus(prepared, tested, predicted)
        for name, predicted in baseline_predictions(prepared, splits, options.fit.seed).items()
    }
    meta = {
        **description,
        "seed": options.fit.seed,
        "config": settings(options),
        "data": {corpus: int(np.sum(prepared.corpora() == corpus)) for corpus in np.unique(prepared.corpora())},
        "stopped": [[network.epoch for network in row] for row in networks],
        "metrics": {
            "own_statistics": figures(prepared, predict_voices(shipped, prepared.utterances, True, tell)),
            "training_statistics": figures(prepared, predict_voices(shipped, prepared.utterances, False, tell)),
            "attention_lstm_alone": by_corpus(prepared, tested, _first_answers(heard)),
            "contours_alone": by_corpus(prepared, tested, _first_answers(outlined)),
            "baselines": baselines,
        },
    }
    return stored.write("voice", tensors, meta, options.weights)


def split_of(prepared: Prepared, fold_of: dict[str, int], place: tuple[int, int], options: VoiceOptions) -> Split:
    """Utterances of a fold's test speakers, of the inner validation speakers, and of all others.

    Args:
        place: (fold, number of the network in it). The networks of a fold watch different inner speakers, so that
            together they learn from all of the fold's training speakers.
    """
    fold, repeat = place
    aside = inner_speakers(prepared.utterances, fold_of, fold, options.inner_share, options.fit.seed + repeat)
    test = np.array([fold_of[utterance.speaker] == fold for utterance in prepared.utterances])
    inner = np.array([utterance.speaker in aside for utterance in prepared.utterances])
    return Split(np.flatnonzero(~test & ~inner), np.flatnonzero(inner), np.flatnonzero(test))


def by_corpus(prepared: Prepared, indices: np.ndarray, predicted: np.ndarray) -> dict[str, dict[str, float]]:
    """n, accuracy and unweighted average recall (over the classes there are) of each corpus, fractions of 1."""
    labels, corpora = prepared.labels()[indices], prepared.corpora()[indices]
    table = {}
    for corpus in np.unique(corpora):
        inside = corpora == corpus
        table[str(corpus)] = {
            "n": int(inside.sum()),
            "accuracy": round(float(accuracy_score(labels[inside], predicted[inside])), 4),
            "uar": round(float(balanced_accuracy_score(labels[inside], predicted[inside])), 4),
        }
    return table


def figures(prepared: Prepared, probabilities: np.ndarray) -> dict[str, Any]:
    """``by_corpus`` of calibrated probabilities, with the expected calibration error (15 bins) over everything."""
    correct = probabilities.argmax(axis=1) == prepared.labels()
    return {
        "per_corpus": by_corpus(prepared, np.arange(len(probabilities)), probabilities.argmax(axis=1)),
        "n": len(probabilities),
        "accuracy": round(float(correct.mean()), 4),
        "ece": round(expected_calibration_error(probabilities, prepared.labels()), 4),
    }


def run_name(options: VoiceOptions) -> str:
    """A folder name for the Attention-LSTMs of equal options and an equal manifest, and no others.

    The contour networks keep no checkpoints, so their options do not matter here.
    """
    described = json.dumps(settings(options, "version", "repeats", "contours"), sort_keys=True).encode()
    return hashlib.sha256(described + options.manifest.read_bytes()).hexdigest()[:12]


def settings(options: VoiceOptions, *besides: str) -> dict[str, Any]:
    """The options as JSON keeps them, without those that name places on this machine (and ``besides``)."""
    left_out = {"manifest", "checkpoints", "weights", *besides}
    kept = {key: value for key, value in plain(options).items() if key not in left_out}
    described: dict[str, Any] = json.loads(json.dumps(kept))
    return described


def _fit_one(
    prepared: Prepared, fold_of: dict[str, int], options: VoiceOptions, place: tuple[int, int], tell: TrainingProgress
) -> Fitted:
    """Fit the network with that fold and number in the fold, or take up its checkpoint."""
    fold, repeat = place
    name = f"fold {fold} network {repeat}"

    def epoch_done(epoch: int, loss: float, watched: float) -> None:
        log.info("%s epoch %d: loss %.3f, inner loss %.3f", name, epoch, loss, watched)
        tell(name, epoch, options.fit.epochs)

    folder = options.checkpoints / run_name(options) / f"fold{fold}-{repeat}"
    split = split_of(prepared, fold_of, place, options)
    return fit(prepared, split, options.fit, stream=place, folder=folder, progress=epoch_done)


def _fit_outlines(
    prepared: Prepared, networks: list[list[Fitted]], options: VoiceOptions, tell: TrainingProgress
) -> tuple[list[list[ContourNetwork]], list[list[np.ndarray]]]:
    """The contour networks by fold and number in the fold, and their logits on the fold's test speakers."""
    taken = take_contours(prepared, lambda completed, total: tell("contours", completed, total))
    fold_of = speaker_folds(prepared.utterances, options.folds, options.fit.seed)
    outlines: list[list[ContourNetwork]] = []
    for fold, row in enumerate(networks):
        split = split_of(prepared, fold_of, (fold, 0), options)
        train = np.concatenate([split.train, split.inner])
        tell("contour networks", fold, options.folds)
        outlines.append(
            [
                fit_contours(
                    prepared,
                    taken,
                    train,
                    fallback=network.statistics,
                    options=options.contours,
                    seed=number_of(options.fit.seed, fold, repeat),
                )
                for repeat, network in enumerate(row)
            ]
        )
    tests = [split_of(prepared, fold_of, (fold, 0), options).test for fold in range(options.folds)]
    logits = [[contour_logits(each, taken, test) for each in row] for row, test in zip(outlines, tests, strict=True)]
    return outlines, logits


def _blend(heard: np.ndarray, outlined: np.ndarray) -> np.ndarray:
    blended: np.ndarray = blend(torch.from_numpy(heard), torch.from_numpy(outlined), CONTOUR_SHARE).numpy()
    return blended


def _first_answers(logits: list[list[np.ndarray]]) -> np.ndarray:
    """Classes chosen by the first network of every fold, for the folds' test speakers one after another."""
    return np.concatenate([row[0].argmax(axis=1) for row in logits])


def _test_logits(prepared: Prepared, splits: list[Split], networks: list[list[Fitted]]) -> list[list[np.ndarray]]:
    """Logits of every fold's networks on the fold's test speakers."""
    return [
        [logits_of(network.model, prepared, split.test, network.statistics) for network in row]
        for split, row in zip(splits, networks, strict=True)
    ]
