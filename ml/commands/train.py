"""Training: every command writes weights or the numbers that go with them."""

import hashlib
import logging
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from ml.commands.options import AsJson, Settings, Weights
from ml.commands.output import answer
from ml.console import Bars, explained, print_json

train = typer.Typer(no_args_is_help=True, help="Train a model and write its weights.")


@train.command("face")
def train_face(
    *,
    source: Annotated[Path | None, typer.Option(help="fer2013.csv or folder of sheets; default EMOREC_DATA.")] = None,
    checkpoints: Annotated[Path | None, typer.Option(help="Folder of the checkpoints.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")] = False,
    stages: Annotated[
        str | None, typer.Option(help="Image side x epochs @ learning rate: 32x9@0.05,48x8@0.05-0.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Everything random follows from it.")] = None,
    limit: Annotated[int, typer.Option(help="Train on so many faces at most; 0 for all.")] = 0,
    patience: Annotated[
        int | None, typer.Option(min=0, help="Epochs without improvement after which it ends; 0: never.")
    ] = None,
    settings: Settings = None,
    weights: Weights = None,
) -> None:
    """Train the face network on FER2013, calibrate it and write face.safetensors."""
    from ml.training.face.export import export_face
    from ml.training.face.options import FaceTrainingOptions
    from ml.training.face.train import train_face as run
    from ml.training.options import with_settings

    values = {
        "source": source,
        "checkpoints": checkpoints,
        "stages": stages,
        "seed": seed,
        "limit": limit,
        "patience": patience,
    }
    options = FaceTrainingOptions(**{key: value for key, value in values.items() if value is not None})  # type: ignore[arg-type]
    _log_to_stderr()
    with explained(), Bars() as bars:
        options = with_settings(options, settings or [])
        _check_resume(options.checkpoints, resume)
        run(options, bars)
        entry = export_face(options, weights)
    print_json({"version": entry["version"], "publictest": entry["publictest"]})


@train.command("likeness")
def train_likeness(
    source: Annotated[Path | None, typer.Option(help="fer2013.csv or folder of sheets; default EMOREC_DATA.")] = None,
) -> None:
    """Fit what two faces are compared by on FER2013's training faces, and write ml/face/likeness.npz."""
    from ml.data.fer2013 import fer2013_folder, load_faces
    from ml.face.likeness import FILE
    from ml.training.face.likeness import fit_likeness

    with explained(), Bars() as bars:
        count = fit_likeness(load_faces(source or fer2013_folder(), "Training"), FILE, bars)
    print_json({"faces": count, "sha256": hashlib.sha256(FILE.read_bytes()).hexdigest()})


@train.command("voice")
def train_voice(
    *,
    manifest: Annotated[Path | None, typer.Option(help="CSV: path, speaker, emotion7; default EMOREC_DATA.")] = None,
    checkpoints: Annotated[Path | None, typer.Option(help="Folder of the checkpoints.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the last checkpoint.")] = False,
    folds: Annotated[int | None, typer.Option(min=2, help="Speaker-independent folds.")] = None,
    version: Annotated[str | None, typer.Option(help="Name of the result.")] = None,
    attention: Annotated[Path | None, typer.Option(help="Weights whose Attention-LSTMs are taken over.")] = None,
    without_language: Annotated[
        str | None, typer.Option(help="Leave a language out and measure on it instead; writes no weights.")
    ] = None,
    weights: Weights = None,
) -> None:
    """Train the voice networks, calibrate them and write voice.safetensors."""
    from ml.training.voice.languages import language_left_out
    from ml.training.voice.train import VoiceOptions
    from ml.training.voice.train import train_voice as run

    manifests = None if manifest is None else (manifest,)
    values = {"manifests": manifests, "checkpoints": checkpoints, "folds": folds, "version": version}
    options = VoiceOptions(weights=weights, attention=attention, **{k: v for k, v in values.items() if v is not None})  # type: ignore[arg-type]
    _log_to_stderr()
    with explained(), Bars() as bars:
        _check_resume(options.checkpoints, resume)
        if without_language is not None:
            print_json(language_left_out(without_language, options, bars))
            return
        entry = run(options, bars)
    print_json({"version": entry["version"], "metrics": entry["metrics"]})


@train.command("speakers")
def train_speakers(
    *,
    manifest: Annotated[Path | None, typer.Option(help="CSV: path, speaker, emotion7; default EMOREC_DATA.")] = None,
    seed: Annotated[int, typer.Option(help="Everything random follows from it.")] = 2022,
    version: Annotated[str | None, typer.Option(help="Name of the result.")] = None,
    weights: Weights = None,
) -> None:
    """Learn what tells people apart whatever their mood, and write speakers.safetensors."""
    from ml.training.speakers import SpeakerOptions
    from ml.training.speakers import train_speakers as run

    options = SpeakerOptions(() if manifest is None else (manifest,), weights, seed=seed)
    with explained(), Bars() as bars:
        entry = run(options if version is None else replace(options, version=version), bars)
    print_json({key: entry[key] for key in ("version", "speakers", "utterances", "stretches")})


@train.command("fine-tune")
def train_fine_tune(
    *,
    manifest: Annotated[Path, typer.Option(help="CSV of video clips, as the command corpus writes it.")],
    weights: Annotated[Path, typer.Option(help="Folder for the result; not the one begun with.")],
    start: Annotated[Path | None, typer.Option(help="Folder of the weights to begin with.")] = None,
    checkpoints: Annotated[Path | None, typer.Option(help="Folder of faces and finished folds.")] = None,
    folds: Annotated[int, typer.Option(min=2, help="Speaker-independent folds.")] = 5,
    per_clip: Annotated[int, typer.Option(min=1, help="Faces taken from each clip at most.")] = 4,
    settings: Settings = None,
) -> None:
    """Fine-tune the face network on a video corpus, as the paper does, and measure it before and after.

    Goes on where it was stopped. The faces kept in the checkpoints are pictures of people: delete them afterwards.
    """
    from ml.training.checkpoints import default_folder
    from ml.training.face.fine_tune import FineTuneOptions
    from ml.training.face.transfer import TargetOptions, fine_tune_on_corpus
    from ml.training.options import with_settings

    _log_to_stderr()
    with explained(), Bars() as bars:
        tuning = with_settings(FineTuneOptions(), settings or [])
        folder = checkpoints or default_folder("fine-tune")
        entry = fine_tune_on_corpus(TargetOptions(manifest, weights, start, folder, folds, per_clip, tuning), bars)
    print_json({key: entry[key] for key in ("version", "data", "as_begun", "fine_tuned")})


@train.command("fusion")
def train_fusion(
    *, seed: Annotated[int, typer.Option(help="Of the pairing.")] = 1, as_json: AsJson = False, weights: Weights = None
) -> None:
    """Find the temperature of fused answers on label-matched pairs of held-out training faces and unheard voices."""
    from ml.training.fusion import fit_fusion

    with explained(), Bars() as bars:
        figures = fit_fusion(weights, seed, bars)
    answer(figures, as_json)


@train.command("ablation")
def train_ablation(
    *,
    manifest: Annotated[Path | None, typer.Option(help="CSV: path, speaker, emotion7; default EMOREC_DATA.")] = None,
    source: Annotated[Path | None, typer.Option(help="fer2013.csv or folder of sheets; default EMOREC_DATA.")] = None,
    checkpoints: Annotated[Path | None, typer.Option(help="Folder of the checkpoints.")] = None,
    seed: Annotated[int | None, typer.Option(help="Everything random follows from it.")] = None,
    weights: Weights = None,
) -> None:
    """Train the rows of the paper's Table 1 that do not ship and write ablation.json; goes on where it was stopped."""
    from ml.training.ablation.rows import AblationOptions
    from ml.training.ablation.rows import train_ablation as run

    values = {"manifest": manifest, "faces": source, "checkpoints": checkpoints, "seed": seed}
    options = AblationOptions(weights=weights, **{k: v for k, v in values.items() if v is not None})  # type: ignore[arg-type]
    with explained(), Bars() as bars:
        ablation = run(options, bars)
    print_json({name: {key: row[key] for key in ("n", "accuracy", "uar")} for name, row in ablation["rows"].items()})


def _check_resume(checkpoints: Path, resume: bool) -> None:
    """Neither begin anew over an unfinished run nor go on with one by accident."""
    started = any(checkpoints.rglob("*.pt")) if checkpoints.is_dir() else False
    if started and not resume:
        raise ValueError("there are checkpoints of a run already: add --resume, or name another folder (--checkpoints)")


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
