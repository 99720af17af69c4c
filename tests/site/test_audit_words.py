"""Every app brings the words for what it writes into the audit trail, all of them and no others."""

import ast
import runpy
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.files.storage import REMOVED
from analysis.flow import UNFINISHED_RUN, AlertStatus, RunStatus
from students import trail

PROJECT = Path(__file__).resolve().parents[2]
WRITERS = {"record", "event", "results_viewed"}
NO_DETAIL = {"actor", "student", "object_type", "object_ref"}
# Codes that the sources put together, which no one can read off a call.
PUT_TOGETHER = {
    "students": {"results.view", "consent.withdraw", "consent.expire"},
    "analysis": {
        REMOVED,
        *(
            f"{job}.{status}"
            for job in ("run", "transcript")
            for status in RunStatus.values
            if status not in UNFINISHED_RUN
        ),
        *(f"alert.{status}" for status in AlertStatus.values if status != AlertStatus.OPEN),
    },
    "emorec_site": set(),
}


def own_words(app: str, monkeypatch: pytest.MonkeyPatch) -> trail.Vocabulary:
    """What this one app adds to the vocabulary."""
    monkeypatch.setattr(trail, "vocabulary", trail.Vocabulary())
    words = PROJECT / app / "audit_words.py"
    if words.exists():
        runpy.run_path(str(words))
    return trail.vocabulary


def calls(app: str) -> Iterator[ast.Call]:
    """Every call in an app's sources that writes to the trail."""
    for path in (PROJECT / app).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "audit"
                and node.func.attr in WRITERS
            ):
                yield node


@pytest.mark.parametrize("app", PUT_TOGETHER)
def test_an_app_has_words_for_every_action_it_writes_and_for_no_other(app, monkeypatch):
    texts = {
        node.value
        for call in calls(app)
        if call.func.attr != "results_viewed"
        for node in ast.walk(call.args[0])
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    written = {text for text in texts if "." in text and not text.endswith(".")} | PUT_TOGETHER[app]
    assert own_words(app, monkeypatch).actions.keys() == written


def test_both_apps_write_and_the_site_has_their_words():
    assert all(len(list(calls(app))) > 10 for app in ("students", "analysis"))
    assert {"consent.grant", "run.request"} <= trail.vocabulary.actions.keys()


def test_every_detail_that_is_written_has_a_name():
    written = {word.arg for app in PUT_TOGETHER for call in calls(app) for word in call.keywords} - {None}
    assert written - NO_DETAIL - trail.vocabulary.names.keys() == set()
