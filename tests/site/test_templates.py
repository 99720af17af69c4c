"""What the template formatter leaves open: no line is too long, and no template lies about unused."""

from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
TEMPLATES = PROJECT / "templates"
FILES = sorted(path for path in TEMPLATES.rglob("*") if path.is_file())
LONGEST = 120
NAMED_BY_DJANGO = {"400.html", "403.html", "403_csrf.html", "404.html", "registration/login.html"}


def _name(path: Path) -> str:
    return path.relative_to(TEMPLATES).as_posix()


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_no_line_is_too_long(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [number for number, line in enumerate(lines, 1) if len(line) > LONGEST] == []


def test_every_template_is_used():
    code = [path for app in ("analysis", "students", "emorec_site") for path in (PROJECT / app).rglob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in (*code, *FILES))
    unused = {_name(path) for path in FILES if f'"{_name(path)}"' not in text}
    assert unused - NAMED_BY_DJANGO == set()
