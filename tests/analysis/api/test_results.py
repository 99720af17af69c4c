"""Segments and trend: for those who see results only, and never without a trace."""

import pytest

from analysis.emotions import EMOTIONS
from analysis.flow import RunStatus
from analysis.models import LabelCorrection, Recording
from students.models import AuditEvent
from tests.factories import RecordingFactory, RunFactory, SegmentFactory, analysed, conversation, near_tie


def segments(recording: Recording) -> str:
    return f"/api/v1/recordings/{recording.pk}/segments/"


def views(user) -> int:
    return AuditEvent.objects.filter(action="results.view", actor=user).count()


@pytest.fixture
def recording(people) -> Recording:
    return analysed(people.student, ["sad", None, "happy"])


def test_segments_come_as_the_engine_prints_them_with_index_and_corrections(people, api, recording):
    segment = recording.current_run.segments.get(index=0)
    LabelCorrection.objects.create(segment=segment, label="normal", comment="thinking", by=people.owner)
    page = api(people.owner).get(segments(recording)).json()
    assert page["count"] == 3
    first, gap, _ = page["results"]
    assert set(first) == {
        "run", "index", "start_s", "end_s", "label", "unclear", "probabilities", "voice", "face", "general", "quality",
        "not_student", "corrections",
    }  # fmt: skip
    assert first["run"] == str(recording.current_run.pk)
    assert (first["index"], first["start_s"], first["end_s"], first["label"]) == (0, 0.0, 4.0, "sad")
    assert set(first["probabilities"]) == set(EMOTIONS)
    assert sum(first["probabilities"].values()) == pytest.approx(1)
    assert set(first["voice"]) == {"probabilities", "attention", "speech_share", "level_dbfs"}
    assert set(first["face"]) == {"probabilities", "track", "frames", "face_share", "confidence"}
    (correction,) = first["corrections"]
    assert (correction["label"], correction["comment"], correction["by"]["id"]) == (
        "normal", "thinking", str(people.owner.pk),
    )  # fmt: skip
    assert gap["label"] is gap["probabilities"] is gap["voice"] is gap["face"] is None


def test_a_near_tie_keeps_its_label_and_is_marked_until_corrected(people, api, recording):
    recording.current_run.segments.filter(label="sad").update(probabilities=near_tie("sad", "normal"))
    rows = api(people.owner).get(segments(recording)).json()["results"]
    assert [(row["label"], row["unclear"]) for row in rows] == [("sad", True), (None, False), ("happy", False)]
    (session,) = api(people.owner).get(f"/api/v1/students/{people.student.pk}/trend/").json()["sessions"]
    assert session["undecided_s"] == pytest.approx(3)
    LabelCorrection.objects.create(segment=recording.current_run.segments.get(index=0), label="sad", by=people.owner)
    assert api(people.owner).get(segments(recording)).json()["results"][0]["unclear"] is False


@pytest.mark.parametrize(("who", "status"), [("owner", 200), ("admin", 200), ("teammate", 404), ("staff", 404)])
def test_segments_and_trend_are_for_those_who_see_results(people, api, recording, who, status):
    user = getattr(people, who)
    script = api(user)
    assert script.get(segments(recording)).status_code == status
    assert script.get(f"/api/v1/students/{people.student.pk}/trend/").status_code == status
    assert views(user) == (2 if status == 200 else 0)


def corrections(recording: Recording) -> str:
    return f"/api/v1/recordings/{recording.pk}/corrections/"


def test_a_correction_counts_at_once_and_leaves_the_label(people, api, recording):
    script = api(people.owner)
    response = script.post(corrections(recording), {"index": 0, "label": "normal", "comment": "thinking"})
    assert response.status_code == 201
    body = response.json()
    assert (body["index"], body["label"]) == (0, "sad")
    assert [(row["label"], row["comment"]) for row in body["corrections"]] == [("normal", "thinking")]
    (session,) = script.get(f"/api/v1/students/{people.student.pk}/trend/").json()["sessions"]
    assert session["shares"]["sad"] == 0
    assert session["corrected"] == 1
    assert AuditEvent.objects.filter(action="label.correct", actor=people.owner).count() == 1


def test_a_correction_of_a_run_that_has_been_superseded_is_refused(people, api, recording):
    script = api(people.owner)
    seen = script.get(segments(recording)).json()["results"][0]
    sent = {"run": seen["run"], "index": seen["index"], "label": "normal"}
    newer = RunFactory(recording=recording, number=2)
    SegmentFactory(run=newer, index=0, label="happy")
    refusal = script.post(corrections(recording), sent)
    assert (refusal.status_code, refusal.json()["error"]["code"]) == (409, "results_changed")
    assert not LabelCorrection.objects.exists()
    assert script.post(corrections(recording), sent | {"run": str(newer.pk)}).status_code == 201


def test_a_correction_needs_a_segment_and_one_of_the_seven(people, api, recording):
    script = api(people.owner)
    for sent, field in (({"index": 99, "label": "sad"}, "index"), ({"index": 0, "label": "bored"}, "label")):
        response = script.post(corrections(recording), sent)
        assert (response.status_code, list(response.json()["error"]["fields"])) == (400, [field])
    gap = script.post(corrections(recording), {"index": 1, "label": "sad"})
    assert (gap.status_code, gap.json()["error"]["code"]) == (422, "no_results")
    assert not LabelCorrection.objects.exists()


@pytest.mark.parametrize("who", ["teammate", "staff"])
def test_nobody_else_corrects(people, api, recording, who):
    response = api(getattr(people, who)).post(corrections(recording), {"index": 0, "label": "normal"})
    assert response.status_code == 404
    assert not LabelCorrection.objects.exists()


def test_staff_get_the_answer_of_a_recording_that_is_not_there(people, api, recording):
    script = api(people.staff)
    missing = script.get("/api/v1/recordings/00000000-0000-4000-8000-000000000000/segments/")
    assert script.get(segments(recording)).content == missing.content


def test_every_look_is_written_down_with_the_student_and_what_was_seen(people, api, recording):
    api(people.owner).get(segments(recording))
    event = AuditEvent.objects.get(action="results.view")
    assert (event.actor, event.student_ref) == (people.owner, people.student.pk)
    assert (event.object_type, event.object_ref) == ("recording", recording.pk)


def test_a_repetition_that_has_not_succeeded_leaves_the_segments_of_the_one_that_has(people, api, recording):
    before = api(people.owner).get(segments(recording)).json()
    SegmentFactory(run=RunFactory(recording=recording, number=2, status=RunStatus.CANCELLED), index=0, label="anger")
    assert api(people.owner).get(segments(recording)).json() == before


def test_the_segments_of_a_run_that_has_not_succeeded_are_not_shown(people, api):
    run = RunFactory(recording__student=people.student, status=RunStatus.CANCELLED)
    SegmentFactory(run=run, index=0)
    page = api(people.owner).get(segments(run.recording)).json()
    assert (page["count"], page["results"]) == (0, [])


def test_segments_are_paged_generously(people, api):
    long = analysed(people.student, ["normal"] * 5)
    page = api(people.owner).get(f"{segments(long)}?page_size=2").json()
    assert [row["index"] for row in page["results"]] == [0, 1]
    assert page["next"].endswith("page=2&page_size=2")
    assert len(api(people.owner).get(segments(long)).json()["results"]) == 5


def test_the_trend_has_a_session_per_analysed_recording_and_nothing_for_the_others(people, api, recording):
    RunFactory(recording__student=people.student, status=RunStatus.FAILED, error_code="internal")
    trend = api(people.owner).get(f"/api/v1/students/{people.student.pk}/trend/").json()
    assert trend["student"] == str(people.student.pk)
    (session,) = trend["sessions"]
    assert session["recording_id"] == str(recording.pk)
    assert session["negative_share"] == pytest.approx(0.5, abs=0.1)
    assert set(session["shares"]) == set(EMOTIONS)


def test_a_conversation_comes_as_it_is_described_with_what_is_usual(people, api, recording):
    address = f"/api/v1/recordings/{recording.pk}/conversation/"
    run = recording.current_run
    assert api(people.owner).get(address).json() == {"run": str(run.pk), "conversation": None, "usual": {}}
    run.conversation = conversation(share=0.6)
    run.save()
    for share in (0.3, 0.4, 0.5):
        RunFactory(recording=RecordingFactory(student=people.student), conversation=conversation(share=share))
    before = views(people.owner)
    answer = api(people.owner).get(address).json()
    assert answer["conversation"] == conversation(share=0.6)
    assert answer["usual"]["share"] == {
        "median": 0.4, "lower": 0.35, "upper": 0.45, "least": 0.3, "greatest": 0.5, "sessions": 3,
    }  # fmt: skip
    assert views(people.owner) == before + 1
    assert api(people.staff).get(address).status_code == 404


def test_a_session_of_the_trend_says_how_the_conversation_went(people, api, recording):
    address = f"/api/v1/students/{people.student.pk}/trend/"
    assert api(people.owner).get(address).json()["sessions"][0]["conversation"] == {}
    recording.current_run.conversation = conversation(share=0.6)
    recording.current_run.save()
    described = api(people.owner).get(address).json()["sessions"][0]["conversation"]
    assert set(described) == {"share", "silent_share"}
    assert described["share"] == {"value": 0.6, "low": 0.5, "high": 0.7, "n": 12, "quartiles": None}
