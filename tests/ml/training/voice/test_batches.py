"""How utterances are drawn and varied: what changes, by how much, and what may not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.emotions import Emotion
from ml.training.voice import batches
from ml.training.voice.batches import Augmentation, warp_matrix
from ml.training.voice.prepare import Prepared
from ml.voice import features


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
    assert np.allclose(moved, np.broadcast_to(batches.level_shift(1.7), moved.shape), atol=2e-3)


@given(st.integers(0, 500))
def test_masking_blanks_but_never_invents(seed: int) -> None:
    frames = np.random.default_rng(seed).standard_normal((20, features.N_FEATURES)).astype(np.float32)
    masked = batches.mask_features(frames, Augmentation(), np.random.default_rng(seed))
    changed = masked != frames
    assert np.all(masked[changed] == 0)
    assert changed.mean() < 0.9


def test_classes_of_a_corpus_are_drawn_alike(prepared: Prepared) -> None:
    few = np.array([i for i, each in enumerate(prepared.utterances) if each.emotion is not Emotion.SAD or i % 5 == 0])
    probability = batches.sampling_weights(prepared, few, 0.5)
    labels, corpora = prepared.labels()[few], prepared.corpora()[few]
    for corpus in np.unique(corpora):
        inside = corpora == corpus
        shares = [probability[inside & (labels == label)].sum() for label in np.unique(labels[inside])]
        assert np.allclose(shares, shares[0])
    assert probability.sum() == pytest.approx(1)
