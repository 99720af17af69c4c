"""The Chinese catalogue is complete, and nothing on the pages is left out of it."""

import ast
import re
from pathlib import Path

import polib
import pytest
from django.utils.translation import override
from django.utils.translation.template import templatize

from analysis.presentation.chart_style import day_ticks
from emorec_site import messages
from students.forms import ConsentForm

PROJECT = Path(__file__).resolve().parents[2]
CATALOGUE = PROJECT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
TEMPLATES = PROJECT / "templates"

PLACEHOLDER = re.compile(r"%\(\w+\)[.\d]*[a-z]|%[sd]|%%|\{\w*\}")
NOT_TEXT = re.compile(
    r"\{%\s*blocktranslate.*?endblocktranslate\s*%\}|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<script.*?</script>", re.DOTALL
)
READ_ALOUD = re.compile(r"(?:alt|title|placeholder|aria-label|data-label)=\"([^\"]*)\"")
SAME_IN_EVERY_LANGUAGE = {"SHA", "256"}


@pytest.fixture(scope="module")
def catalogue() -> polib.POFile:
    return polib.pofile(str(CATALOGUE))


def _translations(entry: polib.POEntry) -> list[str]:
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def test_every_string_has_a_chinese_translation(catalogue):
    assert len(catalogue) > 100
    assert [entry.msgid for entry in catalogue if not entry.obsolete and not entry.translated()] == []
    assert [entry.msgid for entry in catalogue.fuzzy_entries()] == []
    assert not catalogue.metadata_is_fuzzy


def test_placeholders_survive_translation(catalogue):
    broken = [
        entry.msgid
        for entry in catalogue
        for translation in _translations(entry)
        if sorted(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid)) != sorted(PLACEHOLDER.findall(translation))
    ]
    assert broken == []


def test_line_ends_survive_translation(catalogue):
    broken = [
        entry.msgid
        for entry in catalogue
        for translation in _translations(entry)
        if (entry.msgid.startswith("\n"), entry.msgid.endswith("\n"))
        != (translation.startswith("\n"), translation.endswith("\n"))
    ]
    assert broken == []


def test_catalogues_compile(tmp_path):
    folder = tmp_path / "zh_Hans" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "django.po").write_bytes(CATALOGUE.read_bytes())
    assert messages.compile_all(tmp_path) == 1
    assert (folder / "django.mo").stat().st_size > 0


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_every_word_of_a_template_is_marked_for_translation(path):
    bare = NOT_TEXT.sub("", path.read_text(encoding="utf-8"))
    words = re.findall(r"[A-Za-z]{2,}|\d{3,}", " ".join([*re.split(r"<[^>]*>", bare), *READ_ALOUD.findall(bare)]))
    assert set(words) - SAME_IN_EVERY_LANGUAGE == set()


def test_help_with_a_number_follows_the_reader_s_language():
    with override("zh-hans"):
        chinese = str(ConsentForm()["evidence"].help_text)
    with override("en"):
        english = str(ConsentForm()["evidence"].help_text)
    assert "PDF" in chinese
    assert "同意书" in chinese
    assert "signed form" in english


def test_days_on_a_chart_s_axis_follow_the_reader_s_language():
    with override("zh-hans"):
        assert all("月" in stop["value"] for stop in day_ticks()["tickformatstops"])
    with override("en"):
        assert day_ticks() == {}


# --- nothing is left out of the catalogue

CALLS = {"_", "gettext", "gettext_lazy", "gettext_noop"}
PLURAL_CALLS = {"ngettext", "ngettext_lazy"}
CONTEXT_CALLS = {"pgettext", "pgettext_lazy"}


def _said(source: str, path: Path) -> set[tuple[str | None, str]]:
    """Context and text of every string that Python code marks for translation."""
    found = set()
    for node in ast.walk(ast.parse(source, str(path))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        texts = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        if (name in CALLS and len(texts) >= 1) or (name in PLURAL_CALLS and len(texts) >= 2):
            found.add((None, texts[0]))
        elif name in CONTEXT_CALLS and len(texts) >= 2:
            found.add((texts[0], texts[1]))
    return found


def _template_said(path: Path) -> set[tuple[str | None, str]]:
    """The same of a template: Django turns its tags into calls, one to a line, and everything else into nothing."""
    code = templatize(path.read_text(encoding="utf-8"))
    calls = re.findall(
        r"\b(?:gettext|ngettext|pgettext|_)\((?:[^()'\"]|'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")*\)", code
    )
    return {said for call in calls for said in _said(call, path)}


def test_every_string_in_the_sources_stands_in_the_catalogue(catalogue):
    sources = [path for app in ("analysis", "students", "emorec_site") for path in (PROJECT / app).rglob("*.py")]
    said = set().union(*(_said(path.read_text(encoding="utf-8"), path) for path in sources))
    assert len(said) > 300
    known = {(entry.msgctxt, entry.msgid) for entry in catalogue}
    assert sorted(text for context, text in said - known) == []


def test_every_string_in_the_templates_stands_in_the_catalogue(catalogue):
    said = set().union(*(_template_said(path) for path in TEMPLATES.rglob("*") if path.is_file()))
    assert len(said) > 200
    known = {(entry.msgctxt, entry.msgid) for entry in catalogue}
    assert sorted(text for context, text in said - known) == []
