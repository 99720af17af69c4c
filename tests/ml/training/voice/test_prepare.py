"""Copies of utterances."""

import numpy as np
import pytest

from ml.training.voice.prepare import Version, _altered
from tests.ml.training.voice.tones import utterance


def test_noise_is_added_at_the_signal_to_noise_ratio_asked_for() -> None:
    samples = utterance("sad", 1, 0)
    version = Version(1.0, (10.0, 10.0))
    added = _altered(samples, version, np.random.default_rng(0)) - samples
    assert 10 * np.log10(np.mean(samples**2) / np.mean(added**2)) == pytest.approx(10, abs=0.1)
