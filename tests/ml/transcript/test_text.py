"""Tokens become words, words become sentences."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.transcript.results import Word
from ml.transcript.sentences import LONGEST_S, PAUSE_S, sentences
from ml.transcript.tokens import text_of, word_lengths


def written(text: str) -> list[str]:
    """One token per byte, as the vocabulary writes bytes."""
    printed = {*range(33, 127), *range(161, 173), *range(174, 256)}
    others = [byte for byte in range(256) if byte not in printed]
    return [chr(byte if byte in printed else 256 + others.index(byte)) for byte in text.encode()]


@given(st.text())
def test_any_text_can_be_read_back(text: str) -> None:
    assert text_of(written(text)) == text.encode().decode("utf-8", "replace")


@pytest.mark.parametrize(
    ("language", "tokens", "words"),
    [
        ("en", ["ĠAnd", "Ġit", "'s", "Ġmed", "itating", "..."], [" And", " it's", " meditating..."]),
        ("en", ["ĠRight", "Ġ,", "Ġyes", "."], [" Right ,", " yes."]),
        ("en", ["And", "Ġso"], ["And", " so"]),
        ("zh", ["ä½ł", "å¥", "½", "ï¼Į", "æĪĳ"], ["你", "好，", "我"]),
        ("zh", ["å¥"], ["\N{REPLACEMENT CHARACTER}"]),
        ("en", [], []),
    ],
)
def test_tokens_are_gathered_into_words(language: str, tokens: list[str], words: list[str]) -> None:
    found, first = [], 0
    for length in word_lengths(tokens, language):
        found.append(text_of(tokens[first : first + length]))
        first += length
    assert found == words
    assert first == len(tokens)


def row(*texts: str, gap_s: float = 0.1, length_s: float = 0.6) -> list[Word]:
    step = length_s + gap_s
    return [Word(text, number * step, number * step + length_s, 0.9) for number, text in enumerate(texts)]


def test_a_full_stop_ends_a_sentence_and_an_abbreviation_does_not() -> None:
    texts = [sentence.text for sentence in sentences(row(" Mrs.", " Allen", " came.", " Who?", " She."))]
    assert texts == ["Mrs. Allen came.", "Who? She."]


def test_a_pause_ends_a_sentence() -> None:
    assert len(sentences(row(" yes", " no", gap_s=PAUSE_S))) == 2
    assert len(sentences(row(" yes", " no", gap_s=PAUSE_S - 0.1))) == 1


def test_a_long_sentence_is_cut_at_a_comma_and_in_the_end_anywhere() -> None:
    count = int(LONGEST_S / 0.7) + 4
    assert len(sentences(row(*[" on,"] * count))) == 2
    assert len(sentences(row(*[" on"] * count))) == 1
    assert all(each.end_s - each.start_s <= 2 * LONGEST_S + 1 for each in sentences(row(*[" on"] * 200)))


@given(st.lists(st.sampled_from([" a", " b.", " c,", " d"]), max_size=60), st.sampled_from([0.1, 0.5, 1.5]))
def test_no_word_is_lost(texts: list[str], gap_s: float) -> None:
    words = row(*texts, gap_s=gap_s)
    assert [word for sentence in sentences(words) for word in sentence.words] == words
