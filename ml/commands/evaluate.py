"""Measuring, each command one kind of figures."""

from pathlib import Path
from typing import Annotated

import typer

from ml.commands.options import DEFAULTS, Alpha, AsJson, Weights
from ml.commands.output import answer, show_rows
from ml.config import Config
from ml.console import Bars, errors, explained, print_json

evaluate = typer.Typer(no_args_is_help=True, help="Measure a model on people it has never seen or heard.")


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
    from ml.data.fer2013 import fer2013_folder
    from ml.evaluation import face, face_manifest

    with explained(), Bars() as bars:
        if manifest is None:
            figures = face.evaluate_face(fer2013 or fer2013_folder(), split, weights, bars)
        elif fer2013 is None:
            figures = face_manifest.evaluate_manifest(manifest, weights, DEFAULTS, bars)
        else:
            raise ValueError("name --fer2013 or --manifest, not both")
    answer(figures, as_json)


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
    answer(figures, as_json)


@evaluate.command("voice")
def evaluate_voice(
    *,
    manifest: Annotated[Path | None, typer.Option(help="CSV: path, speaker, emotion7, perhaps corpus.")] = None,
    as_json: AsJson = False,
    weights: Weights = None,
) -> None:
    """Measure the voice networks; speakers they learned from are judged out of fold."""
    from ml.data.manifest import speech_manifest
    from ml.evaluation.voice import evaluate_voice as run

    with explained(), Bars() as bars:
        figures = run(manifest or speech_manifest(), weights, bars)
    answer(figures, as_json)


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
    from ml.data.manifest import speech_manifest
    from ml.evaluation.sessions import evaluate_sessions as run

    with explained(), Bars() as bars:
        config = Config(face=False, separation="vocals" if separate else "off")
        figures = run(manifest or speech_manifest(), weights, config, seed=seed, per_corpus=per_corpus, tell=bars)
    answer(figures, as_json)


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
    from ml.data.manifest import speech_manifest
    from ml.evaluation.sound import evaluate_sound as run

    with explained(), Bars() as bars:
        config = Config(face=False, separation="vocals" if separate else "off")
        figures = run(manifest or speech_manifest(), weights, config, seed=seed, per_corpus=per_corpus, tell=bars)
    answer(figures, as_json)


@evaluate.command("speakers")
def evaluate_speakers(
    *,
    rttm: Annotated[Path, typer.Option(help="Folder of FLAC or WAV files, each with an RTTM file of the same name.")],
    separate: Annotated[bool, typer.Option(help="Separate the vocals with Spleeter, as in use.")] = True,
    as_json: AsJson = False,
    weights: Weights = None,
) -> None:
    """Measure who speaks when against RTTM files: error rates without a collar, overlapping speech counted."""
    from ml.evaluation.speakers import evaluate_speakers as run

    with explained(), Bars() as bars:
        figures = run(rttm, weights, Config(face=False, separation="vocals" if separate else "off"), bars)
    answer(figures, as_json)


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
    answer(figures, as_json)


@evaluate.command("all")
def evaluate_all(as_json: AsJson = False, weights: Weights = None) -> None:
    """Measure everything on the research data, in the form of the paper's Tables 1 and 2, and write the model card."""
    from ml.evaluation import card
    from ml.evaluation.measure import measure
    from ml.evaluation.voice_conditions import advice

    with explained(), Bars() as bars:
        measurement = measure(weights, bars)
        card_path = card.write_card(weights)
    if as_json:
        print_json(measurement["figures"])
        return
    for table in card.tables(weights):
        show_rows(table.title, table.head, table.rows)
    for sentence in advice(measurement["voice_conditions"]):
        typer.echo(sentence)
    errors.print(f"Written: {card_path}. It took {measurement['seconds']} seconds.")
