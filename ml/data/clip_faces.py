"""Faces of a target video corpus (paper section 4.1): from every clip, crops of the person who is visible longest.

Each clip's crops are kept in a file of their own, so that a run that was stopped goes on with the next clip. They are
pictures of people: the folder is its owner's alone, and is to be deleted once the run is finished.
"""

import hashlib
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ml import media
from ml.atomic import replaced
from ml.config import Config
from ml.data.manifest import Utterance
from ml.errors import RecognitionError
from ml.face.collector import follow_faces
from ml.face.detection import CROP_SIDE
from ml.face.framing import FRAMING
from ml.results import Progress

_NONE = np.zeros((0, CROP_SIDE, CROP_SIDE), np.uint8)


@dataclass(frozen=True, slots=True)
class TargetFaces:
    """The usable clips of a corpus and their faces.

    Attributes:
        clips: those with at least one face, in the manifest's order.
        images: uint8, shape (N, 48, 48).
        clip_of: position in ``clips`` of each face, int64, shape (N,).
        unusable: number of clips left out, by reason: "no_face" or the code of a ``RecognitionError``.
    """

    clips: list[Utterance]
    images: np.ndarray
    clip_of: np.ndarray
    unusable: dict[str, int]

    @property
    def labels(self) -> np.ndarray:
        """Class numbers of the clips, int64, shape (M,)."""
        return np.array([int(clip.emotion) for clip in self.clips], dtype=np.int64)


def collect_faces(
    clips: Sequence[Utterance], folder: Path, per_clip: int, config: Config, progress: Progress | None = None
) -> TargetFaces:
    """Find the faces of all clips.

    Args:
        clips: rows of a manifest whose files have a picture.
        folder: where crops are kept.
        per_clip: faces taken from each clip at most, evenly over its length.
        config: of frames, detection and tracking.
        progress: called with ("clips", clips done, clips in all).

    Raises:
        FileNotFoundError: a clip is not there.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    usable, images, unusable = [], [_NONE], Counter[str]()
    for number, clip in enumerate(clips):
        try:
            faces = _stored_faces(clip.path, folder, per_clip, config)
        except RecognitionError as error:
            unusable[error.code] += 1
        else:
            if len(faces):
                usable.append(clip)
                images.append(faces)
            else:
                unusable["no_face"] += 1
        if progress is not None:
            progress("clips", number + 1, len(clips))
    clip_of = np.repeat(np.arange(len(usable)), np.array([len(each) for each in images[1:]], dtype=np.int64))
    return TargetFaces(usable, np.concatenate(images), clip_of, dict(sorted(unusable.items())))


def _stored_faces(path: Path, folder: Path, per_clip: int, config: Config) -> np.ndarray:
    """A clip's faces, uint8, shape (n, 48, 48), n <= ``per_clip``; computed once and stored."""
    state = path.stat()
    key = (str(path.resolve()), state.st_size, state.st_mtime_ns, per_clip, FRAMING, sorted(config.as_dict().items()))
    file_of_faces = folder / f"{hashlib.sha256(repr(key).encode()).hexdigest()}.npy"
    if not file_of_faces.is_file():
        new_faces = _faces(path, per_clip, config)
        with replaced(file_of_faces) as file:
            np.save(file, new_faces, allow_pickle=False)
    faces: np.ndarray = np.load(file_of_faces, allow_pickle=False)
    return faces


def _faces(path: Path, per_clip: int, config: Config) -> np.ndarray:
    info = media.probe(path, config.max_duration_s)
    if not info.has_video:
        return _NONE
    with tempfile.TemporaryDirectory(prefix="emorec-") as spool:
        tracks = follow_faces(path, info, config, Path(spool))
        track = tracks.chosen(config)
        if track is None:
            return _NONE
        numbers = set(np.linspace(0, track.n_frames - 1, per_clip).round().astype(int).tolist())
        faces, block_start = [], 0
        for _, _, crops in tracks.observations(track):
            faces += [crop for offset, crop in enumerate(crops) if block_start + offset in numbers]
            block_start += len(crops)
    return np.stack(faces)
