"""The demo is there after one run, the same after two, and says of itself what is made up."""

import io
import json
import wave

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.test import override_settings
from django.urls import reverse

from analysis.alerts.caseload import caseload
from analysis.alerts.notices import notices_send
from analysis.demo.students import (
    SAMPLE_NUMBER,
    STUDENTS,
    accounts_ensure,
    accounts_path,
    sample_receive,
    students_ensure,
)
from analysis.emotions import EMOTIONS
from analysis.flow import RunStatus
from analysis.models import Alert, Notice, Recording, Review, Run, Segment
from analysis.talk.figures import conversation_read
from students.access import Action, scoped
from students.consent import purposes_covered
from students.models import AuditEvent, Purpose, Student, User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def var(settings, tmp_path):
    settings.VAR_DIR = tmp_path
    return tmp_path


@pytest.fixture(scope="module")
def made_once(django_db_setup, django_db_blocker, tmp_path_factory):
    """The demo, made once for all tests of this module; each test works on it in a savepoint of its own."""
    folder = tmp_path_factory.mktemp("demo")
    with django_db_blocker.unblock(), override_settings(VAR_DIR=folder), transaction.atomic():
        accounts_ensure()
        students_ensure()
        yield accounts_path().read_text()
        transaction.set_rollback(True)


@pytest.fixture
def demo(made_once, var, db):
    accounts_path().touch(mode=0o600)
    accounts_path().write_text(made_once)


@pytest.fixture
def sample(tmp_path):
    """Two seconds of a quiet tone as a wave file."""
    path = tmp_path / "sample.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(bytes(i % 200 for i in range(64000)))
    return path


def counted():
    return [
        model.objects.count() for model in (User, Student, Recording, Run, Segment, Alert, Review, Notice, AuditEvent)
    ]


def test_the_accounts_file_is_as_agreed_and_for_its_owner_only(var):
    accounts_ensure()
    entries = json.loads(accounts_path().read_text())
    assert [list(entry) for entry in entries] == [["role", "username", "password", "token"]] * 3
    assert {entry["role"] for entry in entries} == {"counselor", "staff", "admin"}
    assert accounts_path().stat().st_mode & 0o777 == 0o600


def test_password_and_token_of_every_account_work(demo, client):
    for entry in json.loads(accounts_path().read_text()):
        assert client.login(username=entry["username"], password=entry["password"])
        answer = client.get("/api/v1/students/", headers={"Authorization": f"Token {entry['token']}"})
        assert answer.status_code == 200


def test_a_second_run_changes_nothing(demo):
    before, accounts = counted(), accounts_path().read_text()
    accounts_ensure()
    students_ensure()
    assert counted() == before
    assert accounts_path().read_text() == accounts


def test_lost_accounts_are_made_anew_and_the_others_kept(demo):
    entries = json.loads(accounts_path().read_text())
    accounts_path().write_text(json.dumps([entries[0], {**entries[1], "token": "00" * 32}, {}]))
    again = [account.as_dict() for account in accounts_ensure()]
    assert again[0] == entries[0]
    assert again[1]["password"] == entries[1]["password"]
    assert again[1]["token"] != "00" * 32
    assert User.objects.get(username=again[2]["username"]).check_password(again[2]["password"])


@pytest.mark.parametrize("content", ["", "{", "[1]", '{"role": "admin"}'])
def test_a_damaged_accounts_file_is_replaced(demo, content):
    accounts_path().write_text(content)
    accounts_ensure()
    assert len(json.loads(accounts_path().read_text())) == 3


def test_some_students_consent_to_everything_one_to_nothing_one_to_the_voice_only(demo):
    covered = {planned.number: purposes_covered(Student.objects.get(number=planned.number)) for planned in STUDENTS}
    assert list(covered.values()).count(frozenset(Purpose.values)) >= 3
    assert frozenset() in covered.values()
    assert frozenset({Purpose.RECORDING, Purpose.VOICE}) in covered.values()


def test_the_demo_counsellor_may_not_see_every_demo_student(demo):
    counselor = User.objects.get(username="demo-counselor")
    seen = scoped(counselor, Action.STUDENT_VIEW, Student.objects.all(), student="")
    assert set(Student.objects.exclude(pk__in=seen).values_list("number", flat=True)) == {"DEMO-007"}
    assert "DEMO-007" not in {entry.student.number for entry in caseload(counselor)}


def test_made_up_history_says_so_everywhere(demo):
    assert not Recording.objects.filter(synthetic=False).exists()
    assert not Alert.objects.filter(synthetic=False).exists()
    assert not Review.objects.filter(synthetic=False).exists()
    assert {run.model["version"] for run in Run.objects.all()} == {"synthetic"}
    assert set(Student.objects.filter(recordings__isnull=False).values_list("synthetic", flat=True)) == {True}
    assert not Recording.objects.exclude(file="").exists()


def test_the_histories_show_trend_alerts_and_reviews(demo):
    assert set(Alert.objects.values_list("kind", flat=True)) == {"share", "sustained", "ewma"}
    assert {"open", "acknowledged", "escalated", "dismissed", "closed"} == set(
        Alert.objects.values_list("status", flat=True)
    )
    assert {"pending", "decided", "lapsed"} == set(Review.objects.values_list("status", flat=True))
    steady = Student.objects.get(number="DEMO-001")
    assert not Alert.objects.filter(student=steady).exists()


def test_the_first_in_the_demo_caseload_is_the_escalated_one(demo):
    assert caseload(User.objects.get(username="demo-counselor"))[0].student.number == "DEMO-003"


def test_made_up_segments_are_distributions_whose_label_is_the_likeliest(demo):
    for segment in Segment.objects.exclude(label=None)[:500]:
        assert max(segment.probabilities, key=segment.probabilities.get) == segment.label
        for found in (segment.probabilities, segment.voice and segment.voice["probabilities"]):
            if found:
                assert set(found) == set(EMOTIONS)
                assert sum(found.values()) == pytest.approx(1, abs=1e-4)


def test_nobody_gets_mail_about_made_up_alerts(demo):
    User.objects.update(email="someone@example.org")
    assert notices_send() == 0


def test_the_sample_recording_goes_through_the_real_intake_once(demo, sample, media):
    recording = sample_receive(sample)
    student = Student.objects.get(number=SAMPLE_NUMBER)
    assert (recording.student, recording.synthetic, student.synthetic) == (student, False, False)
    assert recording.runs.get().status == RunStatus.QUEUED
    assert purposes_covered(student) == frozenset(Purpose.values)
    assert student.care.get().counselor.username == "demo-counselor"
    assert sample_receive(sample) is None


def test_a_sample_that_was_deleted_does_not_come_back(demo, sample, media):
    sample_receive(sample).delete()
    assert sample_receive(sample) is None


def test_the_command_prints_the_accounts_and_goes_on_without_a_usable_sample(var, media, tmp_path):
    empty = tmp_path / "empty.mp4"
    empty.touch()
    out, err = io.StringIO(), io.StringIO()
    call_command("demo", sample=empty, stdout=out, stderr=err)
    call_command("demo", sample=tmp_path / "nowhere.mp4", quiet=True, stdout=io.StringIO(), stderr=err)
    for entry in json.loads(accounts_path().read_text()):
        assert entry["password"] in out.getvalue()
    assert "not accepted" in err.getvalue()
    assert "not there" in err.getvalue()


def test_the_command_refuses_a_production_site(settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError):
        call_command("demo")
    assert not accounts_path().exists()


def test_pages_of_synthetic_students_say_that_they_are_synthetic(demo, as_user):
    counselor = User.objects.get(username="demo-counselor")
    page = as_user(counselor).get(reverse("student", args=[Student.objects.get(number="DEMO-002").pk]))
    assert page.status_code == 200
    assert b"ynthetic demo data" in page.content


def test_every_made_up_session_with_a_voice_has_a_conversation_that_is_read(demo):
    for recording in Recording.objects.filter(synthetic=True).select_related("result_run"):
        run = recording.result_run
        described = conversation_read(run.conversation)
        assert (described is not None) is run.voice
        if described is None:
            continue
        assert described.own is not None and described.own.figures["share"].value <= 1
        assert run.speakers.count() == 2 and run.turns.count() > 10
        assert not run.turns.filter(end_s__gt=recording.duration_s).exists()
        whole = sum(voice.alone_s for voice in described.voices) + described.overlap_s + described.silent_s
        assert whole == pytest.approx(recording.duration_s, abs=0.1)
