"""Simulated people: what a history of many moods and of one does to a face."""

import json
from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from ml.__main__ import app
from ml.evaluation.face_histories import ALIKE, KINDS, NEUTRAL, Kind, simulated


def quiet(*step: object) -> None:
    """No progress."""


def faces(each: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (7 * each, 7) of faces that are mostly recognised, and their labels."""
    draws = np.random.default_rng(4)
    labels = np.repeat(np.arange(7), each)
    raw = np.exp(draws.normal(0, 1.2, (len(labels), 7)) + 2.5 * np.eye(7)[labels])
    return raw / raw.sum(axis=1, keepdims=True), labels


def test_a_varied_history_helps_and_a_mood_disappears_only_where_it_is_always_believed() -> None:
    table = simulated(*faces(), Kind(12), 1, quiet)
    alike, lasting = table[ALIKE]["200"], table["one mood throughout"]["200"]
    assert alike["rule"] > alike["none"] + 0.02
    assert lasting["always"] < lasting["none"] - 0.3
    assert lasting["none"] - lasting["rule"] < (lasting["none"] - lasting["always"]) / 3


def test_every_history_is_tried_with_the_same_segments_and_the_seed_decides_all() -> None:
    once, again, other = (simulated(*faces(20), Kind(2), seed, quiet) for seed in (1, 1, 2))
    assert once == again != other
    assert len({row["none"] for lengths in once.values() for row in lengths.values()}) == 1
    assert set(once[NEUTRAL]) == {"200"}


def test_hard_people_are_recognised_less_often_without_a_history() -> None:
    ordinary, hard = (
        simulated(*faces(), replace(KINDS[name], people=8), 1, quiet)[ALIKE]["20"] for name in ("ordinary", "hard")
    )
    assert hard["none"] < ordinary["none"] - 0.05


@pytest.mark.data
@pytest.mark.slow
@pytest.mark.usefixtures("research_data")
def test_the_command_prints_the_documented_rows() -> None:
    answer = CliRunner().invoke(app, ["evaluate", "face-histories", "--json"])
    assert answer.exit_code == 0
    found = json.loads(answer.stdout)
    assert (found["people"], found["seed"], found["faces"]) == ({"ordinary": 150, "hard": 80}, 2022, 3543)
    row = found["hard"]["80 % one mood"]["200"]
    assert [row[name] for name in ("none", "always", "rule")] == pytest.approx([0.477, 0.415, 0.503], abs=0.01)
