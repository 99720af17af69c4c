"""What is made and fetched around the engine: model card, manifests, sample, models of others, speed."""

from pathlib import Path
from typing import Annotated

import typer

from ml.commands.options import AsJson, Weights
from ml.commands.output import show_table
from ml.config import Config
from ml.console import Bars, errors, explained, print_json

upkeep = typer.Typer()


@upkeep.command()
def card(weights: Weights = None) -> None:
    """Write docs/model-card.md from the weights' card and the last measurement."""
    from ml.evaluation.card import write_card

    with explained():
        errors.print(f"Written: {write_card(weights)}")


@upkeep.command()
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
    from ml.data.corpora import read_corpus, write_manifest

    with explained():
        counts = write_manifest(read_corpus(name, folder, listing), out)
    rows = {label or "(outside the seven classes, not used)": count for label, count in counts.items()}
    show_table("Clips", rows)


@upkeep.command()
def sample(file: Path, seconds: Annotated[float, typer.Option(min=1)] = 60) -> None:
    """Make the sample recording: a portrait that moves and speaks."""
    from ml.sample import make_sample

    with explained(), Bars() as bars:
        make_sample(file, seconds, lambda done, total: bars("sample", done, total))


@upkeep.command("fetch-encoder")
def fetch_encoder(folder: Annotated[Path | None, typer.Option(help="Default EMOREC_WHISPER_MODEL.")] = None) -> None:
    """Fetch and verify the speech encoder (Whisper base)."""
    from ml.voice.whisper_model import fetch_model

    with explained():
        fetch_model(folder, errors.print)


@upkeep.command("fetch-landmarks")
def fetch_landmarks(folder: Annotated[Path | None, typer.Option(help="Default EMOREC_LANDMARK_MODEL.")] = None) -> None:
    """Fetch and verify the face landmark model (MediaPipe)."""
    from ml.face.landmark_model import fetch_model

    with explained():
        fetch_model(folder, errors.print)


@upkeep.command("fetch-separator")
def fetch_separator(folder: Annotated[Path | None, typer.Option(help="Default EMOREC_SPLEETER_MODEL.")] = None) -> None:
    """Fetch and verify the Spleeter model."""
    from ml.voice.separation_model import fetch_model

    with explained():
        fetch_model(folder, errors.print)


@upkeep.command()
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
        show_table("Bench", figures)
