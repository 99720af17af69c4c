"""Who speaks when over the API, and the answer to whose voice is the student's."""

import pytest

from analysis.models import Recording, Run
from analysis.runs.lifecycle import run_claim, run_complete
from ml.results import Recognition
from ml.turns import SpeakerTurns
from students.models import AuditEvent
from tests.analysis.engine import two_voices
from tests.factories import RecordingFactory, RunFactory, TurnFactory, analysed, voices

NOTHING = {
    "student": None,
    "several": False,
    "chosen": None,
    "speakers": [],
    "count": 0,
    "next": None,
    "previous": None,
    "turns": [],
}


def address(recording: Recording) -> str:
    return f"/api/v1/recordings/{recording.pk}/speakers/"


@pytest.fixture
def recording(people) -> Recording:
    return analysed(people.student, ["sad", "normal"])


@pytest.fixture
def run(recording) -> Run:
    voices(recording.current_run)
    return recording.current_run


@pytest.mark.parametrize("student", [None, 2])
def test_voices_and_turns_come_as_the_command_prints_them(people, api, student):
    waiting = RunFactory(recording=RecordingFactory(student=people.student), status="queued", attempt=0)
    told_apart: SpeakerTurns = two_voices(student)
    run_complete(
        run_claim(waiting.pk),
        Recognition(duration_s=8.0, model={}, segments=(), summary={"quality": {}}, timings_s={}, speakers=told_apart),
    )
    answer = api(people.owner).get(address(waiting.recording)).json()
    printed = told_apart.as_dict()
    assert {key: answer[key] for key in printed} == printed
    assert (answer["run"], answer["chosen"], answer["count"]) == (str(waiting.pk), None, 3)


def test_the_look_is_written_down(people, api, recording, run):
    api(people.owner).get(address(recording))
    event = AuditEvent.objects.get(action="results.view")
    assert (event.actor, event.student_ref, event.object_ref) == (people.owner, people.student.pk, recording.pk)


def test_turns_come_in_pages_and_the_voices_with_each(people, api, recording, run):
    speaker = run.speakers.first()
    for _ in range(4):
        TurnFactory(speaker=speaker)
    first = api(people.owner).get(address(recording), {"page_size": 4}).json()
    assert (len(first["turns"]), first["count"], len(first["speakers"])) == (4, 6, 2)
    second = api(people.owner).get(first["next"]).json()
    assert (len(second["turns"]), second["next"], len(second["speakers"])) == (2, None, 2)
    starts = [turn["start_s"] for turn in first["turns"] + second["turns"]]
    assert starts == sorted(starts)


def test_where_nobody_was_told_apart_or_nothing_has_succeeded_there_is_nothing(people, api, recording):
    assert api(people.owner).get(address(recording)).json() == {"run": str(recording.result_run_id), **NOTHING}
    unanalysed = RecordingFactory(student=people.student)
    assert api(people.owner).get(address(unanalysed)).json() == {"run": None, **NOTHING}


def test_an_answer_queues_an_analysis_and_keeps_the_face_that_is_not_named(people, api, recording, run):
    Run.objects.update(track=0, summary={"several": True, "tracks": [{"track": 0}, {"track": 3}]})
    response = api(people.owner).post(address(recording), {"student": 2})
    assert response.status_code == 202
    assert (response.json()["status"], response.json()["run"]["number"]) == ("queued", 2)
    new = recording.runs.get(number=2)
    assert (new.speaker, new.track, new.requested_by) == (2, 0, people.owner)
    assert AuditEvent.objects.get(action="run.request").detail == {"number": 2, "track": 0, "speaker": 2}


def test_a_face_can_be_named_beside_the_voice(people, api, recording, run):
    Run.objects.update(track=0, summary={"several": True, "tracks": [{"track": 0}, {"track": 3}]})
    assert api(people.owner).post(address(recording), {"student": 1, "face": 3}).status_code == 202
    new = recording.runs.get(number=2)
    assert (new.speaker, new.track) == (1, 3)


def test_null_takes_an_answer_back(people, api, recording, run):
    Run.objects.update(speaker=2, track=3)
    assert api(people.owner).get(address(recording)).json()["chosen"] == 2
    assert api(people.owner).post(address(recording), {"student": None}).status_code == 202
    new = recording.runs.get(number=2)
    assert (new.speaker, new.track) == (None, 3)


REFUSALS = (
    ({"student": 3}, 422, "unknown_voice"),
    ({"student": 1, "face": 9}, 422, "unknown_face"),
    ({"student": 0}, 400, "invalid"),
    ({"student": "two"}, 400, "invalid"),
    ({}, 400, "invalid"),
    ({"student": 1, "face": -1}, 400, "invalid"),
)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
@pytest.mark.parametrize("refusal", REFUSALS)
def test_what_cannot_be_is_refused_with_a_code_and_words(people, api, run, refusal, language):
    sent, status, code = refusal
    response = api(people.owner).post(address(run.recording), sent, headers={"Accept-Language": language})
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (status, code)
    assert error["message"]
    assert error["next_step"]
    assert run.recording.runs.count() == 1


def test_a_recording_without_voices_has_none_to_choose(people, api, recording):
    response = api(people.owner).post(address(recording), {"student": None})
    assert (response.status_code, response.json()["error"]["code"]) == (422, "unknown_voice")


def test_an_answer_while_an_analysis_is_under_way_is_refused(people, api, recording, run):
    assert api(people.owner).post(address(recording), {"student": 1}).status_code == 202
    response = api(people.owner).post(address(recording), {"student": 2})
    assert (response.status_code, response.json()["error"]["code"]) == (409, "run_active")


def test_without_consent_an_answer_is_refused(people, api, recording, run):
    people.student.consents.update(ended_at=recording.recorded_at, end_reason="withdrawn")
    response = api(people.owner).post(address(recording), {"student": 1})
    assert (response.status_code, response.json()["error"]["code"]) == (403, "no_consent")
    assert recording.runs.count() == 1


@pytest.mark.parametrize("who", ["teammate", "staff"])
def test_for_others_there_is_nothing_here(people, api, recording, run, who):
    script = api(getattr(people, who))
    assert script.get(address(recording)).status_code == 404
    assert script.post(address(recording), {"student": 1}).status_code == 404
    assert recording.runs.count() == 1
