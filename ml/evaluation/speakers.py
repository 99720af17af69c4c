"""Who speaks when, held against RTTM files: through the pipeline as it runs, on whole recordings."""

from pathlib import Path
from typing import Any

from ml.config import Config
from ml.metrics.diarisation import DiarisationErrors, Speech, diarisation_errors, read_rttm
from ml.models import Models
from ml.recognise import tell_apart
from ml.results import Progress

SOUNDS = (".flac", ".wav")


def evaluate_speakers(folder: Path, weights: Path | None, config: Config, tell: Progress) -> dict[str, Any]:
    """Diarisation error rates over all recordings of a folder, each moment of speech weighing the same.

    Args:
        folder: FLAC or WAV files, each with an RTTM file of the same name; files without one are left out.
        weights: see ``ml.weights.folder``.
        config: of the pipeline.
        tell: told after every recording.

    Returns:
        "n" recordings, "speech_s" of all voices, "der", "confusion", "missed" and "false_alarm" as fractions of it, the
        share of recordings in which it was "several" people for sure, and "per_recording" the same with the number of
        voices, true and named.

    Raises:
        FileNotFoundError, ValueError: no such pair, or an RTTM file that is none.
        RecognitionError: weights or models are missing or damaged, or a recording cannot be read.
    """
    pairs = [(path, path.with_suffix(".rttm")) for path in sorted(folder.iterdir()) if path.suffix.lower() in SOUNDS]
    pairs = [(sound, rttm) for sound, rttm in pairs if rttm.is_file()]
    if not pairs:
        raise FileNotFoundError("the folder holds no FLAC or WAV file with an RTTM file of the same name")
    models = Models.load(weights)
    whole = DiarisationErrors()
    rows: dict[str, dict[str, Any]] = {}
    for number, (sound, rttm) in enumerate(pairs, start=1):
        truth = read_rttm(rttm)
        turns = tell_apart(sound, models, config)
        answer = [Speech(turn.start_s, turn.end_s, str(turn.speaker)) for turn in turns.turns]
        errors = diarisation_errors(truth, answer)
        whole += errors
        rows[sound.stem] = {
            **_rounded(errors),
            "speakers": len({each.speaker for each in truth}),
            "named": len(turns.speakers),
            "several": turns.several,
        }
        tell("recordings", number, len(pairs))
    sure = sum(row["several"] for row in rows.values()) / len(rows)
    return {"n": len(rows), "speech_s": round(whole.speech, 2), **_rounded(whole), "several": sure} | {
        "per_recording": rows
    }


def _rounded(errors: DiarisationErrors) -> dict[str, float]:
    return {name: round(value, 6) for name, value in errors.as_dict().items()}
