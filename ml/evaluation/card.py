"""The model card: what the models learned from, how often they are right on people they never met, and their limits.

``measure`` takes the figures and keeps them beside the weights in ``evaluation.json``; ``write_card`` renders
``docs/model-card.md`` from that file and ``card.json``. No figure is written by hand.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ml import weights
from ml.config import Config
from ml.emotions import EMOTIONS
from ml.evaluation.face import default_source, evaluate_face
from ml.evaluation.fusion import evaluate_pairs
from ml.evaluation.voice import default_manifest, evaluate_voice
from ml.training.fer2013 import Tell

MEASURED = "evaluation.json"
SEED = 2022
CARD_FILE = Path(__file__).resolve().parents[2] / "docs" / "model-card.md"

COMMANDS: dict[str, str] = {
    "face": "python -m ml evaluate face --split PublicTest --json",
    "voice": "python -m ml evaluate voice --json",
    "voice_alone": "python -m ml evaluate voice --no-own-statistics --json",
    "fusion": f"python -m ml evaluate fusion --seed {SEED} --json",
}
TITLES: dict[str, str] = {
    "face": "Face: FER2013 PublicTest, official label",
    "voice": "Voice: speakers never heard, standardised by all recordings of the speaker",
    "voice_alone": "Voice: speakers never heard, every recording (about 2-4 s) standardised by itself",
    "fusion": "Fusion: label-matched pairs of PublicTest faces and out-of-fold voices",
}


def measure(directory: Path | None, tell: Tell) -> dict[str, Any]:
    """Take every figure on the research data and keep it beside the weights.

    Raises:
        FileNotFoundError: the research data are not there.
        RecognitionError: weights_missing, weights_damaged.
    """
    figures = {
        "face": evaluate_face(default_source(), "PublicTest", directory, tell),
        "voice": evaluate_voice(default_manifest(), directory, True, tell),
        "voice_alone": evaluate_voice(default_manifest(), directory, False, tell),
        "fusion": evaluate_pairs(directory, Config(), SEED, tell),
    }
    card = weights.card(directory)
    hashes = {name: card[name]["sha256"] for name in weights.NAMES}
    taken = {"taken": datetime.now(UTC).strftime("%Y-%m-%d"), "weights": hashes, "figures": figures}
    path = weights.folder(directory) / MEASURED
    path.write_text(json.dumps(taken, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return figures


def write_card(directory: Path | None = None, target: Path = CARD_FILE) -> Path:
    """Write the model card; says so in it when the figures were taken with other weights, or not at all."""
    path = weights.folder(directory) / MEASURED
    measured = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(render(weights.card(directory), measured), encoding="utf-8")
    return target


def render(card: dict[str, dict[str, Any]], measured: dict[str, Any] | None) -> str:
    """The model card as Markdown.

    Args:
        card: as ``ml.weights.card``.
        measured: as ``measure`` stored it; None where nothing was measured.
    """
    parts = [_HEAD, _models(card)]
    if measured is None:
        parts.append("## Figures\n\nNone were taken with these weights. `make evaluate` takes them.\n")
    else:
        stale = [name for name, sha in measured["weights"].items() if card.get(name, {}).get("sha256") != sha]
        parts.append(_tables(measured, stale))
        parts += [_figures(name, measured["figures"][name]) for name in TITLES if name in measured["figures"]]
    return "\n".join([*parts, _baselines(card), _TAIL])


def _models(card: dict[str, dict[str, Any]]) -> str:
    lines = ["## Models\n", "| model | version | seed | size | SHA-256 |", "|---|---|---|---|---|"]
    for name in weights.NAMES:
        entry = card.get(name)
        if entry is None:
            lines.append(f"| {name} | not there | | | |")
        else:
            size = f"{entry['bytes'] / 1e6:.1f} MB"
            lines.append(
                f"| {name} | {entry.get('version', '')} | {entry.get('seed', '')} | {size} | `{entry['sha256']}` |"
            )
    return "\n".join(lines) + "\n"


def _tables(measured: dict[str, Any], stale: list[str]) -> str:
    figures = measured["figures"]
    fusion = figures["fusion"]
    lines = ["## Figures\n", f"Taken on {measured['taken']}, with the commands named below each table.\n"]
    if stale:
        lines.append(f"**Taken with other weights than the present ones ({', '.join(stale)}); take them anew.**\n")
    lines += [
        "In the form of the paper's Table 1. Voice, face and fusion are measured here on the same label-matched pairs;",
        "the paper's figures are for the CHEAVD 2.0 test set, which cannot be had freely, and are not comparable.\n",
        "| input | model | accuracy | mean recall | examples | paper |",
        "|---|---|---|---|---|---|",
    ]
    rows = (
        ("voice", "Attention-LSTM", fusion["voice"], "62.5 %"),
        ("face", "LBP + VGG-16", fusion["face"], "73.1 %"),
        (f"both, {fusion['alpha']:g} : {fusion['beta']:g}", "decision-level fusion", fusion, "78.5 %"),
    )
    for name, model, row, paper in rows:
        lines.append(f"| {name} | {model} | {_share(row)} | {_percent(row['uar'])} | {row['n']} | {paper} |")
    lines += [
        "\nIn the form of the paper's Table 2, fusion:\n",
        "| class | examples | recognised | recall | precision |",
        "|---|---|---|---|---|",
    ]
    for number, name in enumerate(EMOTIONS):
        row = fusion["per_class"][name]
        right = fusion["confusion"][number][number]
        lines.append(f"| {name} | {row['n']} | {right} | {_percent(row['recall'])} | {_percent(row['precision'])} |")
    lines.append(
        "\nThe pairs are not recordings of one person: face and voice err independently, which flatters fusion.\n"
    )
    return "\n".join(lines)


def _figures(name: str, figures: dict[str, Any]) -> str:
    lines = [f"### {TITLES[name]}\n"]
    lines.append(
        f"n = {figures['n']}, accuracy {_share(figures)}, mean recall {_percent(figures['uar'])}, "
        f"macro F1 {_percent(figures['macro_f1'])}, calibration error {_percent(figures['ece'])}.\n"
    )
    lines += ["| class | n | recall | precision | F1 |", "|---|---|---|---|---|"]
    for emotion in EMOTIONS:
        row = figures["per_class"][emotion]
        shares = " | ".join(_percent(row[key]) if row["n"] else "-" for key in ("recall", "precision", "f1"))
        lines.append(f"| {emotion} | {row['n']} | {shares} |")
    if len(figures["per_corpus"]) > 1:
        lines += ["\n| corpus | n | accuracy | mean recall |", "|---|---|---|---|"]
        for corpus, row in figures["per_corpus"].items():
            lines.append(f"| {corpus} | {row['n']} | {_share(row)} | {_percent(row['uar'])} |")
    lines.append(f"\n`{COMMANDS[name]}`\n")
    return "\n".join(lines)


def _baselines(card: dict[str, dict[str, Any]]) -> str:
    lines = ["## The simplest baselines on the same examples\n", "| input | baseline | n | accuracy | mean recall |"]
    lines.append("|---|---|---|---|---|")
    for name, row in card.get("face", {}).get("publictest_baselines", {}).items():
        lines.append(
            f"| face, PublicTest | {name} | {row['n']} | {_percent(row['accuracy'])} | {_percent(row['uar'])} |"
        )
    for name, corpora in card.get("voice", {}).get("metrics", {}).get("baselines", {}).items():
        for corpus, row in corpora.items():
            shares = f"{_percent(row['accuracy'])} | {_percent(row['uar'])}"
            lines.append(f"| voice, {corpus} | {name} | {row['n']} | {shares} |")
    return "\n".join(lines) + "\n"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _share(row: dict[str, Any]) -> str:
    low, high = row["accuracy_ci95"]
    return f"{_percent(row['accuracy'])} ({100 * low:.1f}-{100 * high:.1f})"


_HEAD = """# Model card

Generated by `python -m ml card` from the weights' card and the last measurement; do not edit it by hand.

EmoRec's models say which of seven emotions (anger, disgust, sad, happy, scared, surprised, normal) a voice or a face
*shows most likely*, for stretches of a few seconds. They do not know what a person feels. Accuracies are fractions of
examples for which the most likely class is the labelled one, with 95 % intervals (Wilson); mean recall weighs every
class the same; with seven classes, guessing is right in 14.3 %.
"""

_TAIL = """## Data and licences

| corpus | used for | terms |
|---|---|---|
| FER2013 (Kaggle / ICML 2013), 48x48 grey faces from the web | face: training and PublicTest | research use |
| RAVDESS speech, English, 19 of its actors | voice | CC BY-NC-SA 4.0 |
| EmoDB, German, 8 speakers, cut to 2 s | voice | research, cite the authors |
| CASIA, Mandarin, public part, 3 speakers, no disgust | voice | research use |
| Spleeter 2 stems (Deezer) | vocal separation, as published | MIT |
| silero-vad | speech activity, as published | MIT |

The trained weights are for research and other non-commercial use, as the corpora's terms ask. No recording, picture or
row of a corpus is part of this project.

Pictures that also stand in a later split of FER2013 were removed before training. FER2013's own label and the majority
of the ten FER+ annotators agree on 63 % of the pictures only: part of the errors is disagreement between people.
Voices are measured out of fold: everybody is judged only by networks that never heard them. RAVDESS has two sentences
only; words may help there more than they would in a conversation.

## Limits

- Acted emotions, read sentences and pictures from the web are not counselling interviews. Expect more mistakes there.
- Single segments are unreliable; only changes over time deserve attention.
- Chinese speech was learned from three speakers, German from eight. No figure is given by skin colour, age, disability.
- Glasses, masks, beards, side views, poor light, accents, hoarseness and medication can all change what is recognised.
- Probabilities are calibrated on the corpora above, not on your recordings.
- The separation removes music, not noise or a second speaker; every voice in a recording counts as the student's.

## What the models must not be used for

- Any diagnosis, any decision about a student, any ranking, discipline, admission or grading.
- Surveillance, lie detection, screening of people who have not consented, or use in class.
- Anything without a person who looks at the recording and talks to the student.

In the European Union inferring emotions in education is prohibited (Art. 5(1)(f) of the AI Act) except for medical or
safety reasons.
"""
