"""Label-matched pairs: for want of an audio-visual corpus, every voice is given a face of the same class.

Such pairs are easier than people: face and voice err independently of each other. It is said wherever a figure on them
is shown.
"""

import numpy as np

PAIRING_SEED = 2022
PAIRED = "label-matched pairs of a FER2013 PublicTest face and an out-of-fold voice; not recordings of one person"


def partners(voice_labels: np.ndarray, face_labels: np.ndarray, seed: int) -> np.ndarray:
    """For every voice a face of its class, drawn at random with replacement: positions, shape (voices,).

    The pairs follow from the labels and the seed alone, so every model is measured on the same ones.

    Raises:
        ValueError: a class has voices but no face.
    """
    if missing := sorted(set(voice_labels.tolist()) - set(face_labels.tolist())):
        raise ValueError(f"there is no face of class {missing[0]} to pair with")
    draws = np.random.default_rng(seed)
    return np.array([int(draws.choice(np.flatnonzero(face_labels == label))) for label in voice_labels])
