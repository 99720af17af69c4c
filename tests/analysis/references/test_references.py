"""A student's sessions are read with what their other sessions say: sealed, under consent, raising no alerts."""

import itertools
import logging
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest
from cryptography.fernet import Fernet
from django.core.checks import run_checks
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from analysis.intake import removal
from analysis.models import Alert, Recording, Run, RunScores, Segment
from analysis.presentation.reports import student_csv
from analysis.references.contributions import contributions, student_reference
from analysis.references.reading import general_probabilities, sessions_reread
from analysis.references.scores import unsealed_segment_scores
from analysis.references.sealing import SealBrokenError, reseal, seal, unseal
from analysis.runs import lifecycle
from analysis.trends.sessions import session_index, student_trend
from ml import reading
from ml.config import Config
from ml.emotions import EMOTIONS, Emotion
from ml.reference import Reference
from ml.summary import contribution
from ml.voice.person import shipped_people
from students.consent import comparison_covered, consent_grant, consent_withdraw
from students.erasure import student_erase
from students.models import AuditEvent, Consent, Purpose, Role, Student
from tests.analysis.scored_sessions import VARIED, analysed, labels, recognition, vector
from tests.factories import CareAssignmentFactory, RecordingFactory, UserFactory, consented

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_broker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "run_announce", lambda run_id: True)


def test_a_first_session_is_compared_with_people_in_general():
    first = analysed(consented(), ("sad",) * 20)
    assert set(labels(first)) == {"normal"}
    assert first.result_run.reference["voice"] == {"kind": "general", "sessions": 0, "seconds": 0.0}
    assert first.result_run.reread_at is None
    assert session_index(first).general_negative_share is None


def test_a_second_session_changes_how_the_first_is_read():
    student = consented()
    first = analysed(student, ("sad",) * 20)
    second = analysed(student, VARIED)
    first = Recording.objects.get(pk=first.pk)
    assert set(labels(first)) == {"sad"}
    assert first.result_run.reread_at is not None
    assert first.result_run.reference["voice"]["kind"] == "own"
    assert first.result_run.reference["voice"]["sessions"] == 1
    assert first.result_run.reference["voice"]["seconds"] == pytest.approx(86.0)
    assert first.result_run.summary["label"] == "sad"
    assert second.result_run.reread_at is None
    assert AuditEvent.objects.filter(action="results.reread", student_ref=student.pk).exists()


def test_both_readings_can_be_shown():
    student = consented()
    first = analysed(student, ("sad",) * 20)
    analysed(student, VARIED)
    first = Recording.objects.get(pk=first.pk)
    index = session_index(first)
    assert (index.negative_share, index.general_negative_share) == (1.0, 0.0)
    assert index.compared_sessions == 1
    general = general_probabilities(list(first.result_run.segments.all()))
    assert {max(each, key=each.get) for each in general.values()} == {"normal"}
    row = Segment.objects.get(run=first.result_run_id, index=0)
    assert row.general["voice"] == pytest.approx(general[0])
    assert row.general["face"] is None
    assert general[0] == pytest.approx(dict(zip(EMOTIONS, vector("normal"), strict=True)), abs=1e-5)


def test_what_is_stored_is_what_the_engine_says_with_the_same_reference():
    student = consented()
    recordings = [analysed(student, moods, face=True) for moods in (("sad",) * 20, VARIED, ("happy", "anger") * 9)]
    for recording in Recording.objects.filter(student=student):
        known = contributions(student)
        others = [each for run, each in known.items() if run != recording.result_run_id]
        moods = (("sad",) * 20, VARIED, ("happy", "anger") * 9)[[each.pk for each in recordings].index(recording.pk)]
        fresh = recognition(moods, face=True)
        expected = reading.read(fresh.segments, Reference.gathered(others), Config(), shipped_people())
        rows = list(Segment.objects.filter(run=recording.result_run_id))
        for row, segment in zip(rows, expected, strict=True):
            assert row.label == segment.label
            for stored, wanted in (
                (row.probabilities, segment.probabilities),
                (row.voice["probabilities"], segment.voice.probabilities),
                (row.face["probabilities"], segment.face.probabilities),
            ):
                assert [stored[name] for name in EMOTIONS] == pytest.approx(list(wanted), abs=2e-4)
            assert row.voice["attention"] == [[1.0, 1.0]]


def test_the_order_in_which_sessions_arrive_does_not_matter():
    sessions = {"sad": ("sad",) * 20, "varied": VARIED, "happy": ("happy",) * 12}
    readings = []
    for order in itertools.permutations(sessions):
        student = consented()
        found = {name: analysed(student, sessions[name]) for name in order}
        readings.append(
            {
                name: [
                    tuple(each[mood] for mood in EMOTIONS)
                    for each in Segment.objects.filter(
                        run=Recording.objects.get(pk=recording.pk).result_run_id
                    ).values_list("probabilities", flat=True)
                ]
                for name, recording in found.items()
            }
        )
    for other in readings[1:]:
        for name in sessions:
            assert np.array(other[name]) == pytest.approx(np.array(readings[0][name]), abs=2e-4)


def test_deleting_a_recording_takes_its_say_away():
    student = consented()
    first = analysed(student, ("sad",) * 20)
    second = analysed(student, VARIED)
    removal.recording_delete(second, by=UserFactory())
    first = Recording.objects.get(pk=first.pk)
    assert set(labels(first)) == {"normal"}
    assert first.result_run.reference["voice"]["kind"] == "general"
    assert session_index(first).general_negative_share is None
    assert RunScores.objects.count() == 1


def test_only_the_newest_result_of_a_recording_counts():
    student = consented()
    first = analysed(student, ("sad",) * 20)
    second = analysed(student, VARIED)
    run = lifecycle.run_request(second, by=None)
    lease = lifecycle.run_claim(run.pk)
    lifecycle.run_complete(lease, recognition(("happy",) * 8))
    first = Recording.objects.get(pk=first.pk)
    assert set(contributions(student)) == {first.result_run_id, run.pk}
    assert first.result_run.reference["voice"]["seconds"] == pytest.approx(18.0)


def test_withdrawing_a_modality_deletes_its_scores_and_its_say():
    student = consented()
    analysed(student, VARIED, face=True)
    analysed(student, ("sad",) * 20, face=True)
    assert RunScores.objects.count() == 2
    consent_withdraw(Consent.objects.get(student=student, purpose=Purpose.VOICE), by=UserFactory())
    assert not RunScores.objects.exists()
    assert contributions(student) == {}


def test_erasing_a_student_erases_the_scores_and_nobody_else_s():
    student, other = consented(), consented()
    analysed(student, VARIED)
    kept = analysed(other, VARIED)
    student_erase(student, by=UserFactory(role=Role.ADMIN), confirmation=student.number)
    assert list(RunScores.objects.values_list("run", flat=True)) == [kept.result_run_id]


def test_an_earlier_wording_of_the_consent_covers_no_comparison():
    student = consented()
    Consent.objects.filter(student=student, purpose=Purpose.VOICE).update(wording=1)
    assert comparison_covered(student) == {"face"}
    analysed(student, VARIED)
    first = analysed(student, ("sad",) * 20)
    assert not RunScores.objects.exists()
    assert set(labels(first)) == {"normal"}
    # with the face covered, only the face is kept and compared
    third = analysed(student, VARIED, face=True)
    assert set(unsealed_segment_scores(third.result_run.scores)) == {"face"}
    assert contributions(student)[third.result_run_id].voice is None
    consent_grant(student, by=UserFactory(), purpose=Purpose.VOICE)
    assert comparison_covered(student) == {"voice", "face"}


def test_another_student_s_sessions_have_no_say():
    analysed(consented(), VARIED)
    first = analysed(consented(), ("sad",) * 20)
    assert first.result_run.reference["voice"]["kind"] == "general"
    assert set(labels(first)) == {"normal"}


def test_reading_anew_raises_no_alert():
    student = consented()
    first = analysed(student, ("sad",) * 40)
    analysed(student, VARIED)
    assert session_index(Recording.objects.get(pk=first.pk)).negative_share == 1.0
    assert not Alert.objects.filter(student=student, crossing=first).exists()
    # the next session brings none for it either, but its own
    third = analysed(student, ("sad",) * 40)
    assert not Alert.objects.filter(student=student, crossing=first).exists()
    assert Alert.objects.filter(student=student, crossing=third).exists()


def test_results_of_other_weights_stay_as_they_are_and_have_no_say():
    student = consented()
    old = analysed(student, VARIED, versions={"voice": "voice-5"})
    first = analysed(student, ("sad",) * 20)
    assert first.result_run.reference["voice"]["kind"] == "general"
    analysed(student, VARIED)
    assert Recording.objects.get(pk=old.pk).result_run.reference["voice"]["kind"] == "general"


def test_scores_lie_sealed_and_nowhere_else(settings):
    recording = analysed(consented(), VARIED, face=True)
    segment = Segment.objects.filter(run=recording.result_run_id).first()
    assert set(segment.voice) == {"probabilities", "attention", "speech_share", "level_dbfs"}
    assert set(segment.face) == {"probabilities", "track", "frames", "face_share", "confidence"}
    run = Run.objects.values().get(pk=recording.result_run_id)
    assert "scores" not in str(run)
    scores = RunScores.objects.get(run=recording.result_run_id)
    for sealed in (scores.contribution, scores.segments):
        assert b"voice" not in bytes(sealed)
        assert unseal(sealed)["run"] == str(recording.result_run_id)
    settings.SECRET_KEY = "another"
    for sealed in (scores.contribution, scores.segments):
        with pytest.raises(SealBrokenError):
            unseal(sealed)


def test_a_lost_key_costs_the_comparison_and_nothing_else(settings, caplog):
    student = consented()
    first = analysed(student, ("sad",) * 20)
    settings.SECRET_KEY = "another"
    with caplog.at_level(logging.ERROR):
        second = analysed(student, VARIED)
    assert set(labels(Recording.objects.get(pk=first.pk))) == {"normal"}
    assert second.result_run.reference["voice"]["kind"] == "general"
    assert "EMOREC_SEAL_KEYS" in caplog.text
    assert str(student.pk) not in caplog.text


def gone_weights(monkeypatch, tmp_path, card: str | None) -> None:
    """From now on the weights are not there, or their card is damaged."""
    if card is not None:
        (tmp_path / "card.json").write_text(card)
    monkeypatch.setenv("EMOREC_WEIGHTS", str(tmp_path))
    shipped_people.cache_clear()


@pytest.mark.parametrize("card", [None, "{"])
def test_without_weights_everything_is_read_by_people_in_general(monkeypatch, tmp_path, card):
    student = consented()
    first = analysed(student, ("sad",) * 20)
    second = analysed(student, VARIED)
    before = list(Segment.objects.filter(run=first.result_run_id).values_list("general", flat=True))
    gone_weights(monkeypatch, tmp_path, card)
    removal.recording_delete(second, by=UserFactory())
    first = Recording.objects.get(pk=first.pk)
    assert first.result_run.reference["voice"]["kind"] == "general"
    assert set(labels(first)) == {"normal"}
    rows = Segment.objects.filter(run=first.result_run_id)
    assert [row.probabilities for row in rows] == [each["probabilities"] for each in before]
    assert first.result_run.summary["label"] == "normal"


@pytest.mark.parametrize("lost", ["key", "weights", "own bytes"])
def test_whatever_is_lost_a_deleted_recording_has_no_say_any_more(settings, monkeypatch, lost):
    student = consented()
    first = analysed(student, ("sad",) * 20)
    second = analysed(student, VARIED)
    assert set(labels(Recording.objects.get(pk=first.pk))) == {"sad"}
    if lost == "key":
        settings.SECRET_KEY = "another"
    elif lost == "weights":
        monkeypatch.setattr(reading, "score_versions", lambda config: {"voice": "voice-7"})
    else:
        RunScores.objects.filter(run=first.result_run_id).update(segments=seal(["of no use"]))
    removal.recording_delete(second, by=UserFactory())
    first = Recording.objects.get(pk=first.pk)
    assert set(labels(first)) == {"normal"}
    assert first.result_run.reference["voice"]["kind"] == "general"
    assert session_index(first).negative_share == 0.0
    assert not general_probabilities(list(first.result_run.segments.all()))


def test_a_consent_that_has_run_out_covers_nothing_even_before_it_is_swept():
    student = consented()
    analysed(student, VARIED)
    first = analysed(student, ("sad",) * 20)
    assert contributions(student)[first.result_run_id].voice is not None
    yesterday = timezone.localdate() - timedelta(days=1)
    Consent.objects.filter(student=student, purpose=Purpose.VOICE).update(expires_on=yesterday)
    assert contributions(student)[first.result_run_id].voice is None
    assert student_reference(student)["voice"] is None
    sessions_reread(student)
    assert set(labels(Recording.objects.get(pk=first.pk))) == {"normal"}


def test_scores_in_another_run_s_row_are_worth_nothing():
    other, student = consented(), consented()
    analysed(other, VARIED)
    theirs = RunScores.objects.get(run__recording__student=other)
    first = analysed(student, ("sad",) * 20)
    second = analysed(student, ("happy",) * 9)
    RunScores.objects.filter(run=second.result_run_id).update(
        contribution=theirs.contribution, segments=theirs.segments
    )
    assert set(contributions(student)) == {first.result_run_id}


def test_reading_again_changes_nothing():
    student = consented()
    for moods in (("sad",) * 20, VARIED, ("happy",) * 9):
        analysed(student, moods, face=True)
    before = list(Segment.objects.order_by("pk").values())
    assert sessions_reread(student) == 0
    assert list(Segment.objects.order_by("pk").values()) == before


def test_a_lasting_mood_does_not_become_the_usual_one():
    """The guard: five sad sessions that the networks hear as sad leave a sixth sad."""
    student, people = consented(), shipped_people()
    heard = recognition(("sad",) * 20, bias=np.zeros(7))
    sad = [
        replace(s, voice=replace(s.voice, general=vector("sad"), probabilities=vector("sad"))) for s in heard.segments
    ]
    heard = replace(heard, segments=tuple(sad), contribution=contribution(sad, reading.score_versions(Config())))
    recordings = []
    for _ in range(6):
        recording = RecordingFactory(student=student, duration_s=42.0)
        lease = lifecycle.run_claim(lifecycle.run_request(recording, by=None).pk)
        lifecycle.run_complete(lease, heard)
        recordings.append(recording)
    run = Recording.objects.get(pk=recordings[-1].pk).result_run
    assert run.reference["voice"]["sessions"] == 5
    assert set(run.segments.values_list("label", flat=True)) == {"sad"}
    assert people.moods[Emotion.SAD, Emotion.SAD] > 0


@given(
    values=st.dictionaries(st.text(max_size=9), st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=9))
)
def test_what_is_sealed_can_be_opened_again(values):
    assert unseal(seal(values)) == values
    assert seal(values) != seal(values)


def test_keys_can_be_changed(settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.EMOREC_SEAL_KEYS = [old]
    sealed = seal([1.5])
    settings.EMOREC_SEAL_KEYS = [new, old]
    assert unseal(sealed) == [1.5]
    anew = reseal(sealed)
    settings.EMOREC_SEAL_KEYS = [new]
    assert unseal(anew) == [1.5]
    with pytest.raises(SealBrokenError):
        unseal(sealed)
    with pytest.raises(SealBrokenError):
        reseal(sealed)


def test_stored_scores_can_be_sealed_under_a_new_key(settings, capsys):
    student = consented()
    first = analysed(student, VARIED)
    settings.EMOREC_SEAL_KEYS = [Fernet.generate_key().decode()]
    call_command("scores_reseal")
    settings.SECRET_KEY = "another"
    assert "sealed anew: 1" in capsys.readouterr().out
    assert first.result_run_id in contributions(student)
    settings.EMOREC_SEAL_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match="1 could not be opened"):
        call_command("scores_reseal")


@pytest.mark.parametrize(("keys", "errors"), [([], 0), ([Fernet.generate_key().decode()], 0), (["short"], 1)])
def test_a_key_that_is_none_is_found_at_start(settings, keys, errors):
    settings.EMOREC_SEAL_KEYS = keys
    assert len([each for each in run_checks() if each.id == "emorec.E005"]) == errors


# --- what people see


@pytest.fixture
def compared() -> Student:
    """A student whose sad session sounds normal to strangers, and a varied one by which it is read."""
    student = consented()
    analysed(student, ("sad",) * 20)
    analysed(student, VARIED)
    return student


@pytest.fixture
def counsellor(client, compared):
    counsellor = UserFactory()
    CareAssignmentFactory(student=compared, counselor=counsellor)
    client.force_login(counsellor)
    return counsellor


def test_the_recording_page_shows_both_readings(client, compared, counsellor):
    first = Recording.objects.filter(student=compared).order_by("uploaded_at").first()
    page = client.get(reverse("recording", args=[first.pk])).content.decode()
    assert "people in general and 1 other session" in page
    assert "By people in general alone, 20 of 20 moments would show another emotion" in page
    assert "Read anew on" in page
    buttons = client.get(reverse("recording", args=[first.pk])).context["figures"]["timeline"]["layout"]["updatemenus"]
    assert [each["label"] for each in buttons[0]["buttons"]] == ["With own sessions", "People in general"]


def test_the_student_page_draws_the_other_reading(client, compared, counsellor):
    figure = client.get(reverse("student", args=[compared.pk])).context["figures"]["trend"]
    (drawn,) = [each for each in figure["data"] if each["name"] == "compared with people in general"]
    assert drawn["visible"] == "legendonly"
    assert drawn["y"][0] == 0.0
    assert student_trend(compared).points[0].session.negative_share == 1.0


def test_reports_give_the_other_reading(compared):
    rows = "".join(student_csv(compared, by=UserFactory())).splitlines()
    columns, first = rows[0].split(","), rows[1].split(",")
    assert first[columns.index("negative_share")] == "1.0"
    assert first[columns.index("general_negative_share")] == "0.0"
    assert first[columns.index("compared_sessions")] == "1"


def test_the_reference_can_be_taken_out_and_read_by_the_engine(client, compared, counsellor, tmp_path):
    response = client.get(reverse("reference-json", args=[compared.pk]))
    assert response["Cache-Control"] == "no-store"
    path = tmp_path / "reference.json"
    path.write_bytes(response.content)
    found = Reference.read(path)
    assert found.voice is not None
    assert (found.voice.sessions, found.face) == (2, None)
    event = AuditEvent.objects.get(action="report.export", student_ref=compared.pk)
    assert event.detail == {"format": "reference"}


def test_the_trend_s_api_tells_how_sessions_were_read(client, compared, counsellor):
    sessions = client.get(f"/api/v1/students/{compared.pk}/trend/").json()["sessions"]
    found = [(each["compared_sessions"], each["general_negative_share"], each["reread"]) for each in sessions]
    assert found[0] == (1, 0.0, True)


def test_the_consent_form_says_what_is_kept(client, compared):
    client.force_login(UserFactory(role=Role.ADMIN))
    page = client.get(reverse("consent-grant", args=[compared.pk])).content.decode()
    assert "numbers are biometric data" in page
    Consent.objects.filter(student=compared, purpose=Purpose.FACE).update(wording=1)
    page = client.get(reverse("student-consents", args=[compared.pk])).content.decode()
    assert page.count("sessions are not compared with one another") == 1
