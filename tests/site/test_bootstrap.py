"""Set-up does each step once, goes on after a failure, and repeats what its inputs changed."""

import sys
from pathlib import Path

import pytest

from emorec_site import bootstrap


@pytest.fixture
def place(tmp_path: Path, monkeypatch):
    """A project folder of the test's own, with one step that appends a line to a file."""
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "LOG", tmp_path / "var" / "log" / "setup.log")
    monkeypatch.setattr(bootstrap, "STAMPS", tmp_path / "stamps")
    monkeypatch.setattr(bootstrap, "make_venv", lambda: None)
    monkeypatch.setattr(sys, "argv", ["bootstrap.py"])
    return tmp_path


def step(place: Path, code: str) -> bootstrap.Step:
    lock = place / "lock"
    if not lock.exists():
        lock.write_text("one")
    return bootstrap.Step("packages", (lock,), ((sys.executable, "-c", code),))


def appending(place: Path) -> str:
    return f"open({str(place / 'made')!r}, 'a').write('x')"


def made(place: Path) -> str:
    return (place / "made").read_text() if (place / "made").exists() else ""


def test_a_second_call_does_nothing(place, monkeypatch):
    monkeypatch.setattr(bootstrap, "steps", lambda dev: [step(place, appending(place))])
    bootstrap.main()
    bootstrap.main()
    assert made(place) == "x"


def test_a_changed_lock_repeats_the_step(place, monkeypatch):
    monkeypatch.setattr(bootstrap, "steps", lambda dev: [step(place, appending(place))])
    bootstrap.main()
    (place / "lock").write_text("two")
    bootstrap.main()
    assert made(place) == "xx"


def test_a_failed_step_says_where_and_is_tried_again(place, monkeypatch, capsys):
    monkeypatch.setattr(bootstrap, "steps", lambda dev: [step(place, "raise SystemExit('no room on the disk')")])
    with pytest.raises(SystemExit, match="packages"):
        bootstrap.main()
    assert "no room on the disk" in capsys.readouterr().err
    monkeypatch.setattr(bootstrap, "steps", lambda dev: [step(place, appending(place))])
    bootstrap.main()
    assert made(place) == "x"


def test_a_step_whose_result_is_gone_is_made_again(place, monkeypatch):
    made_by = step(place, appending(place))
    intact = bootstrap.Step(made_by.title, made_by.inputs, made_by.commands, lambda: made(place) != "")
    monkeypatch.setattr(bootstrap, "steps", lambda dev: [intact])
    bootstrap.main()
    (place / "made").unlink()
    bootstrap.main()
    assert made(place) == "x"


def test_an_unsupported_python_is_refused_with_a_hint(place, monkeypatch):
    monkeypatch.setattr(bootstrap, "SUPPORTED", ((3, 0), (3, 1)))
    with pytest.raises(SystemExit, match="make PYTHON"):
        bootstrap.main()
