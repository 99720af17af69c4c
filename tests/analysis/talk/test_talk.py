"""A conversation's numbers as they are stored, and what is usual for a student."""

from datetime import timedelta

import numpy as np
import pytest
from django.utils import timezone

from analysis.talk.figures import OF_A_VOICE, conversation_read, descriptions_read
from analysis.talk.sessions import own_usual
from analysis.talk.usual import usual_of
from analysis.trends.sessions import session_index
from ml.speakers.contour import Contour
from ml.speakers.conversation import FIGURES, VERSION, describe
from ml.turns import SpeakerTurns, Turn
from tests.factories import RecordingFactory, RunFactory, consented, conversation


def test_what_the_engine_writes_is_what_is_read():
    turns = tuple(Turn(10.0 * n, 10.0 * n + 9, 1 + n % 2, overlap=False, certainty=0.9) for n in range(12))
    silent = Contour(np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros(0, bool))
    stored = describe(SpeakerTurns((), turns, 2), silent, 120.0).as_dict()
    read = conversation_read(stored)
    assert stored["version"] == VERSION and set(FIGURES) == set(OF_A_VOICE)
    assert read.own.figures["share"].value == pytest.approx(0.5)
    assert read.descriptions()["latency_s"].n == 6
    assert "rate" not in read.descriptions()


def test_numbers_made_by_other_rules_and_none_at_all_are_no_conversation():
    assert conversation_read({}) is None
    assert conversation_read(conversation() | {"version": 99}) is None
    assert descriptions_read({}) == {}


def test_where_the_students_voice_is_not_known_only_the_whole_is_described():
    assert set(descriptions_read(conversation(student=None, share=0.6))) == {"silent_share"}


def test_nothing_is_usual_before_the_third_session():
    assert usual_of([0.4, 0.6]) is None
    usual = usual_of([0.4, 0.6, 0.5])
    assert (usual.median, usual.least, usual.greatest, usual.sessions) == (0.5, 0.4, 0.6, 3)


@pytest.mark.django_db
def test_the_usual_is_that_of_the_students_other_sessions():
    student = consented()
    for week, share in enumerate([0.9, 0.3, 0.4, 0.5]):
        recording = RecordingFactory(student=student, recorded_at=timezone.now() - timedelta(weeks=week))
        RunFactory(recording=recording, conversation=conversation(share=share))
        if week == 0:
            newest = recording
    RunFactory(recording=RecordingFactory(student=consented()), conversation=conversation(share=0.01))
    RunFactory(recording=RecordingFactory(student=student))  # a session in which nobody was told apart
    usual = own_usual(newest)
    assert (usual["share"].median, usual["share"].sessions) == (0.4, 3)
    assert "rate" not in usual


@pytest.mark.django_db
def test_a_session_of_the_trend_knows_its_conversation():
    recording = RecordingFactory()
    RunFactory(recording=recording, conversation=conversation(share=0.6))
    recording.refresh_from_db()
    assert session_index(recording).conversation["share"].value == 0.6
