"""Tables for people, where JSON was not asked for."""

import json
from typing import Any

from ml.console import print_json
from ml.turns import SpeakerTurns


def answer(figures: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(figures)
    else:
        show_table("Figures", {key: value for key, value in figures.items() if key not in {"voice", "face", "own"}})


def show_table(title: str, values: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title, show_header=False)
    for key, value in values.items():
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
        table.add_row(key.replace("_", " "), text)
    Console().print(table)


def show_rows(title: str, head: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> None:
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


def show_recognition(result: dict[str, Any]) -> None:
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
    show_table("Summary", result["summary"])
    show_table("Seconds per stage", result["timings_s"])


def show_turns(speakers: SpeakerTurns) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("start", "end", "voice", "certainty")
    for turn in speakers.turns:
        table.add_row(f"{turn.start_s:.1f}", f"{turn.end_s:.1f}", str(turn.speaker), f"{turn.certainty:.2f}")
    Console().print(table)
    seconds = {f"voice {speaker.number}": f"{speaker.seconds:.1f} s" for speaker in speakers.speakers}
    show_table("Voices", {**seconds, "student": speakers.student, "several people": speakers.several})
