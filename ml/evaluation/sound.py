"""Whether the same voice gets the same answer whatever its level, the sampling rate of its file, and the telephone.

Sessions of one speaker, ten utterances of which five are in one mood, are written in several ways and recognised by the
pipeline as it runs. Segments are compared with those of the same session as it was recorded; what came by telephone is
compared with the same session band-limited. Speakers of the training corpora are judged by networks that never heard
them.
"""

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import soundfile
import soxr

from ml.config import Config
from ml.data.manifest import labelled
from ml.decoder import ffmpeg_binary
from ml.evaluation.sessions import drawn, session_plans, sound_of, unaware, usable
from ml.metrics.intervals import wilson_interval
from ml.models import Models
from ml.results import Progress, Recognition
from ml.voice.framing import SAMPLE_RATE

BAR = 1 / 12
"""Share of segments whose label may change."""
PER_CORPUS = 4
"""Sessions of each corpus at most."""
OWN = 5
"""Utterances in the session's mood, of ten: the labels of a session of several moods have something to lose."""
PEAK_DBFS = -21.0
"""Peak of every session as it is written: 20 dB more is not clipped, and 20 dB less is more than rounding."""
TELEPHONE_RATE = 8_000
TELEPHONE_PEAK_DBFS = -6.0
"""A telephone brings the voice to a level of its own; codecs are made for that, not for quiet recordings."""
TIMEOUT_S = 120

Kind = Literal["level", "rate", "telephone", "band"]
Labels = dict[float, str | None]
"""Label of a segment, None where it has none, by its start in seconds."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to write a session.

    Attributes:
        kind: "level" and "rate" are compared with the session as recorded, and so is "band", the band-limited session;
            "telephone" is compared with "band".
        write: gets samples at 16 kHz and a folder, and writes the file whose path it returns.
    """

    name: str
    kind: Kind
    write: Callable[[np.ndarray, Path], Path]


def evaluate_sound(
    manifest: Path, weights: Path | None, config: Config, *, seed: int, per_corpus: int, tell: Progress
) -> dict[str, Any]:
    """How many segments of sessions change their label.

    Args:
        manifest: CSV with columns path, speaker, emotion7 and, if there, corpus.
        config: of the recognition; the face is left out.
        per_corpus: sessions of each corpus at most, drawn by the seed.

    Returns:
        "n" and "speakers" of the sessions; "variants", a row each with "name", "kind", "against", "segments" (with a
        label in either), "changed" (another label, or one where there was none or the other way round), "unjudged"
        (labelled before and not now), "share" and "share_ci95"; for "telephone" a segment that is not judged does not
        count as changed. "kinds": the same over all variants of a kind; "bar", "missing" (variants that this ffmpeg
        cannot write), "seed", "model" and "separation".

    Raises:
        FileNotFoundError, ValueError: the data are not there or make no sense.
        RecognitionError: weights or models are missing or damaged.
    """
    models = Models.load(weights)
    plans = drawn(session_plans(labelled(manifest), OWN, seed), per_corpus, seed)
    variants = [variant for variant in VARIANTS if variant.name != AMR or _encodes_amr()]
    pairs: dict[str, list[tuple[Labels, Labels]]] = {variant.name: [] for variant in variants}
    for number, plan in enumerate(plans):
        sound = levelled(sound_of(plan)[0])
        unaware_models = unaware(plan.speaker, models, config)
        with tempfile.TemporaryDirectory(prefix="emorec-") as folder:
            recorded = labels_of(usable(_written(sound, Path(folder)), unaware_models, config))
            labels_by_variant = {
                each.name: labels_of(usable(each.write(sound, Path(folder)), unaware_models, config))
                for each in variants
            }
        for variant in variants:
            before = labels_by_variant[BAND] if variant.kind == "telephone" else recorded
            pairs[variant.name].append((before, labels_by_variant[variant.name]))
        tell("sessions as other files", number + 1, len(plans))
    rows = [
        {"name": each.name, "kind": each.kind, "against": BAND if each.kind == "telephone" else "as recorded"}
        | changes(pairs[each.name], forgive=each.kind == "telephone")
        for each in variants
    ]
    kinds = {}
    for kind in ("level", "rate", "telephone"):
        of_kind = [pair for each in variants if each.kind == kind for pair in pairs[each.name]]
        kinds[kind] = changes(of_kind, forgive=kind == "telephone")
    return {
        "n": len(plans),
        "speakers": len({plan.speaker for plan in plans}),
        "variants": rows,
        "kinds": kinds,
        "bar": BAR,
        "missing": [variant.name for variant in VARIANTS if variant not in variants],
        "seed": seed,
        "model": models.voice_for(config).version,
        "separation": config.separation,
    }


def levelled(sound: np.ndarray, peak_dbfs: float = PEAK_DBFS) -> np.ndarray:
    """The sound with its peak at that level."""
    return np.asarray(sound * (10 ** (peak_dbfs / 20) / max(float(np.abs(sound).max(initial=0)), 1e-9)), np.float32)


def labels_of(result: Recognition | None) -> Labels:
    """Labels of the segments by their start."""
    return {} if result is None else {round(each.start_s, 2): each.label for each in result.segments}


def changes(pairs: Sequence[tuple[Labels, Labels]], forgive: bool) -> dict[str, Any]:
    """How many labels of many sessions changed, and how.

    Args:
        pairs: labels before and after, per session.
        forgive: a segment without a label afterwards does not count as changed.

    Returns:
        "segments", "changed", "unjudged", "share" (0-1) and "share_ci95" (Wilson's; segments count as independent).
    """
    segments = changed = unjudged = 0
    for before, after in pairs:
        for start in before.keys() | after.keys():
            label_before, label_after = before.get(start), after.get(start)
            if label_before is None and label_after is None:
                continue
            segments += 1
            unjudged += label_after is None
            changed += label_before != label_after and not (forgive and label_after is None)
    interval = wilson_interval(changed, segments) if segments else (0.0, 1.0)
    share = changed / segments if segments else 0.0
    return {
        "segments": segments,
        "changed": changed,
        "unjudged": unjudged,
        "share": share,
        "share_ci95": list(interval),
    }


def _written(sound: np.ndarray, folder: Path, rate: int = SAMPLE_RATE, subtype: str = "PCM_16") -> Path:
    path = folder / "session.wav"
    soundfile.write(path, sound, rate, subtype=subtype)
    return path


def _at_level(change_db: float, subtype: str = "PCM_16") -> Callable[[np.ndarray, Path], Path]:
    return lambda sound, folder: _written(sound * np.float32(10 ** (change_db / 20)), folder, subtype=subtype)


def _at_rate(rate: int) -> Callable[[np.ndarray, Path], Path]:
    return lambda sound, folder: _written(soxr.resample(sound, SAMPLE_RATE, rate), folder, rate)


def _band_limited(sound: np.ndarray, folder: Path) -> Path:
    narrow = soxr.resample(sound, SAMPLE_RATE, TELEPHONE_RATE)
    return _written(soxr.resample(narrow, TELEPHONE_RATE, SAMPLE_RATE), folder)


def _by_telephone(subtype: str) -> Callable[[np.ndarray, Path], Path]:
    def write(sound: np.ndarray, folder: Path) -> Path:
        narrow = levelled(soxr.resample(sound, SAMPLE_RATE, TELEPHONE_RATE), TELEPHONE_PEAK_DBFS)
        return _written(narrow, folder, TELEPHONE_RATE, subtype)

    return write


def _as_amr(sound: np.ndarray, folder: Path) -> Path:
    source, target = _by_telephone("PCM_16")(sound, folder), folder / "session.3gp"
    _ffmpeg("-y", "-i", str(source), "-c:a", _AMR_ENCODER, "-b:a", "12.2k", str(target))
    return target


def _encodes_amr() -> bool:
    return _AMR_ENCODER in _ffmpeg("-encoders")


def _ffmpeg(*arguments: str) -> str:
    command = [ffmpeg_binary(), "-nostdin", "-hide_banner", "-v", "error", *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=TIMEOUT_S).stdout


_AMR_ENCODER = "libopencore_amrnb"
BAND = "band-limited to 4 kHz"
AMR = "8 kHz, AMR at 12.2 kbit/s"
VARIANTS = (
    Variant("20 dB quieter, 16 bits", "level", _at_level(-20)),
    Variant("20 dB quieter, floating point", "level", _at_level(-20, "FLOAT")),
    Variant("20 dB louder, 16 bits", "level", _at_level(20)),
    Variant("22.05 kHz", "rate", _at_rate(22_050)),
    Variant("44.1 kHz", "rate", _at_rate(44_100)),
    Variant("48 kHz", "rate", _at_rate(48_000)),
    Variant(BAND, "band", _band_limited),
    Variant("8 kHz, 16 bits", "telephone", _by_telephone("PCM_16")),
    Variant("8 kHz, mu-law", "telephone", _by_telephone("ULAW")),
    Variant(AMR, "telephone", _as_amr),
)
"""Everything that is tried."""
