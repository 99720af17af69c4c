"""What all commands share: JSON on standard output, progress on standard error, failures as one sentence."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from ml.errors import Cancelled, RecognitionError

EXPECTED_FAILURE = 2
"""Exit status of a failure that is named and explained."""

SENTENCES: dict[str, str] = {
    "empty_file": "The file is empty. Copy the recording again and try once more.",
    "unsupported_format": "This cannot be read as a recording. Use MP4, MOV, WebM, MKV, WAV, MP3, M4A, FLAC or OGG.",
    "damaged_file": "The recording is damaged or incomplete. Copy or export it again from the original device.",
    "too_long": "The recording is longer than allowed. Cut it into shorter parts.",
    "no_streams": "The file holds neither sound nor video. Check that the right file was chosen.",
    "no_usable_signal": "Neither speech nor a face was found long enough to be judged. Check microphone and camera.",
    "no_sound": "The recording has no sound, so there is nothing to write down. Check that the right file was chosen.",
    "weights_missing": "The trained weights are not there. Check EMOREC_WEIGHTS, or fetch the project anew.",
    "weights_damaged": "The trained weights are not the published ones. Fetch the project anew.",
    "separator_missing": "The Spleeter model is not there. Run: python -m ml fetch-separator",
    "separator_damaged": "The Spleeter model is not the published one. Run: python -m ml fetch-separator",
    "landmarks_missing": "The face landmark model is not there. Run: python -m ml fetch-landmarks",
    "landmarks_damaged": "The face landmark model is not the published one. Run: python -m ml fetch-landmarks",
    "encoder_missing": "The speech encoder is not there. Run: python -m ml fetch-encoder",
    "encoder_damaged": "The speech encoder is not the published one. Run: python -m ml fetch-encoder",
    "reference_damaged": "The reference is not one that this program wrote. Leave --reference out, or make it anew.",
    "decoder_failed": "Reading the recording took too long. Try again; if it stays so, convert it to MP4 first.",
}

errors = Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, allow_nan=False) + "\n")


@contextmanager
def explained() -> Iterator[None]:
    """Turn an expected failure into one sentence and exit status 2."""
    try:
        yield
    except RecognitionError as error:
        errors.print(SENTENCES.get(error.code, "The recording could not be analysed."), soft_wrap=True)
        raise typer.Exit(EXPECTED_FAILURE) from None
    except (Cancelled, KeyboardInterrupt):
        errors.print("Stopped.")
        raise typer.Exit(130) from None
    except FileNotFoundError as error:
        errors.print(f"Not found: {error.filename or error}. Check the path, or set EMOREC_DATA.", soft_wrap=True)
        raise typer.Exit(EXPECTED_FAILURE) from None
    except ValueError as error:
        errors.print(f"That cannot be used: {error}.", soft_wrap=True)
        raise typer.Exit(EXPECTED_FAILURE) from None


class Bars:
    """One bar per stage on standard error; a plain line per stage where that is no terminal."""

    def __init__(self) -> None:
        columns = (TextColumn("{task.description:>12}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
        self._bars = Progress(*columns, TimeElapsedColumn(), console=errors, disable=not errors.is_terminal)
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> "Bars":
        self._bars.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._bars.stop()

    def __call__(self, stage: str, completed: float, total: float) -> None:
        """``ml.results.Progress``."""
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(stage, total=total)
            if not errors.is_terminal:
                errors.print(f"{stage} ...")
        self._bars.update(self._tasks[stage], completed=completed, total=total)
