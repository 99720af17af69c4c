"""How sure the voice's answers are: temperatures (Guo et al. 2017), each fitted on speakers of other folds.

Answers that are standardised by the training speakers' statistics, for want of speech, are right less often than their
networks believe, and get temperatures of their own.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from ml.emotions import EMOTIONS
from ml.training.checkpoints import TrainingProgress
from ml.training.speech import Utterance, read_audio
from ml.training.voice_data import Prepared
from ml.training.voice_fit import Split
from ml.voice.recogniser import VoiceRecogniser


def fold_temperatures(prepared: Prepared, splits: list[Split], logits: list[list[np.ndarray]]) -> list[float]:
    """A temperature per fold, fitted on the out-of-fold logits of all *other* folds' speakers.

    So the labels of a fold's own speakers have no part in the calibration their figures are computed with.
    Every corpus weighs the same.
    """
    temperatures = []
    for fold in range(len(splits)):
        others = [(splits[other].test, each) for other in range(len(splits)) if other != fold for each in logits[other]]
        indices = np.concatenate([test for test, _ in others])
        stacked = np.concatenate([each for _, each in others])
        temperatures.append(temperature_for(stacked, prepared.labels()[indices], prepared.corpora()[indices]))
    return temperatures


def temperature_for(logits: np.ndarray, labels: np.ndarray, groups: np.ndarray) -> float:
    """The temperature (0.2-5) with the least negative log likelihood, every group weighing the same."""
    weight = np.zeros(len(labels))
    for group in np.unique(groups):
        weight[groups == group] = 1 / np.sum(groups == group)

    def loss(log_temperature: float) -> float:
        scores = log_softmax(logits.astype(np.float64) / np.exp(log_temperature), axis=1)
        return -float(np.average(scores[np.arange(len(labels)), labels], weights=weight))

    found = minimize_scalar(loss, bounds=(np.log(0.2), np.log(5.0)), method="bounded")
    return float(np.exp(found.x))


def with_fallback_temperatures(
    recogniser: VoiceRecogniser, utterances: Sequence[Utterance], tell: TrainingProgress
) -> VoiceRecogniser:
    """The same networks with a temperature per fold for answers by the training speakers' statistics.

    Every utterance is judged by itself and by networks that never heard its speaker; those with enough speech for
    statistics of their own do not count. Where none is left, the fold's other temperature serves.
    """
    plain = [replace(member, temperature=1.0, fallback_temperature=1.0) for member in recogniser.members]
    unscaled = VoiceRecogniser(plain, recogniser.fold_of, recogniser.version, recogniser.contour_share)
    logits, fallen = _judged_alone(unscaled, utterances, tell)
    labels = np.array([int(utterance.emotion) for utterance in utterances])
    corpora = np.array([utterance.corpus for utterance in utterances])
    folds = np.array([recogniser.fold_of[utterance.speaker] for utterance in utterances])
    found: dict[int, float] = {}
    for fold in {member.fold for member in recogniser.members}:
        others = fallen & (folds != fold)
        if others.any():
            found[fold] = temperature_for(logits[others], labels[others], corpora[others])
    members = [
        replace(member, fallback_temperature=found.get(member.fold, member.temperature))
        for member in recogniser.members
    ]
    return VoiceRecogniser(members, recogniser.fold_of, recogniser.version, recogniser.contour_share)


def _judged_alone(
    recogniser: VoiceRecogniser, utterances: Sequence[Utterance], tell: TrainingProgress
) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of the answers, shape (n, 7), and for which of them fallback statistics served, bool, shape (n,)."""
    logits = np.zeros((len(utterances), len(EMOTIONS)))
    fallen = np.zeros(len(utterances), dtype=bool)
    for number, utterance in enumerate(utterances):
        (judged,) = recogniser.predict_utterances([read_audio(utterance.path)], utterance.speaker, own_statistics=False)
        logits[number] = np.log(np.maximum(judged.probabilities, 1e-9))
        fallen[number] = not judged.own
        tell("short recordings", number + 1, len(utterances))
    return logits, fallen
