"""The Chinese catalogue is complete, and nothing on the pages is left out of it."""

import re
from pathlib import Path

import polib
import pytest
from django.utils.translation import override

from analysis.chart_style import day_ticks
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
