"""The model card for the page: what the file that lies with the weights says, put in order.

The file is read as plain JSON; no model and nothing of ``ml`` is loaded. The training and evaluation commands decide
what stands in it, so every group of figures in it is found by what makes one: a number of examples and an accuracy.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analysis.emotions import EMOTIONS

CARD = Path(settings.BASE_DIR) / "ml" / "weights" / "card.json"

NAMES: dict[str, Promise] = {
    "face": _("Face"),
    "voice": _("Voice"),
    "fusion": _("Voice and face together"),
    "publictest": _("FER2013 public test"),
    "privatetest": _("FER2013 private test"),
    "validation": _("Validation"),
    "baselines": _("Simple baselines, for comparison"),
    "publictest_baselines": _("Simple baselines, for comparison"),
    "privatetest_baselines": _("Simple baselines, for comparison"),
    "own_statistics": _("Held-out speakers, as in use"),
    "training_statistics": _("Held-out speakers, fallback for very short sound"),
    "per_corpus": _("By corpus"),
    "majority": _("Always the most frequent class"),
    "chance": _("Chance"),
}
"""What the keys of the card are called on the page; other keys are corpora and methods and stand as they are."""

SILENT = frozenset({"metrics", "per_corpus", "figures", "evaluation"})
"""Keys that only group."""


@dataclass(frozen=True)
class Row:
    """One group of figures: measured on what, on how many, and how often right. Shares are fractions of 1."""

    title: str
    n: int
    accuracy: float
    uar: float | None
    macro_f1: float | None
    recalls: dict[str, float]


@dataclass
class ModelEntry:
    """What the page shows about one model."""

    name: str
    version: str
    sha256: str
    data: list[tuple[str, str]] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)


def read_card(path: Path = CARD) -> list[ModelEntry]:
    """Every model of the card; empty when there is no card or it cannot be read."""
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    if not isinstance(card, dict):
        return []
    return [_entry(name, meta) for name, meta in card.items() if isinstance(meta, dict)]


def _entry(name: str, meta: dict[str, Any]) -> ModelEntry:
    data = meta.get("data")
    return ModelEntry(
        name=str(NAMES.get(name, name)),
        version=str(meta.get("version", "")),
        sha256=str(meta.get("sha256", "")),
        data=[(key.replace("_", " "), str(value)) for key, value in data.items() if not isinstance(value, dict | list)]
        if isinstance(data, dict)
        else [],
        rows=list(_rows(meta, ())),
    )


def _rows(node: dict[str, Any], path: tuple[str, ...]) -> Iterator[Row]:
    """Every group of figures below ``node``, outermost first."""
    count, accuracy = node.get("n"), node.get("accuracy")
    if isinstance(count, int) and isinstance(accuracy, int | float):
        yield Row(
            title=" · ".join(str(NAMES.get(key, key.replace("_", " "))) for key in path if key not in SILENT),
            n=count,
            accuracy=float(accuracy),
            uar=_number(node.get("uar")),
            macro_f1=_number(node.get("macro_f1")),
            recalls=_recalls(node),
        )
    for key, value in node.items():
        if isinstance(value, dict):
            yield from _rows(value, (*path, key))


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _recalls(node: dict[str, Any]) -> dict[str, float]:
    """Share of each class that was recognised, where the card has it."""
    found = node.get("per_class_recall") or node.get("per_class") or {}
    shares = {}
    for name in EMOTIONS:
        value = found.get(name) if isinstance(found, dict) else None
        value = value.get("recall") if isinstance(value, dict) else value
        if isinstance(value, int | float):
            shares[name] = float(value)
    return shares
