"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from ml.config import Config

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON only.")]
Weights = Annotated[
    Path | None, typer.Option(help="Folder of the weights; default EMOREC_WEIGHTS or the shipped ones.")
]
Alpha = Annotated[float, typer.Option(min=0, max=1, help="Fusion weight of the face; the voice has the rest.")]
Settings = Annotated[
    list[str] | None, typer.Option("--set", help="NAME=VALUE of any other option; repeat for several.")
]
DEFAULTS = Config()
