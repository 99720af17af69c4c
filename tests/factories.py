"""Rows for tests. Names are made up by position, never by chance, so that a failing test reads the same twice."""

from datetime import timedelta
from typing import Any

import factory
from django.utils import timezone

from analysis.flow import RunStatus
from analysis.models import (
    Alert,
    AlertRule,
    Recording,
    Review,
    Run,
    Segment,
    Speaker,
    Stretch,
    Transcript,
    Turn,
    Upload,
)
from analysis.runs.lifecycle import run_pointers_set
from analysis.talk.figures import OF_A_VOICE
from analysis.transcripts.content import sealed
from analysis.transcripts.lifecycle import METHOD
from ml.emotions import EMOTIONS
from students.consent_wording import WORDING
from students.models import CareAssignment, Consent, Purpose, Role, Student, User

PASSWORD = "correct horse battery staple"


class UserFactory(factory.django.DjangoModelFactory):
    """A counsellor unless said otherwise."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n}")
    first_name = "Test"
    last_name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.org")
    role = Role.COUNSELOR

    @factory.post_generation
    def password(self, create: bool, extracted: str | None, **kwargs: Any) -> None:
        self.set_password(extracted or PASSWORD)
        if create:
            self.save()


class StudentFactory(factory.django.DjangoModelFactory):
    """A student nobody cares for yet and without any consent."""

    class Meta:
        model = Student

    number = factory.Sequence(lambda n: f"S{n:06d}")
    name = factory.Sequence(lambda n: f"Student {n}")
    programme = "Mathematics"
    year = 2


class CareAssignmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = CareAssignment

    student = factory.SubFactory(StudentFactory)
    counselor = factory.SubFactory(UserFactory)


class ConsentFactory(factory.django.DjangoModelFactory):
    """A standing consent for recording."""

    class Meta:
        model = Consent

    student = factory.SubFactory(StudentFactory)
    purpose = Purpose.RECORDING
    wording = WORDING
    granted_at = factory.LazyFunction(lambda: timezone.now() - timedelta(days=30))


def consented(*purposes: str, **fields: Any) -> Student:
    """A student with standing consent for these purposes; for all of them when none is named."""
    student = StudentFactory(**fields)
    for purpose in purposes or Purpose.values:
        ConsentFactory(student=student, purpose=purpose)
    return student


class RecordingFactory(factory.django.DjangoModelFactory):
    """A stored minute of video with sound, not analysed yet. It has a row but no bytes."""

    class Meta:
        model = Recording

    student = factory.LazyFunction(consented)
    recorded_at = factory.LazyFunction(lambda: timezone.now() - timedelta(days=1))
    original_name = "interview.mp4"
    sha256 = factory.Sequence(lambda n: f"{n:064x}")
    size_bytes = 1_000_000
    container = "mp4"
    duration_s = 60.0
    has_audio = True
    has_video = True
    width = 640
    height = 360
    fps = 25.0


class RunFactory(factory.django.DjangoModelFactory):
    """A finished run; it becomes the recording's current run."""

    class Meta:
        model = Run
        skip_postgeneration_save = True

    recording = factory.SubFactory(RecordingFactory)
    number = 1
    status = RunStatus.SUCCEEDED
    attempt = 1
    voice = True
    face = True
    percent = 100
    started_at = factory.LazyFunction(timezone.now)
    finished_at = factory.LazyFunction(timezone.now)

    @factory.post_generation
    def current(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        if create:
            run_pointers_set(self.recording)


SPOKEN = (
    ("I did not sleep well.", 2.0),
    ("The exam is on Friday, and I am afraid of it.", 8.0),
    ("My sister helps me.", 31.5),
)
"""Sentences and when they begin."""


def spoken(*sentences: tuple[str, float], spaced: bool = True) -> list[dict[str, Any]]:
    """Sentences as the engine gives them, three words a second; the last word of each is uncertain."""
    rows = []
    for text, start_s in sentences or SPOKEN:
        words = [f" {word}" for word in text.split()] if spaced else list(text)
        row = [
            [word, round(start_s + index / 3, 2), round(start_s + (index + 1) / 3, 2), 0.9]
            for index, word in enumerate(words)
        ]
        row[-1][3] = 0.3
        rows.append({"start_s": row[0][1], "end_s": row[-1][2], "words": row})
    return rows


class TranscriptFactory(factory.django.DjangoModelFactory):
    """A finished transcript; ``sentences`` are those of ``spoken`` unless given."""

    class Meta:
        model = Transcript
        skip_postgeneration_save = True

    recording = factory.SubFactory(RecordingFactory)
    method = METHOD
    status = RunStatus.SUCCEEDED
    attempt = 1
    percent = 100
    language = "en"
    language_probability = 0.98
    speech_s = 12.0
    started_at = factory.LazyFunction(timezone.now)
    finished_at = factory.LazyFunction(timezone.now)

    @factory.post_generation
    def sentences(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        if create and self.status == RunStatus.SUCCEEDED:
            self.content = sealed(self, spoken() if extracted is None else extracted)
            self.save()


def probabilities(label: str, certainty: float = 0.7) -> dict[str, float]:
    """A distribution over the seven classes with ``certainty`` on ``label`` and the rest spread evenly."""
    rest = (1 - certainty) / (len(EMOTIONS) - 1)
    return {name: certainty if name == label else rest for name in EMOTIONS}


def near_tie(first: str, second: str) -> dict[str, float]:
    """Two emotions about equally likely, the first a little more."""
    return dict.fromkeys(EMOTIONS, 0.04) | {first: 0.43, second: 0.37}


class SegmentFactory(factory.django.DjangoModelFactory):
    """Four seconds every two, judged normal by voice and face alike."""

    class Meta:
        model = Segment

    run = factory.SubFactory(RunFactory)
    index = factory.Sequence(lambda n: n)
    start_s = factory.LazyAttribute(lambda segment: 2.0 * segment.index)
    end_s = factory.LazyAttribute(lambda segment: segment.start_s + 4.0)
    label = "normal"
    probabilities = factory.LazyAttribute(lambda segment: segment.label and probabilities(segment.label))
    voice = factory.LazyAttribute(
        lambda segment: (
            segment.label
            and {
                "probabilities": probabilities(segment.label),
                "attention": [[segment.start_s + 1, 0.5], [segment.start_s + 2, 0.5]],
                "speech_share": 0.8,
                "level_dbfs": -23.0,
            }
        )
    )
    face = factory.LazyAttribute(
        lambda segment: (
            segment.label
            and {
                "probabilities": probabilities(segment.label),
                "track": 1,
                "frames": 20,
                "face_share": 1.0,
                "confidence": 0.95,
            }
        )
    )


class SpeakerFactory(factory.django.DjangoModelFactory):
    """One of the voices of a run, not the student's, with five seconds to listen to."""

    class Meta:
        model = Speaker

    run = factory.SubFactory(RunFactory)
    number = factory.LazyAttribute(lambda speaker: speaker.run.speakers.count() + 1)
    seconds = 30.0
    sample_start_s = factory.LazyAttribute(lambda speaker: 10.0 * speaker.number)
    sample_end_s = factory.LazyAttribute(lambda speaker: speaker.sample_start_s + 5.0)


class TurnFactory(factory.django.DjangoModelFactory):
    """Two seconds in which a voice speaks alone."""

    class Meta:
        model = Turn

    speaker = factory.SubFactory(SpeakerFactory)
    run = factory.SelfAttribute("speaker.run")
    start_s = factory.LazyAttribute(lambda turn: 3.0 * turn.run.turns.count())
    end_s = factory.LazyAttribute(lambda turn: turn.start_s + 2.0)
    certainty = 0.9


def voices(run: Run, count: int = 2, *, student: int | None = None, several: bool = True) -> list[Speaker]:
    """Gives a run so many voices with a turn each; ``student`` is the number of the one that was judged."""
    run.summary = {**run.summary, "several": several}
    run.save(update_fields=["summary"])
    speakers = [SpeakerFactory(run=run, number=number, student=number == student) for number in range(1, count + 1)]
    for speaker in speakers:
        TurnFactory(speaker=speaker)
    return speakers


def analysed(student: Student, labels: list[str | None], **fields: Any) -> Recording:
    """A recording of ``student`` whose succeeded run has one segment per label, in order; None makes a gap."""
    recording = RecordingFactory(student=student, duration_s=2.0 * len(labels) + 2, **fields)
    run = RunFactory(recording=recording)
    for index, label in enumerate(labels):
        SegmentFactory(run=run, index=index, label=label)
    recording.refresh_from_db()
    return recording


def number(value: float, n: int = 12, **fields: Any) -> dict[str, Any]:
    """A number of a conversation as the engine stores it."""
    return {"value": value, "low": value - 0.1, "high": value + 0.1, "n": n, "quartiles": None, **fields}


def conversation(student: int | None = 1, **figures: float) -> dict[str, Any]:
    """A conversation of two voices as the engine stores it; ``figures`` are those of the first.

    The first speaks for 40 s, 38 of them alone, the second for 20 s, in a minute of recording.
    """
    described = dict.fromkeys(OF_A_VOICE) | {name: number(value) for name, value in figures.items()}
    return {
        "version": 1,
        "duration_s": 60.0,
        "overlap_s": 2.0,
        "silent_s": 2.0,
        "silent_share": number(0.03),
        "gap_s": None,
        "voices": [
            {"id": 1, "seconds": 40.0, "alone_s": 38.0, "turns": 9, "certainty": 0.9, "figures": described},
            {
                "id": 2,
                "seconds": 20.0,
                "alone_s": 18.0,
                "turns": 8,
                "certainty": 0.6,
                "figures": dict.fromkeys(OF_A_VOICE) | {"share": number(0.35)},
            },
        ],
        "student": student,
    }


class AlertRuleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AlertRule

    kind = "share"
    name = factory.Sequence(lambda n: f"Rule {n}")
    threshold = 0.5
    min_evidence_s = 30.0
    min_coverage = 0.3


class ReviewFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Review

    student = factory.SubFactory(StudentFactory)


class AlertFactory(factory.django.DjangoModelFactory):
    """An open alert on a recording of a student, with its pending review."""

    class Meta:
        model = Alert

    rule = factory.SubFactory(AlertRuleFactory)
    kind = factory.SelfAttribute("rule.kind")
    crossing = factory.SubFactory(RecordingFactory)
    student = factory.SelfAttribute("crossing.student")
    review = factory.SubFactory(ReviewFactory, student=factory.SelfAttribute("..student"))
    evidence = factory.LazyAttribute(
        lambda alert: {
            "value": 0.8,
            "threshold": 0.5,
            "rule": {"name": "Rule", "kind": "share", "threshold": 0.5, "min_evidence_s": 30, "min_coverage": 0.3},
            "recordings": [str(alert.crossing.pk)],
            "sessions": [
                {
                    "recording": str(alert.crossing.pk),
                    "recorded_at": alert.crossing.recorded_at.isoformat(),
                    "negative_share": 0.8,
                    "judged_s": 50.0,
                    "coverage": 0.8,
                }
            ],
            "judged_s": 50.0,
            "coverage": 0.8,
            "negative_shares": {"anger": 0.0, "disgust": 0.0, "sad": 0.8, "scared": 0.0},
            "model_versions": ["1"],
            "moments": [],
        }
    )


class UploadFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Upload

    user = factory.SubFactory(UserFactory, role=Role.STAFF)
    student = factory.LazyFunction(consented)
    recorded_at = factory.LazyFunction(timezone.now)
    original_name = "interview.mp4"
    length = 1000
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=1))


class StretchFactory(factory.django.DjangoModelFactory):
    """A person says that the first four seconds are the counsellor's."""

    class Meta:
        model = Stretch

    recording = factory.SubFactory(RecordingFactory)
    start_s = 0.0
    end_s = 4.0
    who = "counsellor"
