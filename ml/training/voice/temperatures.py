"""How sure the voice's answers are: temperatures, each fitted on speakers of other folds, and people in general."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ml.data.manifest import Utterance
from ml.emotions import EMOTIONS
from ml.evaluation.voice import predict_voices
from ml.metrics.calibration import fit_temperature
from ml.results import Progress
from ml.training.voice.network import LearningNetwork, answers_of, centred, people_of
from ml.training.voice.rounds import Segments
from ml.voice.person import People
from ml.voice.recogniser import VoiceRecogniser
from ml.voice.speech_network import SpeechNetwork

PURE = 0.95
"""Share of one mood in a segment's speech from which it says how that mood's scores lie."""


def at_temperatures(
    networks: Sequence[LearningNetwork],
    recorded: Segments,
    fold_of: Mapping[str, int],
    corpus_of: Mapping[str, str],
) -> tuple[list[SpeechNetwork], list[People]]:
    """The networks as they ship, and what each fold's others say of people in general.

    Args:
        networks: one per fold, which never heard the fold's speakers.
        recorded: segments of sound as it was recorded, of the speakers of all folds.
        fold_of, corpus_of: by speaker.
    """
    own = np.array([fold_of[str(speaker)] for speaker in recorded.speakers])
    general, scores = np.zeros((len(own), len(EMOTIONS))), np.zeros((len(own), len(EMOTIONS)))
    for fold, network in enumerate(networks):
        general[own == fold], scores[own == fold] = answers_of(network.folded(), recorded.features[own == fold])
    moods, pure = recorded.labels.argmax(axis=1), recorded.labels.max(axis=1) >= PURE
    corpora = np.array([corpus_of[str(speaker)] for speaker in recorded.speakers])
    shipped, people = [], []
    for fold, network in enumerate(networks):
        from_others, pure_others = own != fold, (own != fold) & pure
        less_usual = centred(scores[pure_others], moods[pure_others], recorded.speakers[pure_others])
        temperature = fit_temperature(general[from_others], recorded.labels[from_others], corpora[from_others])
        scores_temperature = fit_temperature(less_usual, moods[pure_others], corpora[pure_others])
        shipped.append(network.folded(temperature, scores_temperature))
        scaled = scores[pure_others] / scores_temperature
        people.append(people_of(scaled, moods[pure_others], recorded.speakers[pure_others]))
    return shipped, people


def with_attention_temperatures(
    recogniser: VoiceRecogniser, utterances: list[Utterance], tell: Progress
) -> VoiceRecogniser:
    """The same networks, the Attention-LSTMs' temperatures fitted on the utterances of other folds' speakers."""
    logits = np.log(np.maximum(predict_voices(recogniser.attention_alone(), utterances, tell).general, 1e-9))
    labels = np.array([int(utterance.emotion) for utterance in utterances])
    corpora = np.array([utterance.corpus for utterance in utterances])
    folds = np.array([recogniser.fold_of[utterance.speaker] for utterance in utterances])
    members = []
    for member in recogniser.members:
        from_others = folds != member.fold
        temperature = fit_temperature(logits[from_others], labels[from_others], corpora[from_others])
        members.append(replace(member, attention_temperature=temperature))
    return recogniser.with_members(members)
