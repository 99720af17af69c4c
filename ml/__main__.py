"""The engine's command line: ``python -m ml COMMAND``. JSON goes to standard output, everything else to standard error.

Commands import what they need when they run: ``probe`` must answer fast and load neither torch nor TensorFlow.
"""

import json
import logging
from pathlib import Path
from typing import Annotated, Any

import typer

from ml.config import Config
from ml.console import EXPECTED_FAILURE, Bars, errors, explained, print_json
from ml.errors import RecognitionError

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_show_locals=False)
train = typer.Typer(no_args_is_help=True, help="Train a model and write its weights.")
evaluate = typer.Typer(no_args_is_help=True, help="Measure a model on people it has never seen or heard.")
app.add_typer(train, name="train")
app.add_typer(evaluate, name="evaluate")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON only.")]
Weights = Annotated[
    Path | None, typer.Option(help="Folder of the weights; default EMOREC_WEIGHTS or the shipped ones.")
]
Alpha = Annotated[float, typer.Option(min=0, max=1, help="Fusion weight of the face; the voice has the rest.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="NAME=VALUE of any other option; repeat for several.")
]
DEFAULTS = Config()


@app.command()
def recognise(
    file: Path,
    *,
    as_json: AsJson = False,
    voice: Annotated[bool, typer.Option(help="Analyse the voice.")] = True,
    face: Annotated[bool, typer.Option(help="Analyse the face.")] = True,
    separate: Annotated[bool, typer.Option(help="Separate the vocals with Spleeter.")] = True,
    track: Annotated[int | None, typer.Option(help="Number of the face to follow; default the longest.")] = None,
    alpha: Alpha = DEFAULTS.alpha,
    paper_voice: Annotated[bool, typer.Option(help="The paper's Attention-LSTM alone; far more often wrong.")] = False,
    reference: Annotated[
        Path | None, typer.Option(help="JSON of what the person's other recordings left behind.")
    ] = None,
    weights: Weights = None,
) -> None:
    """Recognise the emotions of one recording."""
    from ml.recognise import load_models
    from ml.recognise import recognise as run
    from ml.reference import Reference

    with explained(), Bars() as bars:
        known = Reference() if reference is None else Reference.read(reference)
        config = Config(
            voice=voice,
            face=face,
            alpha=alpha,
            beta=1 - alpha,
            separation="vocals" if separate else "off",
            track=track,
            voice_by="attention_lstm" if paper_voice else "speech",
        )
        result = run(file, load_models(weights), config, bars, known).as_dict()
    if as_json:
        print_json(result)
    else:
        _show_recognition(result)


@app.command()
def probe(
    file: Path,
    as_json: AsJson = False,
    max_duration: Annotated[float, typer.Option(help="Longest duration in seconds.")] = DEFAULTS.max_duration_s,
) -> None:
    """Say what a file holds, without analysing it."""
    from ml.media import probe as look

    try:
        answer = {"ok": True, **look(file, max_duration).as_dict()}
    except RecognitionError as error:
        answer = {"ok": False, "code": error.code}
        if not as_json:
            with explained():
                raise
    if as_json:
        print_json(answer)
    else:
        _show_table("Recording", answer)
    raise typer.Exit(0 if answer["ok"] else EXPECTED_FAILURE)


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
    from ml.training.face import train_face as run
    from ml.training.face_export import export_face
    from ml.training.face_options import FaceTrainingOptions
    from ml.training.settings import with_settings

    chosen = {
        "source": source,
        "checkpoints": checkpoints,
        "stages": stages,
        "seed": seed,
        "limit": limit,
        "patience": patience,
    }
    options = FaceTrainingOptions(**{key: value for key, value in chosen.items() if value is not None})  # type: ignore[arg-type]
    _log_to_stderr()
    with explained(), Bars() as bars:
        options = with_settings(options, settings or [])
        _check_resume(options.checkpoints, resume)
        run(options, bars)
        entry = export_face(options, weights)
    print_json({"version": entry["version"], "publictest": entry["publictest"]})


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
    from ml.training.voice import VoiceOptions
    from ml.training.voice import train_voice as run
    from ml.training.voice_languages import language_left_out

    manifests = None if manifest is None else (manifest,)
    chosen = {"manifests": manifests, "checkpoints": checkpoints, "folds": folds, "version": version}
    options = VoiceOptions(weights=weights, attention=attention, **{k: v for k, v in chosen.items() if v is not None})  # type: ignore[arg-type]
    _log_to_stderr()
    with explained(), Bars() as bars:
        _check_resume(options.checkpoints, resume)
        if without_language is not None:
            print_json(language_left_out(without_language, options, bars))
            return
        entry = run(options, bars)
    print_json({"version": entry["version"], "metrics": entry["metrics"]})


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
    from ml.training.face_fine_tune import FineTuneOptions
    from ml.training.face_target import TargetOptions, fine_tune_on_corpus
    from ml.training.settings import with_settings

    _log_to_stderr()
    with explained(), Bars() as bars:
        tuning = with_settings(FineTuneOptions(), settings or [])
        kept = checkpoints or default_folder("fine-tune")
        entry = fine_tune_on_corpus(TargetOptions(manifest, weights, start, kept, folds, per_clip, tuning), bars)
    print_json({key: entry[key] for key in ("version", "data", "as_begun", "fine_tuned")})


@train.command("fusion")
def train_fusion(
    *, seed: Annotated[int, typer.Option(help="Of the pairing.")] = 1, as_json: AsJson = False, weights: Weights = None
) -> None:
    """Find the temperature of fused answers on label-matched pairs of held-out training faces and unheard voices."""
    from ml.training.fusion import fit_fusion

    with explained(), Bars() as bars:
        found = fit_fusion(weights, seed, bars)
    _answer(found, as_json)


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
    from ml.training.ablation import AblationOptions
    from ml.training.ablation import train_ablation as run

    chosen = {"manifest": manifest, "faces": source, "checkpoints": checkpoints, "seed": seed}
    options = AblationOptions(weights=weights, **{k: v for k, v in chosen.items() if v is not None})  # type: ignore[arg-type]
    with explained(), Bars() as bars:
        written = run(options, bars)
    print_json({name: {key: row[key] for key in ("n", "accuracy", "uar")} for name, row in written["rows"].items()})


@evaluate.command("face")
def evaluate_face(
    *,
    fer2013: Annotated[Path | None, typer.Option(help="The official CSV; default the sheets in EMOREC_DATA.")] = None,
    split: Annotated[str, typer.Option(help="Training, PublicTest or PrivateTest.")] = "PublicTest",
    manifest: Annotated[
        Path | None, typer.Option(help="CSV of pictures and clips: path, speaker, emotion7, perhaps corpus.")
    ] = None,
    as_json: AsJson = False,
    weights: Weights = None,
) -> None:
    """Measure the face network on FER2013, or the face of a manifest's people without and with their own history."""
    from ml.evaluation import face, face_manifest

    with explained(), Bars() as bars:
        if manifest is None:
            figures = face.evaluate_face(fer2013 or face.default_source(), split, weights, bars)
        elif fer2013 is None:
            figures = face_manifest.evaluate_manifest(manifest, weights, DEFAULTS, bars)
        else:
            raise ValueError("name --fer2013 or --manifest, not both")
    _answer(figures, as_json)


@evaluate.command("face-histories")
def evaluate_face_histories(
    *,
    seed: Annotated[int, typer.Option(help="Of the people made.")] = 2022,
    as_json: AsJson = False,
    weights: Weights = None,
) -> None:
    """Measure what histories of many moods and of one do to a face, on people made of FER2013's PublicTest."""
    from ml.evaluation.face_histories import evaluate_face_histories as run

    with explained(), Bars() as bars:
        figures = run(weights, seed, bars)
    _answer(figures, as_json)


@evaluate.command("voice")
def evaluate_voice(
    *,
    manifest: Annotated[Path | None, typer.Option(help="CSV: path, speaker, emotion7, perhaps corpus.")] = None,
    as_json: AsJson = False,
    weights: Weights = None,
) -> None:
    """Measure the voice networks; speakers they learned from are judged out of fold."""
    from ml.evaluation.voice import default_manifest
    from ml.evaluation.voice import evaluate_voice as run

    with explained(), Bars() as bars:
        figures = run(manifest or default_manifest(), weights, bars)
    _answer(figures, as_json)


@evaluate.command("sessions")
def evaluate_sessions(
    *,
    manifest: Annotated[Path | None, typer.Option(help="CSV: path, speaker, emotion7, perhaps corpus.")] = None,
    seed: Annotated[int, typer.Option(help="Of the sessions made.")] = 2022,
    per_corpus: Annotated[int, typer.Option(min=1, help="Sessions of each kind and corpus at most.")] = 12,
    separate: Annotated[bool, typer.Option(help="Separate the vocals with Spleeter, as in use.")] = True,
    as_json: AsJson = False,
    weights: Weights = None,
) -> None:
    """Measure the voice on whole sessions of one person, through the pipeline as it runs; first among all figures."""
    from ml.evaluation.sessions import evaluate_sessions as run
    from ml.evaluation.voice import default_manifest

    with explained(), Bars() as bars:
        config = Config(face=False, separation="vocals" if separate else "off")
        figures = run(manifest or default_manifest(), weights, config, seed=seed, per_corpus=per_corpus, tell=bars)
    _answer(figures, as_json)


@evaluate.command("sound")
def evaluate_sound(
    *,
    manifest: Annotated[Path | None, typer.Option(help="CSV: path, speaker, emotion7, perhaps corpus.")] = None,
    seed: Annotated[int, typer.Option(help="Of the sessions made.")] = 2022,
    per_corpus: Annotated[int, typer.Option(min=1, help="Sessions of each corpus at most.")] = 4,
    separate: Annotated[bool, typer.Option(help="Separate the vocals with Spleeter, as in use.")] = True,
    as_json: AsJson = False,
    weights: Weights = None,
) -> None:
    """Count the labels that change with the level, the sampling rate and the telephone, on whole sessions."""
    from ml.evaluation.sound import evaluate_sound as run
    from ml.evaluation.voice import default_manifest

    with explained(), Bars() as bars:
        config = Config(face=False, separation="vocals" if separate else "off")
        figures = run(manifest or default_manifest(), weights, config, seed=seed, per_corpus=per_corpus, tell=bars)
    _answer(figures, as_json)


@evaluate.command("fusion")
def evaluate_fusion(
    *,
    manifest: Annotated[
        Path | None, typer.Option(help="CSV of audio-visual recordings; without it label-matched pairs.")
    ] = None,
    alpha: Alpha = DEFAULTS.alpha,
    seed: Annotated[int, typer.Option(help="Of the pairing.")] = 2022,
    as_json: AsJson = False,
    weights: Weights = None,
) -> None:
    """Measure fusion beside voice and face alone, on the same examples."""
    from ml.evaluation import fusion

    with explained(), Bars() as bars:
        config = Config(alpha=alpha, beta=1 - alpha)
        if manifest is None:
            figures = fusion.evaluate_pairs(weights, config, seed, bars)
        else:
            figures = fusion.evaluate_fusion(manifest, weights, config, bars)
    _answer(figures, as_json)


@evaluate.command("all")
def evaluate_all(as_json: AsJson = False, weights: Weights = None) -> None:
    """Measure everything on the research data, in the form of the paper's Tables 1 and 2, and write the model card."""
    from ml.evaluation import card
    from ml.evaluation.measure import measure
    from ml.evaluation.voice_conditions import advice

    with explained(), Bars() as bars:
        measured = measure(weights, bars)
        written = card.write_card(weights)
    if as_json:
        print_json(measured["figures"])
        return
    for table in card.tables(weights):
        _show_rows(table.title, table.head, table.rows)
    for sentence in advice(measured["voice_conditions"]):
        typer.echo(sentence)
    errors.print(f"Written: {written}. It took {measured['seconds']} seconds.")


@app.command()
def card(weights: Weights = None) -> None:
    """Write docs/model-card.md from the weights' card and the last measurement."""
    from ml.evaluation.card import write_card

    with explained():
        errors.print(f"Written: {write_card(weights)}")


@app.command()
def corpus(
    name: Annotated[str, typer.Argument(help="ravdess, emodb, casia or cheavd.")],
    folder: Annotated[Path, typer.Argument(help="The unpacked corpus.")],
    *,
    out: Annotated[Path, typer.Option(help="The manifest to write.")],
    listing: Annotated[
        Path | None, typer.Option("--list", help="cheavd only: CSV with the columns file, label, perhaps speaker.")
    ] = None,
) -> None:
    """Make a manifest of a corpus as it is distributed, for train voice|fine-tune and evaluate voice|fusion.

    CHEAVD2.0's own layout could not be seen: name its folder of clips and a list of file and label.
    """
    from ml.training.corpora import read_corpus, write_manifest

    with explained():
        counts = write_manifest(read_corpus(name, folder, listing), out)
    rows = {label or "(outside the seven classes, not used)": count for label, count in counts.items()}
    _show_table("Clips", rows)


@app.command()
def sample(file: Path, seconds: Annotated[float, typer.Option(min=1)] = 60) -> None:
    """Make the sample recording: a portrait that moves and speaks."""
    from ml.sample import make_sample

    with explained(), Bars() as bars:
        make_sample(file, seconds, lambda done, total: bars("sample", done, total))


@app.command("fetch-encoder")
def fetch_encoder(folder: Annotated[Path | None, typer.Option(help="Default EMOREC_WHISPER_MODEL.")] = None) -> None:
    """Fetch and verify the speech encoder (Whisper base)."""
    from ml.voice.whisper_model import fetch_model

    with explained():
        fetch_model(folder, errors.print)


@app.command("fetch-separator")
def fetch_separator(folder: Annotated[Path | None, typer.Option(help="Default EMOREC_SPLEETER_MODEL.")] = None) -> None:
    """Fetch and verify the Spleeter model."""
    from ml.voice.separation_model import fetch_model

    with explained():
        fetch_model(folder, errors.print)


@app.command()
def bench(
    minutes: Annotated[int, typer.Option(min=1, max=120, help="Length of the clip.")] = 1,
    separate: Annotated[bool, typer.Option(help="Separate the vocals with Spleeter.")] = True,
    as_json: AsJson = False,
    weights: Weights = None,
) -> None:
    """Seconds per stage, real-time factor and peak memory on a 640x360 clip with speech made for it."""
    from ml.bench import bench as run

    with explained(), Bars() as bars:
        figures = run(minutes, Config(separation="vocals" if separate else "off"), weights, bars)
    if as_json:
        print_json(figures)
    else:
        _show_table("Bench", figures)


def _answer(figures: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(figures)
    else:
        _show_table("Figures", {key: value for key, value in figures.items() if key not in {"voice", "face", "own"}})


def _show_table(title: str, values: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, show_header=False)
    for key, value in values.items():
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
        table.add_row(key.replace("_", " "), text)
    Console().print(table)


def _show_rows(title: str, head: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> None:
    """A table whose cells are folded, never cut short, where the terminal is narrow: 80 columns are enough."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, box=None, pad_edge=False, padding=(0, 1, 1, 0))
    for name, *cells in zip(head, *rows, strict=True):
        longest = max(len(word) for cell in cells for word in cell.split())
        narrow = not table.columns or any("% (" in cell for cell in cells)  # an interval has a line of its own
        table.add_column(name, overflow="fold", min_width=longest, max_width=longest if narrow else None)
    for row in rows:
        table.add_row(*row)
    Console().print(table)


def _show_recognition(result: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("start", "end", "emotion", "probability", "voice", "face")
    for segment in result["segments"]:
        label = segment["label"]
        if label is None:
            cells = ("(no judgement)", "", "", "")
        else:
            alone = [segment[name]["probabilities"] if segment[name] else None for name in ("voice", "face")]
            best = [max(each, key=each.get) if each else "-" for each in alone]
            cells = (label, f"{segment['probabilities'][label]:.2f}", *best)
        table.add_row(f"{segment['start_s']:.1f}", f"{segment['end_s']:.1f}", *cells)
    Console().print(table)
    _show_table("Summary", result["summary"])
    _show_table("Seconds per stage", result["timings_s"])


def _check_resume(checkpoints: Path, resume: bool) -> None:
    """Neither begin anew over an unfinished run nor go on with one by accident."""
    started = any(checkpoints.rglob("*.pt")) if checkpoints.is_dir() else False
    if started and not resume:
        raise ValueError("there are checkpoints of a run already: add --resume, or name another folder (--checkpoints)")


def _log_to_stderr() -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")


if __name__ == "__main__":
    app(prog_name="python -m ml")
