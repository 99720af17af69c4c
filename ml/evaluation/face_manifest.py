"""The face on a manifest's pictures and video clips, without and with what else is known of each person."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from ml.config import Config
from ml.data.manifest import Utterance, labelled
from ml.errors import RecognitionError
from ml.evaluation.identification import told_apart
from ml.face.detection import CROP_SIDE, FaceDetector, crop_face
from ml.face.framing import FER2013_FRAMING, FRAMING
from ml.face.person import face_probabilities
from ml.face.pooling import VIEWS, pooled_scores, softmax
from ml.face.recogniser import FaceRecogniser
from ml.metrics.calibration import calibration
from ml.metrics.classification import report
from ml.models import Models
from ml.recognise import recognise
from ml.reference import Evidence, Reference
from ml.results import FaceJudgement, Progress

PICTURES = frozenset({".png", ".jpg", ".jpeg"})
_NO_USE = frozenset({"no_usable_signal", "no_streams"})


def evaluate_manifest(manifest: Path, weights: Path | None, config: Config, tell: Progress) -> dict[str, Any]:
    """Figures on the labelled rows of a manifest.

    Args:
        manifest: columns path, speaker, emotion7 and, if there, corpus; paths relative to the file. A clip is judged
            as one segment by the pipeline's own detection, tracking and pooling; pictures see ``picture_scores``.
        weights: folder; see ``ml.weights.folder``.
        config: face settings.

    Returns:
        As ``manifest_figures``, and "model".

    Raises:
        FileNotFoundError, ValueError: the data are not there or make no sense.
        RecognitionError: weights_missing, weights_damaged, or an item that cannot be read.
    """
    models = Models.load(weights)
    items = labelled(manifest)
    scores = np.full((len(items), 7), np.nan)
    for number, item in enumerate(items):
        if item.path.suffix.lower() in PICTURES:
            scores[number] = picture_scores(item.path, models.face, config)
        elif (judged := judged_whole(item.path, models, config)) is not None:
            scores[number] = judged.scores
        tell("faces", number + 1, len(items))
    return {**manifest_figures(scores, items, config.segment_s), "model": models.face.version}


def manifest_figures(scores: np.ndarray, items: Sequence[Utterance], item_s: float) -> dict[str, Any]:
    """Figures of scores against people in general, and of the same scores read against each person's own range.

    Args:
        scores: shape (n, 7); rows of NaN where no face can be judged, which enter no figure.
        items: n, with label, speaker and corpus.
        item_s: seconds of history that one item stands for, a picture like a clip.

    Returns:
        The figures of ``classification.report`` by general statistics and "calibration"; "own": the same with each
        person's other items as their history, and "with_history", how many items have one; "told_apart", see
        ``identification.told_apart``; "unjudged".

    Raises:
        ValueError: no item can be judged.
    """
    judged = np.flatnonzero(~np.isnan(scores[:, 0]))
    judged_items = [items[number] for number in judged.tolist()]
    labels = np.array([int(item.emotion) for item in judged_items])
    corpora, speakers = [item.corpus for item in judged_items], [item.speaker for item in judged_items]
    evidence = histories(scores[judged], speakers, item_s)
    own = read_by_histories(scores[judged], evidence)
    general = softmax(scores[judged])
    return {
        **report(general, labels, corpora, speakers),
        "calibration": {"face": calibration(general, labels)},
        "own": {
            **report(own, labels, corpora, speakers),
            "calibration": {"face": calibration(own, labels)},
            "with_history": sum(each is not None for each in evidence),
        },
        "told_apart": told_apart(_evidence(scores[judged], item_s), speakers),
        "unjudged": len(items) - len(judged),
    }


def read_by_histories(scores: np.ndarray, evidence: Sequence[Evidence | None]) -> np.ndarray:
    """Probabilities of scores, each read against the evidence beside it; both (n, 7), rows of NaN stay so."""
    return np.array([face_probabilities(each, history) for each, history in zip(scores, evidence, strict=True)])


def histories(scores: np.ndarray, speakers: Sequence[str], item_s: float) -> list[Evidence | None]:
    """For every item the evidence of its speaker's other items; None where there are no others.

    Args:
        scores: against people in general, shape (n, 7); rows of NaN where no face can be judged, which are nobody's
            history.
        speakers: n names.
        item_s: seconds that an item stands for.
    """
    items = [Reference(face=each) for each in _evidence(scores, item_s)]
    of_speaker: dict[str, list[int]] = defaultdict(list)
    for number, speaker in enumerate(speakers):
        if not np.isnan(scores[number]).any():
            of_speaker[speaker].append(number)
    return [
        Reference.gathered(items[other_item] for other_item in of_speaker[speaker] if other_item != number).face
        for number, speaker in enumerate(speakers)
    ]


def _evidence(scores: np.ndarray, item_s: float) -> list[Evidence | None]:
    """What each item of so many seconds leaves behind."""
    one = np.array([item_s])
    return [Evidence.of_recording("evaluated", one, softmax(each[None]), each[None]) for each in scores]


def judged_whole(path: Path, models: Models, config: Config) -> FaceJudgement | None:
    """The face of a whole recording as one segment; None where no face can be judged.

    Raises:
        RecognitionError: the recording cannot be read, or the weights are not there.
    """
    whole = Config(
        voice=False,
        segment_s=config.max_duration_s,
        hop_s=config.max_duration_s,
        sample_fps=config.sample_fps,
        detection_width=config.detection_width,
        min_face_share=0.0,
    )
    try:
        return recognise(path, models, whole).segments[0].face
    except RecognitionError as error:
        if error.code not in _NO_USE:
            raise
        return None


def picture_scores(path: Path, recogniser: FaceRecogniser, config: Config) -> np.ndarray:
    """Scores of one still picture, shape (7,).

    A picture of 48x48 pixels is a crop as it is. In a larger one the surest face is looked at in two framings,
    FER2013's and that of video; without a face the middle of the picture is taken for one.

    Raises:
        RecognitionError: damaged_file.
    """
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise RecognitionError("damaged_file", "a picture cannot be read")
    probabilities = recogniser.predict(_crops(picture, config))
    return pooled_scores(probabilities, np.ones(len(probabilities)), VIEWS)


def _crops(picture: np.ndarray, config: Config) -> np.ndarray:
    """uint8, shape (n, 48, 48), of a picture of shape (H, W, 3)."""
    height, width = picture.shape[:2]
    if (height, width) == (CROP_SIDE, CROP_SIDE):
        return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[None]
    faces = FaceDetector(config.detection_width).detect(picture)
    if faces and faces[0].confidence >= config.min_detection:
        return np.stack([crop_face(picture, faces[0], framing) for framing in (FER2013_FRAMING, FRAMING)])
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    middle = cv2.cvtColor(picture[top : top + side, left : left + side], cv2.COLOR_RGB2GRAY)
    method = cv2.INTER_AREA if side > CROP_SIDE else cv2.INTER_CUBIC
    return cv2.resize(middle, (CROP_SIDE, CROP_SIDE), interpolation=method)[None]
