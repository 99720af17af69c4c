"""The engine's command line: ``python -m ml COMMAND``. JSON goes to standard output, everything else to standard error.

Commands import what they need when they run: ``probe`` must answer fast and load neither torch nor TensorFlow.
"""

import typer

from ml.commands.evaluate import evaluate
from ml.commands.recordings import recordings
from ml.commands.train import train
from ml.commands.upkeep import upkeep

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__, pretty_exceptions_show_locals=False)
app.add_typer(recordings)
app.add_typer(upkeep)
app.add_typer(train, name="train")
app.add_typer(evaluate, name="evaluate")

if __name__ == "__main__":
    app(prog_name="python -m ml")
