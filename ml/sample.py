"""A sample recording for people who have none at hand: a portrait that moves and speaks.

The picture is scikit-image's public-domain portrait of the astronaut Eileen Collins, shipped inside its wheel; brows,
corners of the mouth and jaw are moved by small warps, the speech is synthetic. It shows the pipeline at work; the
emotions found in it mean nothing.
"""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soxr

from ml.speech_synthesis import Manner, speak_afresh

WIDTH, HEIGHT, FPS = 640, 360, 25
AUDIO_RATE = 44_100
PAUSE_S = 0.8

SENTENCES: tuple[tuple[str, Manner], ...] = (
    ("Good morning. I took the early bus today, and it was almost empty.", Manner(165, 50, 50)),
    ("The library opens at eight, so there was time for a cup of tea.", Manner(160, 45, 40)),
    ("We moved the seminar to the larger room on the second floor!", Manner(190, 70, 80)),
    ("My notes from last week are on the table by the window.", Manner(140, 30, 20)),
    ("There are three more exams before the end of the month.", Manner(145, 35, 25)),
    ("And then my sister called, she is coming to visit on Sunday!", Manner(200, 75, 90)),
    ("After lunch it started to rain, and we walked back along the river.", Manner(155, 45, 45)),
    ("I will write the summary tonight and send it to the group.", Manner(165, 50, 50)),
)

# Places in the portrait, in its own pixels (x, y).
_CENTRE = (224.0, 128.0)
_MOUTH = (224.0, 144.0)
_CORNERS = ((202.0, 140.0), (246.0, 141.0))
_BROWS = ((201.0, 90.0), (251.0, 93.0))
_VIEW_WIDTH = 300.0


def make_sample(path: Path | str, seconds: float = 60, progress: Callable[[float, float], None] | None = None) -> Path:
    """Write the sample recording: MP4, 640x360, 25 frames per second, with speech. The same every time.

    Args:
        path: replaced only when the recording is complete.
        progress: called with seconds done and seconds in all.
    """
    from moviepy import AudioArrayClip, VideoClip

    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    speech, rate = speak_afresh(SENTENCES, seconds, PAUSE_S)
    frame_at = portrait_frames(_loudness(speech, rate))

    def frame(time_s: float) -> np.ndarray:
        if progress is not None:
            progress(time_s, seconds)
        return frame_at(time_s)

    sound = soxr.resample(speech, rate, AUDIO_RATE)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".sample-") as folder:
        unfinished = Path(folder) / "sample.mp4"
        with AudioArrayClip(np.column_stack([sound, sound]), fps=AUDIO_RATE) as audio:
            clip = VideoClip(frame, duration=seconds).with_audio(audio)
            clip.write_videofile(
                os.fspath(unfinished),
                fps=FPS,
                codec="libx264",
                audio_codec="aac",
                preset="veryfast",
                threads=1,
                temp_audiofile_path=folder,
                ffmpeg_params=["-pix_fmt", "yuv420p", "-movflags", "+faststart"],
                logger=None,
            )
        unfinished.replace(path)
    return path


def portrait_frames(loudness: Callable[[float], float]) -> Callable[[float], np.ndarray]:
    """The moving portrait.

    Args:
        loudness: of the speech at a time in seconds, 0-1; opens the mouth.

    Returns:
        From a time in seconds to uint8 RGB of shape (360, 640, 3).
    """
    import cv2
    from skimage.data import astronaut

    portrait = astronaut()
    columns, rows = np.meshgrid(np.linspace(-0.5, 0.5, WIDTH), np.linspace(-0.5, 0.5, HEIGHT) * HEIGHT / WIDTH)

    def frame(time_s: float) -> np.ndarray:
        width = _VIEW_WIDTH * (1 + 0.06 * np.sin(2 * np.pi * time_s / 17))
        x = _CENTRE[0] + 5 * np.sin(2 * np.pi * time_s / 7) + width * columns
        y = _CENTRE[1] + 2.5 * np.sin(2 * np.pi * time_s / 5) + width * rows
        y = y + _expression(x, y, time_s, loudness(time_s))
        picture = cv2.remap(portrait, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR)
        light = 1 + 0.05 * np.sin(2 * np.pi * time_s / 11)
        return np.asarray(cv2.convertScaleAbs(picture, alpha=light))

    return frame


def _expression(x: np.ndarray, y: np.ndarray, time_s: float, opening: float) -> np.ndarray:
    """How far below (x, y) the portrait is looked up: positive moves what is seen upwards."""
    mood = np.sin(2 * np.pi * time_s / 23)
    shift = np.zeros_like(x)
    for place in _CORNERS:
        shift += (4 * mood - 2) * _bump(x, y, place, 9, 7)
    for place in _BROWS:
        shift += 3 * np.sin(2 * np.pi * time_s / 13) * _bump(x, y, place, 16, 6)
    jaw = np.clip((y - _MOUTH[1]) / 8, 0, 1) * _bump(x, y, (_MOUTH[0], _MOUTH[1] + 14), 24, 16)
    return shift - 6 * opening * jaw


def _bump(x: np.ndarray, y: np.ndarray, place: tuple[float, float], width: float, height: float) -> np.ndarray:
    return np.exp(-0.5 * (((x - place[0]) / width) ** 2 + ((y - place[1]) / height) ** 2))


def _loudness(speech: np.ndarray, rate: int) -> Callable[[float], float]:
    """RMS over one frame, relative to the loudest tenth, as a function of time in seconds."""
    cell = rate // FPS
    cells = np.sqrt(np.square(speech[: len(speech) // cell * cell].reshape(-1, cell)).mean(axis=1))
    scale = float(np.quantile(cells, 0.9)) if cells.size else 0.0

    def at(time_s: float) -> float:
        number = int(time_s * FPS + 0.5)
        return float(min(1.0, cells[number] / scale)) if scale and number < len(cells) else 0.0

    return at
