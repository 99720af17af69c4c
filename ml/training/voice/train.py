"""Train the voice networks on speech corpora (paper section 2.4) and measure them on people they never heard.

Speakers are dealt into folds. Per fold a speech network is fitted on sessions of the other folds' speakers
(``ml.training.voice.rounds``, ``ml.training.voice.network``), and the paper's Attention-LSTM on their utterances. All
of them ship as one ensemble (``ml.voice.recogniser``). Every figure stored with the weights is out of fold: each
utterance judged only by networks that never heard its speaker, at a temperature fitted on other folds' speakers.
"""

import hashlib
import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from ml import weights as stored
from ml.data.folds import inner_speakers, speaker_folds
from ml.data.manifest import Utterance, read_manifests, speech_manifests
from ml.evaluation.voice import predict_voices, read_by_history
from ml.metrics.calibration import expected_calibration_error
from ml.results import Progress
from ml.training.checkpoints import default_folder, load_latest, plain, save_checkpoint, show_config
from ml.training.voice.baselines import baseline_predictions
from ml.training.voice.fit import FitOptions, Fitted, Split, fit, number_of
from ml.training.voice.network import LearningNetwork, NetworkOptions, fit_network
from ml.training.voice.prepare import Prepared, Version, prepare
from ml.training.voice.rounds import ROUNDS, Round, Segments, round_segments
from ml.training.voice.temperatures import at_temperatures, with_attention_temperatures
from ml.voice.attention_lstm import AttentionLSTM
from ml.voice.person import People
from ml.voice.recogniser import Member, VoiceRecogniser, load_encoder, pack, unpack
from ml.voice.speech_network import SpeechNetwork
from ml.voice.standardise import Statistics
from ml.voice.whisper_encoder import WhisperEncoder

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class VoiceOptions:
    """What to train on and how.

    Attributes:
        manifests: CSV files with columns path, speaker, emotion7 and, if there, corpus; where two of them hold
            recordings of one corpus, those of the later one count.
        checkpoints: folder of checkpoints; a run with other options or other manifests has its own folder inside.
        weights: folder the result is written to; None for the shipped one (or ``EMOREC_WEIGHTS``).
        attention: folder of weights whose Attention-LSTMs are taken over in place of fitting them; they must have been
            fitted with the same folds.
        version: name of the result.
        folds: speaker-independent folds.
        inner_share: share of a corpus's training speakers watched for early stopping of the Attention-LSTM; 0 for none,
            where the learning rate's schedule decides alone and all speakers are learned from.
        speeds, noisy_speeds: speeds at which the Attention-LSTM hears copies of every utterance, clean and with noise.
        noise_snr_db: range of the signal-to-noise ratio of the noisy copies.
        fit: of each Attention-LSTM.
        rounds: ways through the corpora that the speech networks learn from.
        network: of each speech network.
    """

    manifests: tuple[Path, ...] = field(default_factory=speech_manifests)
    checkpoints: Path = field(default_factory=lambda: default_folder("voice"))
    weights: Path | None = None
    attention: Path | None = None
    version: str = "voice-6"
    folds: int = 5
    inner_share: float = 0.0
    speeds: tuple[float, ...] = (1.0, 0.85, 0.9, 0.95, 1.05, 1.1, 1.15)
    noisy_speeds: tuple[float, ...] = (1.0, 0.93, 1.07)
    noise_snr_db: tuple[float, float] = (5.0, 25.0)
    fit: FitOptions = field(default_factory=FitOptions)
    rounds: tuple[Round, ...] = ROUNDS
    network: NetworkOptions = field(default_factory=NetworkOptions)

    def versions(self) -> tuple[Version, ...]:
        """The copies of every utterance; the first is as recorded."""
        if not self.speeds or self.speeds[0] != 1.0:
            raise ValueError("the first speed must be 1: figures are taken on it")
        noisy = tuple(Version(speed, self.noise_snr_db) for speed in self.noisy_speeds)
        return tuple(Version(speed) for speed in self.speeds) + noisy

    def utterances(self) -> list[Utterance]:
        """The labelled rows of all manifests."""
        return read_manifests(self.manifests)


def train_voice(options: VoiceOptions | None = None, progress: Progress | None = None) -> dict[str, Any]:
    """Train, measure and write ``voice.safetensors``.

    Args:
        progress: called with (what is being done, completed, total); may raise to stop, and the next call with equal
            options goes on from the last checkpoint.

    Returns:
        The card entry written.

    Raises:
        RecognitionError: encoder_missing, encoder_damaged.
    """
    options = options or VoiceOptions()
    show_config("voice training", options)
    tell = progress or (lambda what, completed, total: None)
    encoder = load_encoder()
    utterances = options.utterances()
    fold_of = speaker_folds(utterances, options.folds, options.fit.seed)
    segments = rounds(utterances, encoder, options, tell)
    speech, people = speech_networks(utterances, segments, options, run_folder(options), tell)
    attending, baselines = _attending(utterances, fold_of, options, tell)
    members = [
        Member(model, network, fold, 1.0, statistics, people[fold])
        for fold, ((model, statistics), network) in enumerate(zip(attending, speech, strict=True))
    ]
    fitted = with_attention_temperatures(VoiceRecogniser(members, fold_of, options.version, encoder), utterances, tell)
    tensors, description = pack(fitted)
    shipped = VoiceRecogniser(*unpack(tensors, description), encoder)
    answers = predict_voices(shipped, utterances, tell)
    meta = {
        **description,
        "seed": options.fit.seed,
        "config": settings(options),
        "data": {
            corpus: sum(u.corpus == corpus for u in utterances) for corpus in sorted({u.corpus for u in utterances})
        },
        "metrics": {
            "general": figures(utterances, answers.general),
            "with_history": figures(utterances, read_by_history(shipped, utterances, answers)),
            "attention_lstm_alone": by_corpus(utterances, answers.attended.argmax(axis=1)),
            **baselines,
        },
    }
    return stored.write("voice", tensors, meta, options.weights)


def rounds(
    utterances: list[Utterance], encoder: WhisperEncoder, options: VoiceOptions, tell: Progress
) -> dict[Round, Segments]:
    """The segments of all rounds through all utterances of the options' manifests, made or taken up."""
    return {of: _round(utterances, of, encoder, options, tell) for of in options.rounds}


def _round(
    utterances: list[Utterance], of: Round, encoder: WhisperEncoder, options: VoiceOptions, tell: Progress
) -> Segments:
    """The segments of one round, made or taken up."""
    path = run_folder(options) / "rounds" / f"{of.name}.npz"
    if not path.is_file():
        round_segments(
            utterances, of, encoder, options.fit.seed, lambda done, total: tell(f"round {of.name}", done, total)
        ).save(path)
    return Segments.load(path)


def speech_networks(
    utterances: list[Utterance],
    segments: dict[Round, Segments],
    options: VoiceOptions,
    folder: Path,
    tell: Progress,
) -> tuple[list[SpeechNetwork], list[People]]:
    """A speech network per fold at its temperatures, and what each fold's others say of people in general.

    Args:
        utterances: of the segments; their speakers are dealt into folds.
        folder: of the networks' checkpoints; finished ones there are taken up.
    """
    corpus_of = {utterance.speaker: utterance.corpus for utterance in utterances}
    fold_of = speaker_folds(utterances, options.folds, options.fit.seed)
    everything = Segments.together(segments.values())
    folds = np.array([fold_of[str(speaker)] for speaker in everything.speakers])
    networks = []
    for fold in range(options.folds):
        tell("speech networks", fold, options.folds)
        keep = np.flatnonzero(folds != fold)
        networks.append(_speech_network(everything, keep, corpus_of, options, folder / f"speech{fold}"))
    tell("speech networks", options.folds, options.folds)
    recorded = Segments.together(each for of, each in segments.items() if not of.altered)
    return at_temperatures(networks, recorded, fold_of, corpus_of)


def _speech_network(
    everything: Segments, keep: np.ndarray, corpus_of: dict[str, str], options: VoiceOptions, folder: Path
) -> LearningNetwork:
    """Fit the network of one fold, or take up its checkpoint; its seed follows from the number that ends the folder."""
    seed = number_of(options.fit.seed, int(folder.name.removeprefix("speech")))
    resumed = load_latest(folder)
    if resumed is None:
        fitted = fit_network(everything, keep, corpus_of, options.network, seed)
        save_checkpoint(folder, 1, {"network": fitted.state_dict()}, options.network, keep=1)
        return fitted
    network = LearningNetwork(everything.features[keep], options.network, seed)
    network.load_state_dict(resumed[1]["network"])
    return network.eval()


def _attending(
    utterances: list[Utterance], fold_of: dict[str, int], options: VoiceOptions, tell: Progress
) -> tuple[list[tuple[AttentionLSTM, Statistics]], dict[str, Any]]:
    """The paper's networks, taken over or fitted; fitted ones are set beside the simplest ways to do their task."""
    if options.attention is not None:
        return _attention_from(options.attention, fold_of), {}
    prepared = prepare(
        utterances,
        options.versions(),
        options.fit.architecture.frames_averaged,
        options.fit.seed,
        lambda completed, total: tell("features", completed, total),
    )
    splits = [split_of(prepared, fold_of, (fold, 0), options) for fold in range(options.folds)]
    fitted = [_fit_one(prepared, split, options, (fold, 0), tell) for fold, split in enumerate(splits)]
    tested = np.concatenate([split.test for split in splits])
    rows = [prepared.utterances[number] for number in tested]
    baselines = {
        name: by_corpus(rows, predicted)
        for name, predicted in baseline_predictions(prepared, splits, options.fit.seed).items()
    }
    return [(each.model, each.statistics) for each in fitted], {"baselines": baselines}


def _attention_from(folder: Path, fold_of: dict[str, int]) -> list[tuple[AttentionLSTM, Statistics]]:
    """The Attention-LSTMs of other weights.

    Raises:
        ValueError: somebody they learned from is in a fold that they must not have heard.
        RecognitionError: weights_missing, weights_damaged.
    """
    members, before, _ = unpack(*stored.read("voice", folder))
    if any(fold_of.get(speaker) != fold for speaker, fold in before.items()):
        raise ValueError("the Attention-LSTMs to be taken over were fitted with other folds")
    return [(each.model, each.statistics) for each in members]


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


def by_corpus(utterances: list[Utterance], predicted: np.ndarray) -> dict[str, dict[str, float]]:
    """n, accuracy and unweighted average recall (over the classes there are) of each corpus, fractions of 1."""
    labels = np.array([int(utterance.emotion) for utterance in utterances])
    corpora = np.array([utterance.corpus for utterance in utterances])
    table = {}
    for corpus in np.unique(corpora):
        inside = corpora == corpus
        table[str(corpus)] = {
            "n": int(inside.sum()),
            "accuracy": round(float(accuracy_score(labels[inside], predicted[inside])), 4),
            "uar": round(float(balanced_accuracy_score(labels[inside], predicted[inside])), 4),
        }
    return table


def figures(utterances: list[Utterance], probabilities: np.ndarray) -> dict[str, Any]:
    """``by_corpus`` of calibrated probabilities, with the expected calibration error (15 bins) over everything."""
    labels = np.array([int(utterance.emotion) for utterance in utterances])
    correct = probabilities.argmax(axis=1) == labels
    return {
        "per_corpus": by_corpus(utterances, probabilities.argmax(axis=1)),
        "n": len(probabilities),
        "accuracy": round(float(correct.mean()), 4),
        "ece": round(expected_calibration_error(probabilities, labels), 4),
    }


def run_name(options: VoiceOptions) -> str:
    """A folder name for the checkpoints of equal options and equal manifests, and no others."""
    described = json.dumps(settings(options, "version"), sort_keys=True).encode()
    content = b"".join(manifest.read_bytes() for manifest in options.manifests)
    return hashlib.sha256(described + content).hexdigest()[:12]


def run_folder(options: VoiceOptions) -> Path:
    """Where the rounds and checkpoints of these options lie."""
    return options.checkpoints / run_name(options)


def settings(options: VoiceOptions, *besides: str) -> dict[str, Any]:
    """The options as JSON keeps them, without those that name places on this machine (and ``besides``)."""
    left_out = {"manifests", "checkpoints", "weights", "attention", *besides}
    named = {key: value for key, value in plain(options).items() if key not in left_out}
    described: dict[str, Any] = json.loads(json.dumps(named))
    return described


def _fit_one(prepared: Prepared, split: Split, options: VoiceOptions, place: tuple[int, int], tell: Progress) -> Fitted:
    """Fit the Attention-LSTM of that fold, or take up its checkpoint."""
    name = f"fold {place[0]}"

    def epoch_done(epoch: int, loss: float, inner: float) -> None:
        log.info("%s epoch %d: loss %.3f, inner loss %.3f", name, epoch, loss, inner)
        tell(name, epoch, options.fit.epochs)

    folder = run_folder(options) / f"fold{place[0]}"
    return fit(prepared, split, options.fit, stream=place, folder=folder, progress=epoch_done)
