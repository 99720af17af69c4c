"""Searching what was said: whole words and beginnings, Chinese anywhere, one student's sessions only."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from analysis.models import Transcript
from analysis.transcripts import search
from analysis.transcripts.content import Sentence, Word
from analysis.transcripts.search import normalised, places, transcripts_search
from tests.factories import TranscriptFactory, consented, spoken


def sentences(*rows: tuple[str, float], spaced: bool = True) -> list[Sentence]:
    return [
        Sentence(each["start_s"], each["end_s"], tuple(Word(*word) for word in each["words"]))
        for each in spoken(*rows, spaced=spaced)
    ]


ENGLISH = sentences(("I did not sleep well.", 2.0), ("The exam, on Friday: I am AFRAID of it.", 8.0))
CHINESE = sentences(("我算是听出来了，", 1.0), ("一个让我赶紧走。", 5.0), spaced=False)


@pytest.mark.parametrize(
    ("query", "matches"),
    [
        ("sleep", [("sleep", 3.0)]),
        ("SLEEP WELL", [("sleep well.", 3.0)]),
        ("well the exam", [("well. The exam,", 3.33)]),
        ("exam on", [("exam,", 8.33)]),
        ("afr", [("AFRAID", 10.0)]),
        ("raid", []),
        ("i", [("I", 2.0), ("I", 9.33), ("it.", 10.67)]),
        ("", []),
        ("...", []),
        ("ｅｘａｍ", [("exam,", 8.33)]),
    ],
)
def test_english_is_found_from_the_beginning_of_a_word(query, matches):
    found = [(hit.match, round(hit.seconds, 2)) for hit in places(ENGLISH, normalised(query))]
    assert [second for _, second in found] == [second for _, second in matches]
    assert all(match.startswith(expected) for (match, _), (expected, _) in zip(found, matches, strict=True))


@pytest.mark.parametrize(("query", "seconds"), [("听出来", 2.0), ("来了 一个", 2.67), ("赶紧", 6.33), ("我", 1.0)])
def test_chinese_is_found_anywhere_with_or_without_spaces(query, seconds):
    assert next(places(CHINESE, normalised(query))).seconds == pytest.approx(seconds, abs=0.01)


def test_a_place_comes_with_the_words_around_it():
    long = sentences(("one two three four five six seven eight nine ten eleven twelve thirteen fourteen exam a b", 0.0))
    (hit,) = places(long, "exam")
    assert hit.before == "… seven eight nine ten eleven twelve thirteen fourteen "
    assert (hit.match, hit.after) == ("exam", " a b")


@given(st.text(max_size=40))
def test_any_text_can_be_searched_for(query):
    assert normalised(normalised(query)) == normalised(query)
    for hit in places([*ENGLISH, *CHINESE], normalised(query)):
        assert hit.match


@pytest.mark.django_db
def test_only_the_student_s_finished_transcripts_are_searched_newest_first():
    student, other = consented(), consented()
    now = timezone.now()
    old = TranscriptFactory(recording__student=student, recording__recorded_at=now - timedelta(days=9))
    new = TranscriptFactory(recording__student=student, recording__recorded_at=now - timedelta(days=2))
    TranscriptFactory(recording__student=student, status="failed")
    TranscriptFactory(recording__student=other)
    found = transcripts_search(student, "exam")
    assert [session.recording for session in found.sessions] == [new.recording, old.recording]
    assert (found.searched, found.hits, found.is_cut, found.unreadable) == (2, 2, False, 0)
    assert transcripts_search(consented(), "exam").sessions == ()


@pytest.mark.django_db
def test_what_cannot_be_opened_is_counted_and_the_rest_is_searched():
    student = consented()
    TranscriptFactory(recording__student=student)
    broken = TranscriptFactory(recording__student=student)
    Transcript.objects.filter(pk=broken.pk).update(content=b"nothing opens this")
    found = transcripts_search(student, "exam")
    assert (found.searched, found.unreadable, found.hits) == (1, 1, 1)


@pytest.mark.django_db
@pytest.mark.parametrize(("most", "hits", "is_cut"), [(6, 6, False), (5, 5, True), (3, 3, True), (2, 2, True)])
def test_no_more_places_are_shown_than_people_read(monkeypatch, most, hits, is_cut):
    monkeypatch.setattr(search, "MOST_HITS", most)
    student = consented()
    for _ in range(2):
        TranscriptFactory(recording__student=student, sentences=spoken(("exam exam exam", 0.0)))
    found = transcripts_search(student, "exam")
    assert (found.hits, found.is_cut) == (hits, is_cut)
