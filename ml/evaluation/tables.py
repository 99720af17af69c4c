"""The paper's Tables 1 and 2, measured here, beside the paper's figures, for the console and for the card.

The paper's figures are for the test set of CHEAVD2.0, which cannot be had freely; they are not comparable.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ml.emotions import EMOTIONS

PAPER_TABLE_1 = {
    "mfcc_lstm": "54.2 %",
    "voice": "62.5 %",
    "speech": "-",
    "lbph_cnn": "65.4 %",
    "face": "73.1 %",
    "fusion": "78.5 %",
    "product": "-",
}
PAPER_TABLE_2 = {
    "anger": (252, "80.6 %"),
    "disgust": (42, "69.0 %"),
    "sad": (132, "87.9 %"),
    "happy": (236, "88.1 %"),
    "scared": (293, "76.1 %"),
    "surprised": (51, "66.7 %"),
    "normal": (400, "81.0 %"),
}
"""Examples and share recognised."""

ABLATION = "ablation.json"
"""What was measured of the rows that do not ship, beside the weights."""
NOT_TRAINED = "not trained: python -m ml train ablation"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of texts."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """As Markdown, without the title."""
        lines = [self.head, ("---",) * len(self.head), *self.rows]
        return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def table_1(figures: dict[str, dict[str, Any]], ablation: dict[str, Any] | None) -> Table:
    """Every row on the same label-matched pairs, and on its own test set.

    Args:
        figures: as ``measure`` keeps them.
        ablation: as ``train_ablation`` keeps it; None where it was not run.
    """
    fusion = figures["fusion"]
    trained = {} if ablation is None else ablation["rows"]
    lstm, cnn = trained.get("mfcc_lstm"), trained.get("lbph_cnn")
    rows = (
        ("voice", "MFCC", "LSTM", lstm, None, "mfcc_lstm"),
        ("voice", "MFCC, Fbank, spectrogram", "Attention-LSTM", figures["attention_lstm"], None, "voice"),
        (
            "voice",
            "states of a speech encoder, pitch, voice quality",
            "one hidden layer (shipped)",
            fusion["voice"],
            None,
            "speech",
        ),
        ("face", "LBP histograms", "CNN", cnn and cnn["pairs"], cnn, "lbph_cnn"),
        (
            "face",
            "LBP, block weights, multi-scale",
            "transfer learning + VGG-16 (shipped)",
            fusion["face"],
            figures["face"],
            "face",
        ),
        (
            f"both, {fusion['alpha']:g} : {fusion['beta']:g}",
            "all",
            "decision-level fusion, the paper's sum (shipped)",
            fusion["weighted"],
            None,
            "fusion",
        ),
        ("both", "all", "decision-level fusion, product", fusion["product"], None, "product"),
    )
    return Table(
        f"Table 1. Accuracy and mean recall on label-matched pairs (n = {fusion['n']})",
        ("input", "features", "model", "accuracy", "mean recall", "own test set: accuracy, n", "paper"),
        tuple(
            (name, features, model, *_shares(pairs), _own(own), PAPER_TABLE_1[key])
            for name, features, model, pairs, own, key in rows
        ),
    )


def table_2(fusion: dict[str, Any]) -> Table:
    """Recall / precision / F1 of every class, in percent, on the label-matched pairs.

    Args:
        fusion: its figures, with "voice" and "face" inside.
    """
    rows = []
    for name in EMOTIONS:
        cells = (_three(each["per_class"][name]) for each in (fusion["voice"], fusion["face"], fusion))
        count, share = PAPER_TABLE_2[name]
        interval = fusion["per_class"][name]["recall_ci95"]
        rows.append((name, str(fusion["per_class"][name]["n"]), *cells, span(interval), f"{share} of {count}"))
    return Table(
        "Table 2. Recall / precision / F1 by class, in percent, on label-matched pairs",
        ("class", "n", "voice", "face", "both", "both: recall, 95 %", "paper, both"),
        tuple(rows),
    )


def percent(share: float) -> str:
    """A fraction of 1 as a percentage."""
    return f"{100 * share:.1f} %"


def span(interval: Sequence[float] | None) -> str:
    """A 95 % interval in percent; a dash where there is none."""
    return "-" if interval is None else f"{100 * interval[0]:.1f}-{100 * interval[1]:.1f}"


def shares(row: dict[str, Any]) -> tuple[str, str]:
    """Accuracy and mean recall, each with its interval."""
    return (
        f"{percent(row['accuracy'])} ({span(row['accuracy_ci95'])})",
        f"{percent(row['uar'])} ({span(row['uar_ci95'])})",
    )


def of_groups(groups: Iterable[tuple[str, dict[str, Any]]], head: str) -> Table:
    """Headline figures by group: name, n, speakers where known, accuracy, mean recall."""
    rows = tuple((name, str(row["n"]), str(row.get("speakers", "-")), *shares(row)) for name, row in groups)
    return Table("", (head, "n", "speakers", "accuracy", "mean recall"), rows)


def of_conditions(rows: Iterable[dict[str, Any]], head: str) -> Table:
    """Headline figures and calibration error of the same examples under several conditions."""
    cells = tuple((row["condition"], *shares(row), percent(row["ece"])) for row in rows)
    return Table("", (head, "accuracy", "mean recall", "calibration error"), cells)


def _shares(row: dict[str, Any] | None) -> tuple[str, str]:
    return (NOT_TRAINED, "-") if row is None else shares(row)


def _own(row: dict[str, Any] | None) -> str:
    return "-" if row is None else f"{percent(row['accuracy'])} ({span(row['accuracy_ci95'])}), n = {row['n']}"


def _three(row: dict[str, Any]) -> str:
    return " / ".join(f"{100 * row[key]:.1f}" for key in ("recall", "precision", "f1"))
