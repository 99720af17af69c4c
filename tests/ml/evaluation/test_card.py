"""The card and the paper's tables, from figures made up here."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml import weights
from ml.config import Config
from ml.data.folds import fold_hash
from ml.data.manifest import Utterance
from ml.emotions import EMOTIONS, Emotion
from ml.evaluation import card
from ml.evaluation.fusion import pair_figures
from ml.evaluation.sessions import SessionFigures, SessionPlan, summary
from ml.evaluation.tables import table_1, table_2
from ml.metrics.classification import by_group, headline, report


def sessions() -> dict[str, Any]:
    """One session of each kind, judged as sad throughout."""
    seconds = np.zeros((7, 8))
    seconds[2, 2], seconds[3, 2] = 24.0, 6.0
    people = (Utterance(Path("x"), "s1", Emotion.SAD, "A", "en", "F"),)
    one = summary([SessionFigures(SessionPlan("s1", Emotion.SAD, people, (1,)), seconds, True)])
    after = {**one, "without_history": one}
    kinds = dict.fromkeys(("uniform", "mixed80", "mixed50"), one)
    return {**kinds, "history_same": after, "history_neutral": after, "seed": 1}


@pytest.fixture
def measured(tiny_weights: Path) -> dict[str, Any]:
    draws = np.random.default_rng(3)
    labels = draws.integers(0, 7, 40)
    people = [
        Utterance(Path("x"), f"s{n % 4}", Emotion(label), "AB"[n % 2], "en", "FM"[n % 2])
        for n, label in enumerate(labels.tolist())
    ]
    seen, voices = draws.dirichlet(np.ones(7), 21), draws.dirichlet(np.ones(7), 40)
    figures = pair_figures(seen, np.arange(21) % 7, voices, people, Config(), seed=1)
    speakers, corpora = [u.speaker for u in people], [u.corpus for u in people]
    guesses = voices.argmax(axis=1)
    common = {**headline(guesses, labels, speakers), "per_corpus": by_group(guesses, labels, corpora, speakers)}
    plain = {"under": "music", "snr_db": 10.0, "separated": False, **common}
    stored = {
        "taken": "2026-01-01",
        "seconds": 60,
        "seed": 1,
        "weights": {name: entry["sha256"] for name, entry in weights.card(tiny_weights).items()},
        "figures": {
            "face": report(seen, np.arange(21) % 7),
            "voice": {**figures["voice"], "own": figures["voice"]},
            "sessions": sessions(),
            "attention_lstm": figures["voice"],
            "fusion": figures,
        },
        "groups": {"sex": by_group(guesses, labels, [u.sex for u in people], speakers)},
        "face_conditions": [{"condition": "shown at 16 pixels", **headline(guesses, labels), "ece": 0.0371}],
        "voice_conditions": [plain, {**plain, "separated": True, "gain": 0.123, "gain_ci95": [0.05, 0.2]}],
        "interference": "two recordings of music",
    }
    return dict(json.loads(json.dumps(stored)))


@pytest.fixture
def ablation(measured: dict[str, Any], tiny_weights: Path) -> dict[str, Any]:
    voice, face = measured["figures"]["voice"], measured["figures"]["face"]
    folds = fold_hash(weights.card(tiny_weights)["voice"]["speakers"])
    lstm = {**voice, "accuracy": 0.3141, "folds": folds, "config": {"hidden": 64}}
    cnn = {**face, "pairs": {**voice, "accuracy": 0.2718}, "config": {"epochs": 9}}
    rows = {"mfcc_lstm": lstm, "lbph_cnn": cnn}
    return {"taken": "2026-01-02", "seed": 5, "command": "python -m ml train ablation", "rows": rows}


def test_the_card_shows_the_measured_figures_with_their_number_and_command(
    tiny_weights: Path, measured: dict[str, Any]
) -> None:
    text = card.render(weights.card(tiny_weights), measured)
    assert f"{100 * measured['figures']['fusion']['accuracy']:.1f} %" in text
    assert "n = 40 of 4 speakers" in text
    assert "python -m ml evaluate face --split PublicTest --json" in text
    assert "| in one mood | 1 | 80.0 % | 100.0 % | 20.0 % | 100.0 % |" in text
    assert "| in one mood, after the same mood | 1 | 80.0 % (80.0 %) |" in text
    assert text.index("Whole sessions") < text.index("Table 1")
    assert "face-tiny" in text
    assert "Any diagnosis" in text
    assert "other weights" not in text


def test_the_card_says_who_is_recognised_less_well_and_what_separation_does(
    tiny_weights: Path, measured: dict[str, Any]
) -> None:
    text = card.render(weights.card(tiny_weights), measured)
    assert "| sex F | 20 | 2 |" in text
    assert re.search(r"\| shown at 16 pixels \|.* 3\.7 % \|\n", text)
    assert "| music at 10 dB | separated |" in text
    assert "+12.3 (5.0-20.0)" in text
    assert "Separation raises the mean recall with music at 10 dB." in text


def test_the_card_says_what_other_files_of_the_same_voice_change(tiny_weights: Path, measured: dict[str, Any]) -> None:
    assert "The same voice in other files" not in card.render(weights.card(tiny_weights), measured)
    row = {"name": "48 kHz", "kind": "rate", "against": "as recorded", "segments": 20, "changed": 1, "unjudged": 2}
    row |= {"share": 0.05, "share_ci95": [0.01, 0.24]}
    sound = {"n": 2, "speakers": 2, "variants": [row], "bar": 1 / 12, "missing": ["AMR"], "seed": 7}
    measured["figures"]["sound"] = sound
    text = card.render(weights.card(tiny_weights), measured)
    assert "| 48 kHz | as recorded | 20 | 5.0 % (1.0-24.0) | 2 |" in text
    assert "cannot write it: AMR." in text
    assert "python -m ml evaluate sound --seed 7 --json" in text


def test_the_card_says_when_its_figures_belong_to_other_weights(tiny_weights: Path, measured: dict[str, Any]) -> None:
    measured["weights"]["voice"] = "0" * 64
    assert "other weights than the present ones (voice)" in card.render(weights.card(tiny_weights), measured)


def test_the_card_without_a_measurement_has_no_figures(tiny_weights: Path, tmp_path: Path) -> None:
    target = card.write_card(tiny_weights, tmp_path / "docs" / "card.md")
    assert "None were taken" in target.read_text()


def test_table_1_holds_all_rows_of_the_paper_on_the_same_pairs(
    measured: dict[str, Any], ablation: dict[str, Any]
) -> None:
    table = table_1(measured["figures"], ablation)
    assert [row[-1] for row in table.rows] == ["54.2 %", "62.5 %", "-", "65.4 %", "73.1 %", "78.5 %", "-"]
    assert [row[3][:6] for row in (table.rows[0], table.rows[3])] == ["31.4 %", "27.2 %"]
    assert all("(" in row[3] for row in table.rows)
    assert "n = 21" in table.rows[4][5]


def test_rows_that_were_not_trained_say_so(measured: dict[str, Any]) -> None:
    table = table_1(measured["figures"], None)
    assert [row[3] for row in table.rows].count("not trained: python -m ml train ablation") == 2


def test_table_2_holds_every_class_of_voice_face_and_both(measured: dict[str, Any]) -> None:
    table = table_2(measured["figures"]["fusion"])
    assert [row[0] for row in table.rows] == list(EMOTIONS)
    fused = measured["figures"]["fusion"]["per_class"]["sad"]
    assert table.rows[2][4].startswith(f"{100 * fused['recall']:.1f} / {100 * fused['precision']:.1f} / ")
    assert table.rows[2][6] == "87.9 % of 132"
    assert table.markdown().count("\n") == 9


def test_the_card_says_how_the_other_rows_were_trained(
    tiny_weights: Path, measured: dict[str, Any], ablation: dict[str, Any]
) -> None:
    text = " ".join(card.render(weights.card(tiny_weights), measured, ablation).split())
    assert "the shipped voice's folds" in text
    assert "hidden 64" in text
    ablation["rows"]["mfcc_lstm"]["folds"] = "others"
    text = " ".join(card.render(weights.card(tiny_weights), measured, ablation).split())
    assert "the shipped voice's folds" not in text
