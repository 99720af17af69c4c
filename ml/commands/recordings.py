"""What is done with one recording."""

from pathlib import Path
from typing import Annotated

import typer

from ml.commands.options import DEFAULTS, Alpha, AsJson, Weights
from ml.commands.output import show_recognition, show_table, show_turns
from ml.config import Config
from ml.console import EXPECTED_FAILURE, Bars, explained, print_json
from ml.errors import RecognitionError

recordings = typer.Typer()


@recordings.command()
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
        own_reference = Reference() if reference is None else Reference.read(reference)
        config = Config(
            voice=voice,
            face=face,
            alpha=alpha,
            beta=1 - alpha,
            separation="vocals" if separate else "off",
            track=track,
            voice_by="attention_lstm" if paper_voice else "speech",
        )
        result = run(file, load_models(weights), config, bars, own_reference).as_dict()
    if as_json:
        print_json(result)
    else:
        show_recognition(result)


@recordings.command()
def speakers(
    file: Path,
    *,
    as_json: AsJson = False,
    separate: Annotated[bool, typer.Option(help="Separate the vocals with Spleeter.")] = True,
    weights: Weights = None,
) -> None:
    """Say who speaks when in one recording; nobody's emotion is judged."""
    from ml.recognise import load_models, tell_apart

    with explained(), Bars() as bars:
        config = Config(separation="vocals" if separate else "off")
        turns = tell_apart(file, load_models(weights), config, bars)
    if as_json:
        print_json(turns.as_dict())
    else:
        show_turns(turns)


@recordings.command()
def transcribe(file: Path, as_json: AsJson = False) -> None:
    """Write down what is said in one recording."""
    from ml.transcript.decoder import Decoder
    from ml.transcript.transcribe import transcribe as run

    with explained(), Bars() as bars:
        result = run(file, Decoder.load(), bars)
    if as_json:
        print_json(result.as_dict())
    else:
        show_table(
            f"What was said ({result.language or 'nothing'})",
            {f"{sentence.start_s:.1f} s": sentence.text for sentence in result.sentences},
        )


@recordings.command()
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
        show_table("Recording", answer)
    raise typer.Exit(0 if answer["ok"] else EXPECTED_FAILURE)
