"""Label-matched pairs of a voice and a face."""

import numpy as np
import pytest

from ml.data.pairs import partners


def test_every_voice_has_a_partner_of_its_class_that_no_model_decides() -> None:
    voices, faces = np.array([0, 3, 3, 6]), np.array([6, 3, 0, 3, 6])
    chosen = partners(voices, faces, seed=5)
    assert np.array_equal(faces[chosen], voices)
    assert np.array_equal(chosen, partners(voices, faces, seed=5))
    with pytest.raises(ValueError, match="no face of class 6"):
        partners(voices, faces[faces != 6], seed=5)
