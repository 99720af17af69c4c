"""The command line: JSON alone on standard output, expected failures as one sentence and exit status 2."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from ml.__main__ import app
from ml.commands.output import show_rows
from ml.errors import RecognitionError
from ml.evaluation.card import tables
from tests.ml.clips import make_clip

ROOT = Path(__file__).parents[2]


def invoke(*arguments: str | Path) -> Any:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_probe_answers_in_json_as_a_process_of_its_own(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "name with 'quotes' and\nnewline.mp4")
    done = subprocess.run(
        [sys.executable, "-m", "ml", "probe", str(clip), "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    answer = json.loads(done.stdout)
    assert done.returncode == 0
    assert answer["ok"] is True
    assert (answer["container"], answer["width"], answer["height"]) == ("mov", 160, 120)
    assert (answer["has_audio"], answer["has_video"]) == (True, True)


def test_probe_works_within_a_limited_address_space(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.mp4")
    program = (
        "import resource, runpy, sys; resource.setrlimit(resource.RLIMIT_AS, (2 * 1024**3,) * 2);"
        f"sys.argv = ['ml', 'probe', {str(clip)!r}, '--json']; runpy.run_module('ml', run_name='__main__')"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert json.loads(done.stdout)["ok"] is True


def test_probe_loads_no_network_library(tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "a.wav", picture=False)
    program = (
        "import sys; from typer.testing import CliRunner; from ml.__main__ import app;"
        f"assert CliRunner().invoke(app, ['probe', {str(clip)!r}, '--json']).exit_code == 0;"
        "sys.exit(any(name in sys.modules for name in ('torch', 'tensorflow', 'cv2', 'sklearn', 'librosa')))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0


def test_probe_names_the_reason_by_its_code(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_text("#EXTM3U\nhttp://127.0.0.1/a.ts\n")
    result = invoke("probe", tmp_path / "a.mp4", "--json")
    assert result.exit_code == 2
    assert json.loads(result.stdout) == {"ok": False, "code": "unsupported_format"}


def test_recognise_prints_the_contract(portrait: Path, tiny_weights: Path) -> None:
    result = invoke("recognise", portrait, "--json", "--no-separate", "--weights", tiny_weights)
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert {"duration_s", "model", "segments", "summary", "timings_s"} <= set(found)
    for segment in found["segments"]:
        assert set(segment) == {"start_s", "end_s", "label", "probabilities", "voice", "face", "quality"}
        assert set(segment["probabilities"]) == {"anger", "disgust", "sad", "happy", "scared", "surprised", "normal"}
        assert sum(segment["probabilities"].values()) == pytest.approx(1, abs=1e-5)


def test_recognise_for_people_is_a_table(portrait: Path, tiny_weights: Path) -> None:
    result = invoke("recognise", portrait, "--no-voice", "--weights", tiny_weights)
    assert result.exit_code == 0
    assert "emotion" in result.stdout


@pytest.mark.parametrize("command", ["recognise", "probe"])
def test_an_expected_failure_is_one_sentence_with_a_next_step(tmp_path: Path, command: str) -> None:
    (tmp_path / "secret-name.mp4").touch()
    result = invoke(command, tmp_path / "secret-name.mp4")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert "The file is empty. Copy the recording again" in result.stderr
    assert "secret-name" not in result.output
    assert "Traceback" not in result.output


def test_every_code_of_the_engine_has_its_sentence() -> None:
    from ml.console import SENTENCES

    listed = (RecognitionError.__doc__ or "").partition("Codes:")[2]
    codes = {code.strip(" .\n") for code in listed.split(",")}
    assert codes == set(SENTENCES)


@pytest.mark.parametrize(
    "arguments",
    [
        ("evaluate", "face", "--fer2013", "/nowhere.csv", "--json"),
        ("evaluate", "voice", "--manifest", "/nowhere.csv", "--json"),
        ("evaluate", "fusion", "--manifest", "/nowhere.csv", "--json"),
    ],
)
def test_data_that_are_not_there_are_named(arguments: tuple[str, ...]) -> None:
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert "Not found" in result.stderr
    assert result.stdout == ""


def test_recognising_neither_voice_nor_face_is_refused(portrait: Path) -> None:
    result = invoke("recognise", portrait, "--no-voice", "--no-face")
    assert result.exit_code == 2
    assert "at least one of voice and face" in result.stderr


def test_training_does_not_go_on_with_an_old_run_by_accident(tmp_path: Path) -> None:
    (tmp_path / "step-0000001.pt").touch()
    result = invoke("train", "face", "--checkpoints", tmp_path)
    assert result.exit_code == 2
    assert "--resume" in result.stderr


def test_no_figure_of_the_papers_tables_is_cut_short_in_80_columns(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for table in tables():
        show_rows(table.title, table.head, table.rows)
        shown = capsys.readouterr().out
        assert max(map(len, shown.splitlines())) <= 80
        assert {word for row in table.rows for cell in row for word in cell.split()} <= set(shown.split())
