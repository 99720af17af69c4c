"""A recording's segments read with what is known of the person, from the scores that the networks gave.

No network is needed for it and no sound or picture, so a student's sessions can all be read anew when what they are
compared with has changed. Importing this module does not import torch.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from ml import weights
from ml.config import Config
from ml.face.framing import FRAMING
from ml.face.person import face_probabilities
from ml.face.pooling import FLOOR, TALKING
from ml.fusion import fuse
from ml.reference import Reference
from ml.results import Segment
from ml.voice.person import People, personal, shipped_people


def score_versions(config: Config, directory: Path | None = None) -> dict[str, str]:
    """What made each modality's scores; the paper's voice has none.

    The voice is named by its weights alone, the face by its weights and by how frames are cropped and pooled.

    Args:
        config: of the recognition.
        directory: of the weights (see ``ml.weights.folder``).

    Raises:
        RecognitionError: weights_damaged.
    """
    card = weights.card(directory)
    scoring = (("voice", config.voice and config.voice_by == "speech"), ("face", config.face))
    versions = {name: str(card.get(name, {}).get("version")) for name, used in scoring if used}
    if "face" in versions:
        versions["face"] += f"+{_face_reading()}"
    return versions


def _face_reading() -> str:
    """Eight hexadecimal digits that name the framing and the pooling of faces; another choice has another name."""
    numbers = {"framing": FRAMING, "floor": FLOOR, **asdict(TALKING)}
    return hashlib.sha256(json.dumps(numbers, sort_keys=True).encode()).hexdigest()[:8]


def read(
    segments: Sequence[Segment], reference: Reference, config: Config, people: People | None = None
) -> tuple[Segment, ...]:
    """The segments as they are read with ``reference``; an empty one reads them by people in general.

    Args:
        segments: with the general answers and the scores of what was judged; gaps stay as they are.
        reference: of the same weights (``Reference.of_versions``).
        config: the fusion's rule and numbers.
        people: how voices of people in general lie; as in the shipped weights when None.

    Raises:
        RecognitionError: weights_missing, weights_damaged; only where ``reference.voice`` is given and ``people`` not.
    """

    def voice(general: np.ndarray, scores: np.ndarray) -> np.ndarray:
        if reference.voice is None:
            return general
        return personal(general, scores, people or shipped_people(), reference.voice)

    def face(general: np.ndarray, scores: np.ndarray) -> np.ndarray:
        return general if reference.face is None else face_probabilities(scores, reference.face)

    read_segments = list(segments)
    for name, probabilities_of in (("voice", voice), ("face", face)):
        rows = [row for row, segment in enumerate(read_segments) if getattr(segment, name) is not None]
        if not rows:
            continue
        judgements = [getattr(read_segments[row], name) for row in rows]
        answers = probabilities_of(
            np.stack([each.general for each in judgements]), np.stack([each.scores for each in judgements])
        )
        for row, judgement, answer in zip(rows, judgements, answers, strict=True):
            read_segments[row] = replace(read_segments[row], **{name: replace(judgement, probabilities=answer)})
    return tuple(_fused(segment, config) for segment in read_segments)


def _fused(segment: Segment, config: Config) -> Segment:
    if segment.voice is None and segment.face is None:
        return segment
    face = None if segment.face is None else segment.face.probabilities
    voice = None if segment.voice is None else segment.voice.probabilities
    return replace(segment, probabilities=fuse(face, voice, config).probabilities)
