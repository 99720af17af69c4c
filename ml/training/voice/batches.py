"""Batches drawn from prepared utterances, and how the utterances of an epoch are varied.

All randomness of an epoch comes from one generator, so an epoch can be repeated exactly.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from librosa import mel_frequencies
from scipy.fft import dct
from torch import Tensor

from ml.training.voice.prepare import CLEAN, Prepared, speaker_statistics
from ml.voice import features
from ml.voice.framing import SAMPLE_RATE
from ml.voice.standardise import Statistics

WARP_STEPS = 11
"""Different stretches of the frequency axis that are drawn from."""


def level_shift(level: float) -> np.ndarray:
    """What multiplying the samples by ``level`` adds to each feature (away from the floor), shape (N_FEATURES,)."""
    added = 2 * np.log(level)
    shift = np.zeros(features.N_FEATURES, dtype=np.float32)
    shift[features.FBANK.start : features.FBANK.start + features.N_MELS] = added
    shift[features.MFCC.start] = added * np.sqrt(features.N_MELS)
    shift[features.SPECTROGRAM] = added
    return shift


@dataclass(frozen=True, slots=True)
class Augmentation:
    """What is done to the training utterances of an epoch. Shares and probabilities are fractions of 1.

    Attributes:
        fallback: probability of standardising by the training set's statistics, as for very short audio.
        uneven: standardise by statistics over an uneven mix of the speaker's emotions.
        warp: greatest relative stretch of the frequency axis, as if the vocal tract were shorter or longer (VTLP).
        join: probability that a second utterance of the same speaker and class follows the first.
        time_masks, time_mask: number of masked stretches and their longest share of the utterance (SpecAugment).
        band_masks, band_mask: number of masked mel ranges and their greatest width in bands (SpecAugment).
        family: probability that one of the three feature families is masked altogether.
        mixup: parameter of the beta distribution that two utterances' memories are mixed by; 0 for none.
    """

    fallback: float = 0.1
    uneven: bool = False
    warp: float = 0.06
    join: float = 0.0
    time_masks: int = 1
    time_mask: float = 0.1
    band_masks: int = 1
    band_mask: int = 6
    family: float = 0.0
    mixup: float = 0.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Standardised frames (B, T, N_FEATURES) padded with zeros, lengths (B,), class indices (B,)."""

    frames: Tensor
    lengths: Tensor
    labels: Tensor


def sampling_weights(prepared: Prepared, indices: np.ndarray, corpus_power: float) -> np.ndarray:
    """Probability of drawing each of the given utterances.

    Within a corpus every class is equally likely; a corpus is drawn in proportion to its size to the power
    ``corpus_power`` (1: as large as it is, 0: all alike).
    """
    labels, corpora = prepared.labels()[indices], prepared.corpora()[indices]
    weights = np.zeros(len(indices))
    for corpus in np.unique(corpora):
        inside = corpora == corpus
        share = inside.sum() ** corpus_power
        classes = np.unique(labels[inside])
        for label in classes:
            members = inside & (labels == label)
            weights[members] = share / len(classes) / members.sum()
    return weights / weights.sum()


def training_batches(
    prepared: Prepared,
    indices: np.ndarray,
    fallback: Statistics,
    *,
    augmentation: Augmentation,
    weights: np.ndarray,
    size: int,
    draws: np.random.Generator,
) -> Iterator[Batch]:
    """The batches of one epoch: as many draws as there are utterances, neighbours in length batched together."""
    versions = range(len(prepared.versions))
    uneven = draws if augmentation.uneven else None
    warps = [warp_matrix(1 + augmentation.warp * step) for step in np.linspace(-1, 1, WARP_STEPS)]
    statistics = [speaker_statistics(prepared, indices, version, uneven) for version in versions]
    by_speaker_and_mood: dict[tuple[str, int], list[int]] = {}
    for i in indices:
        by_speaker_and_mood.setdefault(
            (prepared.utterances[i].speaker, int(prepared.utterances[i].emotion)), []
        ).append(int(i))

    def stretch(i: int) -> np.ndarray:
        version = int(draws.integers(len(prepared.versions)))
        sample = prepared.samples[i][version]
        frames, norm = sample.frames.astype(np.float32), statistics[version][prepared.utterances[i].speaker]
        if draws.random() < augmentation.fallback:
            frames, norm = frames + level_shift(sample.level), fallback
        return ((frames - norm.mean) @ warps[draws.integers(len(warps))]) / norm.std

    drawn = []
    for i in draws.choice(indices, size=len(indices), p=weights):
        frames = stretch(i)
        utterance = prepared.utterances[i]
        if draws.random() < augmentation.join:
            frames = np.concatenate(
                [frames, stretch(int(draws.choice(by_speaker_and_mood[utterance.speaker, int(utterance.emotion)])))]
            )
        drawn.append((frames, int(utterance.emotion)))
    order = sorted(range(len(drawn)), key=lambda k: len(drawn[k][0]) * draws.uniform(0.85, 1.15))
    groups = [order[at : at + size] for at in range(0, len(order), size)]
    for group in draws.permutation(len(groups)):
        members = [drawn[k] for k in groups[group]]
        masked = [mask_features(frames, augmentation, draws) for frames, _ in members]
        yield collate(masked, [label for _, label in members])


@cache
def warp_matrix(factor: float) -> np.ndarray:
    """What stretching the frequency axis by ``factor`` does to the features of one frame.

    Log mel bands and log spectrogram bands are read off at the stretched frequencies by linear interpolation, and
    the MFCC follow from the stretched mel bands.

    Returns:
        float32, shape (N_FEATURES, N_FEATURES); ``frames @ warp_matrix(factor)``.
    """
    bins = np.arange(features.N_FFT // 2 + 1) * SAMPLE_RATE / features.N_FFT
    mels = _interpolation(mel_frequencies(n_mels=features.N_MELS + 2, fmin=20.0, fmax=8000.0)[1:-1], factor)
    coefficients = dct(np.eye(features.N_MELS), type=2, norm="ortho", axis=0)[: features.N_MFCC]
    matrix = np.zeros((features.N_FEATURES, features.N_FEATURES))
    for part in range(3):
        fbank, mfcc = _part(features.FBANK, part), _part(features.MFCC, part)
        matrix[fbank, fbank] = mels.T
        matrix[fbank, mfcc] = mels.T @ coefficients.T
    matrix[features.SPECTROGRAM, features.SPECTROGRAM] = _interpolation(features.spectrogram_bands() @ bins, factor).T
    return matrix.astype(np.float32)


def _part(family: slice, number: int) -> slice:
    """The columns of a family's values (0), first (1) or second differences (2)."""
    size = (family.stop - family.start) // 3
    return slice(family.start + number * size, family.start + (number + 1) * size)


def _interpolation(frequencies: np.ndarray, factor: float) -> np.ndarray:
    """Matrix that reads values given at ``frequencies`` off at ``factor`` times each of them, rows sum to 1."""
    return np.stack([np.interp(frequencies * factor, frequencies, unit) for unit in np.eye(len(frequencies))], axis=1)


def mask_features(frames: np.ndarray, augmentation: Augmentation, draws: np.random.Generator) -> np.ndarray:
    """Blank random stretches of time, mel ranges and families; zero is the mean of a standardised feature."""
    frames = np.array(frames, dtype=np.float32)
    for _ in range(augmentation.time_masks):
        width = int(draws.integers(0, max(1, int(augmentation.time_mask * len(frames))) + 1))
        start = int(draws.integers(0, len(frames) - width + 1))
        frames[start : start + width] = 0
    for _ in range(augmentation.band_masks):
        width = int(draws.integers(0, augmentation.band_mask + 1))
        start = int(draws.integers(0, features.N_MELS - width + 1))
        for part in range(3):
            offset = features.FBANK.start + part * features.N_MELS
            frames[:, offset + start : offset + start + width] = 0
        low, high = (start + 1) / (features.N_MELS + 1), (start + width + 1) / (features.N_MELS + 1)
        frames[:, _spectrogram_columns(low, high)] = 0
    if draws.random() < augmentation.family:
        family = (features.FBANK, features.MFCC, features.SPECTROGRAM)[int(draws.integers(3))]
        frames[:, family] = 0
    return frames


@cache
def _spectrogram_positions() -> np.ndarray:
    centres = features.spectrogram_bands() @ np.arange(features.N_FFT // 2 + 1) * SAMPLE_RATE / features.N_FFT
    return np.asarray(np.log1p(centres / 700) / np.log1p(SAMPLE_RATE / 2 / 700))


def _spectrogram_columns(low: float, high: float) -> np.ndarray:
    """Spectrogram columns between two positions (0-1) on the mel axis."""
    position = _spectrogram_positions()
    return features.SPECTROGRAM.start + np.flatnonzero((position >= low) & (position < high))


def collate(sequences: Sequence[np.ndarray], labels: Sequence[int]) -> Batch:
    """Pad sequences of shape (T_b, N_FEATURES) with zeros to one batch."""
    lengths = torch.tensor([len(sequence) for sequence in sequences])
    frames = torch.zeros(len(sequences), int(lengths.max()), sequences[0].shape[1])
    for row, sequence in enumerate(sequences):
        frames[row, : len(sequence)] = torch.from_numpy(np.asarray(sequence, dtype=np.float32))
    return Batch(frames, lengths, torch.tensor(labels))


def evaluation_batches(prepared: Prepared, indices: np.ndarray, size: int = 128) -> Iterator[tuple[np.ndarray, Batch]]:
    """Utterances as recorded, each once, standardised by their speaker's own: (their indices, batch)."""
    statistics = speaker_statistics(prepared, indices, CLEAN)
    order = np.array(sorted(indices, key=lambda i: len(prepared.samples[i][CLEAN].frames)))
    for at in range(0, len(order), size):
        numbers = order[at : at + size]
        sequences = [
            statistics[prepared.utterances[i].speaker].apply(prepared.samples[i][CLEAN].frames) for i in numbers
        ]
        yield numbers, collate(sequences, [int(prepared.utterances[i].emotion) for i in numbers])
