"""Rounds through a corpus."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from ml.training.voice.rounds import altered
from ml.voice.framing import SAMPLE_RATE


@given(st.integers(0, 200))
def test_altered_sound_is_finite_and_about_as_long(seed: int) -> None:
    samples = np.random.default_rng(1).standard_normal(SAMPLE_RATE).astype(np.float32) * 0.1
    found = altered(samples, np.random.default_rng(seed))
    assert np.isfinite(found).all()
    assert 0.85 * len(samples) < len(found) < 1.15 * len(samples)
