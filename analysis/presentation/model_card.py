"""The model card for the page: which models are installed, what they learned from, and how often they are right.

``ml/weights/card.json`` says what the models are, ``ml/weights/evaluation.json`` what was measured on people they never
met. Both are read as plain JSON; no model and nothing of ``ml`` is loaded. The training and evaluation commands decide
what stands in them, so a group of figures is found by what makes one: a number of examples and an accuracy. Where
nothing was measured yet, the figures that training left in the card are shown.
"""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from analysis.emotions import EMOTIONS

FOLDER = Path(settings.BASE_DIR) / "ml" / "weights"

GROUPS: dict[str, Promise] = {
    "face": _("The face alone"),
    "voice": _("The voice alone"),
    "fusion": _("Voice and face together"),
}
"""The measurements in the order of the page."""

SESSION_KINDS = ("uniform", "mixed80", "mixed50", "history_same", "history_neutral")
"""Kinds of sessions in the order of the page."""


@dataclass(frozen=True)
class Source:
    """What the models learned from or rest on, and its terms.

    Attributes:
        language: of the corpora of voices; how many speakers were learned from, the card says.
    """

    name: str
    what: Promise
    terms: Promise | str
    language: Promise | str = ""


SOURCES: tuple[Source, ...] = (
    Source("FER2013", _("faces from the web, 48 pixels high"), _("research")),
    Source("FER+", _("what ten people each saw in these faces"), "MIT"),
    Source("RAVDESS", _("voices of actors"), "CC BY-NC-SA 4.0", _("English")),
    Source("EmoDB", _("voices of actors"), _("research, authors to be cited"), _("German")),
    Source("CASIA", _("voices of actors"), _("research"), _("Chinese")),
    Source("nEMO", _("voices of actors"), "CC BY-NC-SA 4.0", _("Polish")),
    Source("TESS", _("voices of actors"), "CC BY-NC-ND 4.0", _("English")),
    Source("Spleeter", _("separates the voice from music, as published"), "MIT"),
    Source("Whisper base", _("describes speech, as published; learned from recordings of 99 languages"), "MIT"),
    Source("silero-vad", _("finds speech, as published"), "MIT"),
)
"""In the order of the page. ``docs/model-card.md`` has the same."""


NAMES: dict[str, Promise] = {
    "face": _("face"),
    "voice": _("voice"),
    "publictest": _("FER2013 public test"),
    "validation": _("validation"),
    "baselines": _("simple baseline"),
    "publictest_baselines": _("simple baseline"),
    "general": _("speakers never heard"),
    "with_history": _("speakers never heard, with their other recordings as history"),
    "own": _("with the person's other recordings as history"),
    "uniform": _("in one mood throughout"),
    "mixed80": _("four fifths in one mood"),
    "mixed50": _("half in one mood"),
    "history_same": _("in one mood, after earlier sessions mostly in the same mood"),
    "history_neutral": _("in one mood, after earlier neutral sessions"),
    "attention_lstm_alone": _("speakers never heard, by the Attention-LSTM alone"),
    "as_begun": _("before fine-tuning"),
    "fine_tuned": _("after fine-tuning"),
    "corpus": _("learned from"),
    "terms": _("terms of the data"),
    "trained_on": _("examples learned from"),
    "majority": _("always the commonest emotion"),
    "majority class": _("always the commonest emotion"),
    "logistic regression on the LBP texture vector": _("logistic regression on the texture vector (LBP)"),
    "as they are, 48 pixels": _("as they are, 48 pixels high"),
    "shown at 32 pixels": _("only 32 pixels high"),
    "shown at 24 pixels": _("only 24 pixels high"),
    "shown at 16 pixels": _("only 16 pixels high"),
    "blurred, sigma 1 pixel": _("slightly out of focus"),
    "blurred, sigma 2 pixels": _("clearly out of focus"),
    "noise, 10 grey levels": _("slightly noisy, as in poor light"),
    "noise, 25 grey levels": _("very noisy, as in bad light"),
    "JPEG, quality 30 (not met in training)": _("compressed"),
    "JPEG, quality 10 (not met in training)": _("strongly compressed"),
    "shaken by 5 pixels (not met in training)": _("shaken"),
}
"""What the keys of the files are called on the page; other keys are corpora and methods and stand as they are."""


@dataclass(frozen=True)
class Term:
    """A word of the files: translated, or ``foreign`` and as it stands there, in the language of the files."""

    text: str
    foreign: bool

    @classmethod
    def of(cls, key: str) -> "Term":
        """What a key is called."""
        return cls(str(NAMES[key]), foreign=False) if key in NAMES else cls(key.replace("_", " "), foreign=True)

    @classmethod
    def value(cls, value: Any) -> "Term":
        """A value as it stands; a number has no language."""
        return cls(str(value), foreign=isinstance(value, str))


SILENT = frozenset({"metrics", "per_corpus", "figures", "per_class"})
"""Keys that only group."""


@dataclass(frozen=True)
class Row:
    """One group of figures: on which examples, how many, how often right. Shares are fractions of 1."""

    title: list[Term]
    n: int
    accuracy: float
    interval: tuple[float, float] | None
    uar: float | None
    recalls: dict[str, float]


@dataclass(frozen=True)
class Group:
    """A table of figures, with a sentence about it where it needs one."""

    title: str
    rows: list[Row]
    note: str = ""

    @property
    def by_emotion(self) -> bool:
        """Whether any row says how much of each emotion was recognised."""
        return any(row.recalls for row in self.rows)


@dataclass(frozen=True)
class Model:
    """One model that is installed."""

    name: str
    version: str
    sha256: str
    data: list[tuple[Term, Term]]


@dataclass(frozen=True)
class Card:
    """The whole page.

    Attributes:
        taken: the day of the measurement; "" when none was taken.
        stale: the measurement was taken with other models than those installed.
    """

    models: list[Model] = field(default_factory=list)
    measured: list[Group] = field(default_factory=list)
    taken: str = ""
    stale: bool = False


def read_card() -> Card:
    """What the files in ``FOLDER`` say; an empty card when there are none or they cannot be read."""
    card = {name: meta for name, meta in _object(FOLDER / "card.json").items() if isinstance(meta, dict)}
    evaluation = _object(FOLDER / "evaluation.json")
    models = [_model(name, meta) for name, meta in card.items()]
    figures = evaluation.get("figures")
    if not isinstance(figures, dict):
        groups = [Group(str(GROUPS.get(name, name)), list(_rows(meta, ()))) for name, meta in card.items()]
        return Card(models, [group for group in groups if group.rows])
    hashes = evaluation.get("weights")
    return Card(
        models,
        measured=[
            *_sessions(figures),
            *(Group(str(GROUPS[name]), list(_rows(figures[name], ()))) for name in GROUPS if name in figures),
        ]
        + [group for group in _disturbed(evaluation) if group.rows],
        taken=str(evaluation.get("taken", "")),
        stale=hashes != {name: meta.get("sha256") for name, meta in card.items()},
    )


@dataclass(frozen=True)
class SourceRow:
    """A source as the page lists it."""

    name: str
    what: str
    terms: str


def source_rows() -> list[SourceRow]:
    """The sources; those of voices with how many speakers the installed network learned from."""
    speakers = _speakers()
    rows = []
    for source in SOURCES:
        description = str(source.what)
        if source.language:
            description += ", " + str(source.language)
        if number := speakers[source.name]:
            description += ", " + ngettext("%(number)d speaker", "%(number)d speakers", number) % {"number": number}
        rows.append(SourceRow(source.name, description, str(source.terms)))
    return rows


def speakers_by_language() -> list[tuple[str, int]]:
    """How many speakers each language was learned from, as the card counts them, the fewest first."""
    speakers = _speakers()
    by_language: Counter[str] = Counter()
    for source in SOURCES:
        if source.language and speakers[source.name]:
            by_language[str(source.language)] += speakers[source.name]
    return sorted(by_language.items(), key=lambda item: item[1])


def _speakers() -> Counter[str]:
    """How many speakers the voice network learned from, by source; the card names them ``corpus_speaker``."""
    voice = _object(FOLDER / "card.json").get("voice")
    speakers = voice.get("speakers") if isinstance(voice, dict) else None
    by_prefix = Counter(str(each).partition("_")[0] for each in (speakers if isinstance(speakers, dict) else ()))
    return Counter({source.name: by_prefix[source.name.lower()] for source in SOURCES})


def _object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _model(name: str, meta: dict[str, Any]) -> Model:
    data = meta.get("data")
    entries = data.items() if isinstance(data, dict) else []
    return Model(
        name=str(NAMES.get(name, name)),
        version=str(meta.get("version", "")),
        sha256=str(meta.get("sha256", "")),
        data=[(Term.of(key), Term.value(value)) for key, value in entries if not isinstance(value, dict | list)],
    )


def _rows(node: Any, path: tuple[str, ...]) -> Iterator[Row]:
    """Every group of figures in ``node``, outermost first."""
    if not isinstance(node, dict):
        return
    count, accuracy = node.get("n"), node.get("accuracy")
    if isinstance(count, int) and isinstance(accuracy, int | float):
        yield Row(
            title=[Term.of(key) for key in path if key not in SILENT],
            n=count,
            accuracy=float(accuracy),
            interval=_interval(node.get("accuracy_ci95")),
            uar=_number(node.get("uar")),
            recalls=_recalls(node),
        )
    for key, value in node.items():
        yield from _rows(value, (*path, key))


def _sessions(figures: dict[str, Any]) -> Iterator[Group]:
    """Whole sessions of one person: what matters most, so it stands first."""
    sessions = figures.get("sessions")
    if not isinstance(sessions, dict):
        return
    rows = []
    for name in SESSION_KINDS:
        node = sessions.get(name)
        if isinstance(node, dict) and isinstance(node.get("n"), int):
            rows.append(Row([Term.of(name)], node["n"], float(node["time_right"]), None, None, {}))
            for corpus, of in node.get("per_corpus", {}).items():
                rows.append(Row([Term.of(name), Term.of(corpus)], of["n"], float(of["time_right"]), None, None, {}))
    yield Group(
        str(_("Whole sessions with the voice of one person")),
        rows,
        str(_("Here “how often right” is the part of the speaking time that was shown with the right emotion.")),
    )


def _disturbed(evaluation: dict[str, Any]) -> Iterator[Group]:
    """The face in poor pictures, the voice under noise and music."""
    yield Group(
        str(_("The face in poor pictures")),
        [
            row
            for node in _nodes(evaluation, "face_conditions")
            for row in _rows(node, (str(node.get("condition", "")),))
        ],
        str(_("The same faces each time, made worse on purpose.")),
    )
    yield Group(
        str(_("The voice under noise and music")),
        [
            replace(row, title=_under(node))
            for node in _nodes(evaluation, "voice_conditions")
            for row in list(_rows(node, ()))[:1]
        ],
        str(_("The same voices each time, with noise or music laid under them.")),
    )


def _nodes(evaluation: dict[str, Any], name: str) -> list[dict[str, Any]]:
    nodes = evaluation.get(name)
    return [node for node in nodes if isinstance(node, dict)] if isinstance(nodes, list) else []


def _under(node: dict[str, Any]) -> list[Term]:
    """The sound under the voice, how loud it was, and whether the voice was separated from it."""
    level = _number(node.get("snr_db"))
    if level is None:
        text = _("nothing under the voice")
    elif node.get("under") == "music":
        text = _("music %(level)d dB below the voice") if level > 0 else _("music as loud as the voice")
    else:
        text = _("noise %(level)d dB below the voice") if level > 0 else _("noise as loud as the voice")
    background = Term(str(text) % {"level": level or 0}, foreign=False)
    return [background, Term(str(_("separated")), foreign=False)] if node.get("separated") else [background]


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _interval(value: Any) -> tuple[float, float] | None:
    if isinstance(value, list) and len(value) == 2 and all(isinstance(end, int | float) for end in value):
        return float(value[0]), float(value[1])
    return None


def _recalls(node: dict[str, Any]) -> dict[str, float]:
    """Share of each class that was recognised, where it was measured."""
    by_class = node.get("per_class") or node.get("per_class_recall")
    shares = {}
    for name in EMOTIONS:
        value = by_class.get(name) if isinstance(by_class, dict) else None
        share = _number(value.get("recall") if isinstance(value, dict) else value)
        if share is not None:
            shares[name] = share
    return shares
