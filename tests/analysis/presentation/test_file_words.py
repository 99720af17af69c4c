"""What a file holds, in words on the page."""

import pytest

from analysis.presentation.file_words import file_notes


def track(number=0, chosen=True, start_s=0.0, end_s=60.0, missing_s=0.0, **more):
    return {
        "number": number,
        "codec": "aac",
        "start_s": start_s,
        "end_s": end_s,
        "missing_s": missing_s,
        "chosen": chosen,
        **more,
    }


def notes(*, voice=True, face=True, **facts):
    usual = {
        "container": "mov",
        "end_known": True,
        "gaps": [],
        "duration_s": 60.0,
        "left_out_s": 0.0,
        "unreadable": 0,
        "audio": [track()],
        "video": [track()],
    }
    return file_notes({"file": usual | facts}, voice=voice, face=face)


def test_of_an_ordinary_file_and_of_older_runs_nothing_is_said():
    assert notes() == []
    assert file_notes({"flags": []}, voice=True, face=True) == []


def test_a_gap_is_named_with_its_place_and_several_with_their_length():
    assert notes(gaps=[[2.0, 3002.0]], left_out_s=3000.0) == [
        "From 0:02 to 50:02 the file holds nothing: its clock jumps. This gap is not judged."
    ]
    (several,) = notes(gaps=[[2.0, 3002.0], [3010.0, 3610.0]], left_out_s=3600.0)
    assert "jumps 2 times" in several
    assert "60 minutes in all" in several


def test_the_track_that_was_judged_is_named_and_so_are_the_others():
    tracks = [track(0, chosen=False, share=0.0), track(1, share=0.82)]
    (sentence,) = notes(audio=tracks)
    assert sentence == (
        "The file holds 2 sound tracks. Track 2 was judged: 82 % of the samples taken from it are speech. "
        "Not judged: track 1: 0 %."
    )
    assert "show a face" in notes(video=tracks)[0]


def test_nothing_is_said_of_what_was_not_analysed():
    tracks = [track(0, chosen=False, share=0.0), track(1, share=0.82, end_s=10.0)]
    assert notes(audio=tracks, voice=False) == []
    assert notes(video=tracks, face=False) == []


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"start_s": 12.0}, "begins only at 0:12"),
        ({"end_s": 30.0}, "ends at 0:30"),
        ({"missing_s": 6.0}, "missing for 6 seconds"),
    ],
)
def test_sound_and_pictures_that_are_not_there_throughout_are_mentioned(facts, words):
    (sound,) = notes(audio=[track(**facts)])
    assert words in sound
    assert "voice is not judged" in sound
    (picture,) = notes(video=[track(**facts)])
    assert words.replace("begins", "begin").replace("ends", "end") in picture
    assert "face is not judged" in picture


def test_a_moment_more_or_less_is_not_worth_a_word():
    assert notes(audio=[track(start_s=0.5, end_s=59.0, missing_s=1.0)]) == []


def test_what_cannot_be_read_and_what_cannot_be_known_is_said():
    assert notes(unreadable=1) == ["1 track of the file is of a kind that cannot be read here; it was left out."]
    assert "2 tracks" in notes(unreadable=2)[0]
    assert "a missing end would not be noticed" in notes(end_known=False)[0]
