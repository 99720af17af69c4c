"""One recording under way: what every stage of a recognition needs of it, and what all of them report to."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ml import media
from ml.config import Config
from ml.errors import RecognitionError
from ml.models import Models
from ml.results import Progress
from ml.stream_choice import choose_streams
from ml.summary import plan_segments

Span = tuple[float, float]


class Work:
    """A recording that is being looked at; made by looking what it holds.

    Attributes:
        path, models, config, progress: as for ``ml.recognise.recognise``.
        choice: which of its streams are taken; ``info`` describes the file with these.
        clock: from the engine's times, which know no gaps, to the player's.
        spans: start and end of every segment, in the engine's seconds.
        flags: of the whole recording.
        timings: seconds per stage.
    """

    def __init__(self, path: Path, models: Models, config: Config, progress: Progress) -> None:
        """Probe the file.

        Raises:
            RecognitionError: those of ``media.probe``.
        """
        self.path, self.models, self.config, self.progress = path, models, config, progress
        self.timings: dict[str, float] = {}
        with self.stage("probe"):
            info = media.probe(path, config.max_duration_s)
            self.choice = choose_streams(path, info, config)
        self.info, self.clock = self.choice.info, self.choice.info.clock
        self.flags = ["truncated"] if self.info.truncated else []
        self.spans = [
            (begin + start, begin + end)
            for begin, finish in self.clock.stretches(self.info.content_s)
            for start, end in plan_segments(finish - begin, config)
        ]

    def tolerate(self, error: RecognitionError, flag: str) -> None:
        """A stream that cannot be decoded costs its modality, not the recording; other failures are passed on."""
        if error.code != "damaged_file":
            raise error
        self.flags.append(flag)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time a stage and report its beginning and its end."""
        started = time.perf_counter()
        self.progress(name, 0, 1)
        yield
        self.progress(name, 1, 1)
        self.timings[name] = time.perf_counter() - started

    def tell(self, stage: str, seconds: float) -> None:
        """Report that a stage has gone through so much of the recording."""
        self.progress(stage, min(seconds, self.info.content_s), self.info.content_s)
