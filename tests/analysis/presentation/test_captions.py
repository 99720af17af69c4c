"""Captions are WebVTT that players read, whatever was said."""

import re

import pytest
from django.utils import translation

from analysis.presentation.captions import CUE_LETTERS, CUE_S, language_name, webvtt
from analysis.transcripts.content import Sentence, Word
from tests.factories import spoken


def sentences(*rows: tuple[str, float], spaced: bool = True) -> list[Sentence]:
    return [
        Sentence(each["start_s"], each["end_s"], tuple(Word(*word) for word in each["words"]))
        for each in spoken(*rows, spaced=spaced)
    ]


CUE = re.compile(r"^(\d\d:\d\d:\d\d\.\d{3}) --> (\d\d:\d\d:\d\d\.\d{3})\n(.+)$", re.MULTILINE)


def test_every_sentence_is_a_cue_with_its_times():
    text = webvtt(sentences(("I slept.", 2.0), ("Very well.", 3725.5)))
    assert text == ("WEBVTT\n\n00:00:02.000 --> 00:00:02.670\nI slept.\n\n01:02:05.500 --> 01:02:06.170\nVery well.\n")


def test_markup_and_arrows_are_only_text():
    text = webvtt(sentences(("<b>a --> b & c</b>", 0.0)))
    assert "&lt;b&gt;a --&gt; b &amp; c&lt;/b&gt;" in text
    assert text.count("-->") == 1


@pytest.mark.parametrize("spaced", [True, False])
def test_long_sentences_are_divided_without_losing_a_word(spaced):
    said = " ".join(f"word{number}" for number in range(60)) if spaced else "我喜欢你现在的样子" * 9
    cues = CUE.findall(webvtt(sentences((said, 0.0), spaced=spaced)))
    joined = (" " if spaced else "").join(text for _, _, text in cues)
    assert joined == said
    assert all(len(text) <= CUE_LETTERS for _, _, text in cues)
    assert len(cues) >= 20 / CUE_S


def test_a_cue_is_never_empty_in_time_nor_longer_than_until_the_next():
    words = (Word(" a.", 1.0, 1.0, 0.9),)
    text = webvtt([Sentence(1.0, 1.0, words), Sentence(1.2, 1.2, (Word(" b.", 1.2, 1.2, 0.9),))])
    assert [(start, end) for start, end, _ in CUE.findall(text)] == [
        ("00:00:01.000", "00:00:01.200"),
        ("00:00:01.200", "00:00:01.700"),
    ]


def test_nothing_said_makes_an_empty_file():
    assert webvtt([]) == "WEBVTT\n"


@pytest.mark.parametrize(("code", "name"), [("en", "English"), ("de", "German"), ("zh", "Chinese"), ("xx", "xx")])
def test_languages_have_names(code, name):
    with translation.override("en"):
        assert language_name(code) == name
