"""The paper's first voice row (Table 1): an ordinary LSTM on MFCC alone, trained small, judged out of fold.

What it leaves out against the shipped voice: Fbank and spectrogram, attention, augmentation, several networks per fold.
What it shares: speech activity, level, the speaker's own statistics, frames averaged by six, and the folds.
"""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

from ml.data.folds import inner_speakers
from ml.data.manifest import Utterance, read_audio
from ml.emotions import EMOTIONS
from ml.results import Progress
from ml.training.checkpoints import load_latest, save_checkpoint
from ml.voice import activity, features
from ml.voice.standardise import Moments, gain_for, speech_rms


@dataclass(frozen=True, slots=True)
class LstmOptions:
    """How the networks are fitted; attributes as the names say. ``patience`` counts epochs without improvement."""

    hidden: int = 64
    dropout: float = 0.3
    frames_averaged: int = 6
    epochs: int = 40
    patience: int = 8
    batch: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    inner_share: float = 0.12


class MfccLstm(nn.Module):
    """One LSTM over the frames; its last state is classified."""

    def __init__(self, hidden: int, dropout: float) -> None:
        super().__init__()
        self.lstm = nn.LSTM(3 * features.N_MFCC, hidden, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden, len(EMOTIONS))

    def forward(self, frames: torch.nn.utils.rnn.PackedSequence) -> torch.Tensor:
        """Logits, shape (B, 7), of packed sequences of shape (T, 60)."""
        _, (last, _) = self.lstm(frames)
        return self.classifier(self.dropout(last[-1]))


def judge_by_mfcc_lstm(
    utterances: Sequence[Utterance],
    fold_of: dict[str, int],
    options: LstmOptions,
    seed: int,
    *,
    folder: Path,
    tell: Progress,
) -> np.ndarray:
    """Probabilities of all utterances, each by a network that never heard its speaker, shape (n, 7).

    Args:
        fold_of: fold by speaker.
        folder: of the checkpoints, one per fold; folds found there are not fitted again.
    """
    folds = sorted({fold_of[utterance.speaker] for utterance in utterances})
    probabilities = np.zeros((len(utterances), len(EMOTIONS)))
    frames: list[torch.Tensor] = []
    for fold in folds:
        fold_folder = folder / f"fold{fold}"
        checkpoint = load_latest(fold_folder)
        if checkpoint is None:
            frames = frames or mfcc_frames(utterances, options.frames_averaged, tell)
            judged = _fit_and_judge(frames, utterances, fold_of, options, fold=fold, seed=seed)
            save_checkpoint(fold_folder, 1, {"probabilities": judged}, {"seed": seed})
        else:
            judged = checkpoint[1]["probabilities"]
        probabilities[_of_fold(utterances, fold_of, fold)] = judged.numpy()
        tell("MFCC + LSTM", folds.index(fold) + 1, len(folds))
    return probabilities


def mfcc_frames(utterances: Sequence[Utterance], group: int, tell: Progress) -> list[torch.Tensor]:
    """MFCC with both differences of every utterance from its first to its last speech, standardised by its speaker's
    statistics, ``group`` frames averaged into one: float32, shape (T, 60)."""
    frames: dict[int, torch.Tensor] = {}
    for speaker in sorted({utterance.speaker for utterance in utterances}):
        own = [number for number, utterance in enumerate(utterances) if utterance.speaker == speaker]
        audio = [read_audio(utterances[number].path) for number in own]
        masks = [activity.frame_mask(activity.speech_probabilities(samples), len(samples)) for samples in audio]
        gain = gain_for(speech_rms(list(zip(audio, masks, strict=True))))
        whole = [features.extract(samples * np.float32(gain)) for samples in audio]
        moments = Moments()
        for values, mask in zip(whole, masks, strict=True):
            moments.add(values[mask])
        statistics = moments.statistics()
        for number, values, mask in zip(own, whole, masks, strict=True):
            first, last = activity.speech_span(mask)
            averaged = statistics.apply(features.average_frames(values[first:last], group))
            frames[number] = torch.from_numpy(np.ascontiguousarray(averaged[:, features.MFCC], dtype=np.float32))
        tell("MFCC", len(frames), len(utterances))
    return [frames[number] for number in range(len(utterances))]


def _of_fold(utterances: Sequence[Utterance], fold_of: dict[str, int], fold: int) -> np.ndarray:
    return np.flatnonzero([fold_of[utterance.speaker] == fold for utterance in utterances])


def _fit_and_judge(
    frames: list[torch.Tensor],
    utterances: Sequence[Utterance],
    fold_of: dict[str, int],
    options: LstmOptions,
    *,
    fold: int,
    seed: int,
) -> torch.Tensor:
    """Fit on the other folds' speakers, stop by the inner ones, and judge this fold's; shape (test, 7)."""
    labels = torch.tensor([int(utterance.emotion) for utterance in utterances])
    aside = inner_speakers(utterances, fold_of, fold, options.inner_share, seed)
    inner = np.flatnonzero([utterance.speaker in aside for utterance in utterances])
    test = _of_fold(utterances, fold_of, fold)
    train = np.setdiff1d(np.arange(len(utterances)), np.concatenate([inner, test]))
    torch.manual_seed(seed * 1000 + fold)
    draws = np.random.default_rng((seed, fold))
    network = MfccLstm(options.hidden, options.dropout)
    optimiser = torch.optim.AdamW(network.parameters(), lr=options.learning_rate, weight_decay=options.weight_decay)
    best, best_loss, waited = copy.deepcopy(network), math.inf, 0
    for _ in range(options.epochs):
        network.train()
        order = draws.permutation(train)
        for at in range(0, len(order), options.batch):
            batch = order[at : at + options.batch]
            loss = nn.functional.cross_entropy(network(_packed(frames, batch)), labels[batch])
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
        validation = inner if len(inner) else train
        validation_loss = float(nn.functional.cross_entropy(_logits(network, frames, validation), labels[validation]))
        if validation_loss < best_loss:
            best, best_loss, waited = copy.deepcopy(network), validation_loss, 0
        else:
            waited += 1
        if waited >= options.patience:
            break
    return torch.softmax(_logits(best, frames, test), dim=1)


def _packed(frames: list[torch.Tensor], numbers: np.ndarray) -> torch.nn.utils.rnn.PackedSequence:
    return nn.utils.rnn.pack_sequence([frames[number] for number in numbers], enforce_sorted=False)


def _logits(network: MfccLstm, frames: list[torch.Tensor], numbers: np.ndarray) -> torch.Tensor:
    network.eval()
    with torch.inference_mode():
        return torch.cat([network(_packed(frames, numbers[at : at + 256])) for at in range(0, len(numbers), 256)])
