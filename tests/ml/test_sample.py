"""The sample recording: the same every time, with a face and with speech."""

import itertools
import os
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest

from ml import media
from ml.sample import make_sample
from ml.speech_synthesis import Manner, speak, speak_afresh


def test_it_is_640x360_at_25_frames_a_second_with_sound(portrait: Path) -> None:
    info = media.probe(portrait)
    assert (info.width, info.height, info.fps) == (640, 360, 25)
    assert info.has_audio
    assert abs(info.duration_s - 6) < 0.1


def test_the_picture_moves(portrait: Path) -> None:
    frames = [frame.astype(int) for _, frame in media.sampled_frames(portrait, media.probe(portrait), 2)]
    differences = [np.abs(a - b).mean() for a, b in itertools.pairwise(frames)]
    assert min(differences) > 0.5


def test_it_is_the_same_every_time(tmp_path: Path) -> None:
    first, second = make_sample(tmp_path / "a.mp4", 1), make_sample(tmp_path / "b.mp4", 1)
    seen = [[frame for _, frame in media.sampled_frames(p, media.probe(p), 5)] for p in (first, second)]
    heard = [np.concatenate(list(media.audio_blocks(p, media.probe(p)))) for p in (first, second)]
    assert np.array_equal(*seen)
    assert np.array_equal(*heard)


def test_nothing_but_the_recording_is_left_behind(tmp_path: Path) -> None:
    make_sample(tmp_path / "a.mp4", 1)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


def test_speech_follows_its_manner() -> None:
    slow, rate = speak("There are three more exams.", Manner(rate=120))
    fast, _ = speak("There are three more exams.", Manner(rate=240))
    assert rate > 8000
    assert len(slow) > 1.3 * len(fast)
    assert 0.05 < np.abs(slow).max() <= 1


class Deadly:
    """Ends the process that unpickles it, as a crash of the library would."""

    def __reduce__(self) -> tuple[object, tuple[int]]:
        return os._exit, (3,)


def test_a_process_that_dies_while_speaking_is_an_error_and_not_waited_for() -> None:
    with pytest.raises(BrokenProcessPool):
        speak_afresh([(Deadly(), Manner())], 1, 0.1)
