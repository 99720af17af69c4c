import numpy as np

from ml.config import Config
from ml.training.fusion import best_temperature


def test_two_calibrated_answers_that_err_apart_are_fused_to_calibrated_ones() -> None:
    """Draws a class, then evidence for it from two sources that know nothing of each other."""
    draws = np.random.default_rng(4)
    labels = draws.integers(7, size=4000)

    def judged(strength: float) -> np.ndarray:
        evidence = draws.normal(size=(len(labels), 7))
        evidence[np.arange(len(labels)), labels] += strength
        chances = np.exp(strength * evidence)  # the exact posterior of such evidence
        return chances / chances.sum(axis=1, keepdims=True)

    found = best_temperature(judged(1.3), judged(1.3), labels, Config())
    assert found["temperature"] < 0.9
    assert found["ece_after"] < 0.5 * found["ece_before"]
    assert found["n"] == 4000
