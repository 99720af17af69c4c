"""One recording: its progress for everyone who may see it, its results for those who may see results."""

import base64
import json
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from analysis.models import Alert, FaceThumbnail, LabelCorrection, Recording, Run, Segment
from analysis.presentation import face_words, run_facts
from analysis.presentation.sound_words import NOTES, REMARKS, sound_remarks
from analysis.trends.sessions import summary_refresh
from students.models import AuditEvent
from tests.factories import RecordingFactory, RunFactory, SegmentFactory, analysed, near_tie

pytestmark = pytest.mark.django_db


@pytest.fixture
def recording(people):
    return analysed(people.student, ["normal", "sad", None, "happy"])


def _page(client, name, row, **query):
    return client.get(reverse(name, args=[row.pk]), query).content.decode()


def _figure(page: str, key: str) -> dict:
    found = re.search(rf'<script id="{key}" type="application/json">(.*?)</script>', page, re.DOTALL)
    assert found, key
    return json.loads(found.group(1))


def _tie(recording: Recording, index: int, first: str, second: str) -> Segment:
    """Makes a segment one in which two emotions are about equally likely."""
    segment = recording.current_run.segments.get(index=index)
    segment.label, segment.probabilities = first, near_tie(first, second)
    segment.save()
    return segment


# --- results ----------------------------------------------------------------------------------------------------------


def test_the_counsellor_sees_the_seven_probabilities_over_time_with_gaps_as_gaps(people, as_user, recording):
    figure = _figure(_page(as_user(people.owner), "recording", recording), "timeline")
    sad = next(trace for trace in figure["data"] if trace.get("name") == "sad")
    assert sad["y"][1] == pytest.approx(0.7)
    assert sad["y"][2] is None
    assert sad["connectgaps"] is False


def test_attention_and_quality_are_shown(people, as_user, recording):
    page = _page(as_user(people.owner), "recording", recording)
    assert _figure(page, "attention")["data"]
    assert _figure(page, "quality")["data"]


def test_the_page_script_knows_every_segment_and_its_correction(people, as_user, recording):
    segment = recording.current_run.segments.get(index=1)
    as_user(people.owner).post(reverse("segment-correct", args=[segment.pk]), {"label": "scared", "comment": ""})
    rows = _figure(_page(as_user(people.owner), "recording", recording), "segments")
    assert rows[1] == [segment.pk, 2.0, 6.0, "sad", "scared", None, None]
    assert rows[2][3] is None


@pytest.mark.parametrize(
    ("correction", "listed"),
    [((1, "happy"), False), ((0, "scared"), True), ((1, "anger"), True), ((3, "surprised"), False)],
)
def test_the_negative_moments_are_those_that_a_person_would_call_so(people, as_user, recording, correction, listed):
    index, label = correction
    segment = recording.current_run.segments.get(index=index)
    client = as_user(people.owner)
    client.post(reverse("segment-correct", args=[segment.pk]), {"label": label, "comment": ""})
    rows = client.get(reverse("recording", args=[recording.pk]), {"moments": "negative"}).context["moments"].object_list
    assert (segment.pk in [row.pk for row in rows]) is listed


def test_the_newest_of_several_corrections_counts(people, as_user, recording):
    segment = recording.current_run.segments.get(index=1)
    client = as_user(people.owner)
    for label in ("happy", "scared", "surprised"):
        client.post(reverse("segment-correct", args=[segment.pk]), {"label": label, "comment": ""})
    rows = client.get(reverse("recording", args=[recording.pk]), {"moments": "negative"}).context["moments"].object_list
    assert segment.pk not in [row.pk for row in rows]


def test_a_near_tie_is_shown_as_unclear_with_both_names_until_a_person_corrects_it(people, as_user, recording):
    segment = _tie(recording, 3, "happy", "sad")
    client = as_user(people.owner)
    page = _page(client, "recording", recording)
    assert "unclear: happy or sad" in _page(client, "recording-moments", recording)
    assert _figure(page, "segments")[3][5] == "unclear: happy or sad"
    assert "unclear: happy or sad" in json.dumps(_figure(page, "timeline"))
    assert "left open whether it was negative" in page
    client.post(reverse("segment-correct", args=[segment.pk]), {"label": "sad", "comment": ""})
    page = _page(client, "recording", recording)
    assert "left open whether it was negative" not in page
    assert "the system said unclear: happy or sad" in page


def test_a_recording_without_a_clear_moment_says_so(people, as_user):
    recording = analysed(people.student, ["happy"])
    _tie(recording, 0, "happy", "sad")
    page = _page(as_user(people.owner), "recording", recording)
    assert "No moment was clear enough" in page


def test_staff_see_state_and_quality_but_no_result(people, as_user, recording):
    Run.objects.update(quality={"speech_share": 0.71, "face_share": 0.9, "level_dbfs": -23})
    page = _page(as_user(people.staff), "recording", recording)
    assert "Time with speech" in page
    assert "The results are for the student’s counsellor" in page
    for word in ("data-figure", "sad", "egative", "<video", "moment"):
        assert word not in page, word
    assert not AuditEvent.objects.filter(action="results.view").exists()


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("clipping", "The sound is clipped in 40 % of the recording"),
        ("music", "In 40 % of the recording music or noise was heard instead of a voice"),
        ("too_quiet", "In 40 % of the recording the voice is too quiet to be judged"),
        ("quiet", "The recording is very quiet"),
        ("antiphase", "one was turned round"),
        ("one_channel", "One of the two channels is silent"),
        ("narrow_band", "the range of a telephone call, up to about 3.6 kHz"),
    ],
)
def test_what_the_sound_lacks_is_said_on_the_page_in_both_languages(people, as_user, recording, code, words):
    remarks = [{"code": code, "share": 0.4}, {"code": "from a later engine", "share": 1}]
    Run.objects.update(quality={"bandwidth_hz": 3_562, "remarks": remarks})
    assert words in _page(as_user(people.owner), "recording", recording)
    people.owner.language = "zh-hans"
    people.owner.save()
    page = _page(as_user(people.owner), "recording", recording)
    assert words not in page
    with override("zh-hans"):
        (sentence,) = sound_remarks(Run.objects.get(recording=recording).quality)
    assert sentence in page


def test_every_remark_of_the_engine_has_words():
    from ml.remarks import CODES, FACE_CODES, SEGMENT_CODES, SPEAKER_CODES

    assert set(CODES) - set(FACE_CODES) == set(REMARKS)
    assert set(FACE_CODES) == set(face_words.REMARKS)
    assert set(face_words.NOTES) == set(FACE_CODES) - {"turned_upright"}
    assert {*SEGMENT_CODES, *SPEAKER_CODES} == set(NOTES)


def test_a_moment_says_why_its_voice_was_not_judged(people, as_user, recording):
    recording.current_run.segments.filter(index=0).update(quality={"flags": ["face_only", "music"]})
    page = _page(as_user(people.owner), "recording-moments", recording)
    assert page.count("voice not judged: music or noise") == 1


@pytest.mark.parametrize(("level", "words"), [(-41, "Very quiet"), (-25, "A good level"), (2, "0 dB below full scale")])
def test_the_level_is_told(people, as_user, recording, level, words):
    Run.objects.update(quality={"level_dbfs": level})
    assert words in _page(as_user(people.owner), "recording", recording)


def test_a_colleague_finds_neither_the_page_nor_its_parts(people, as_user, recording):
    client = as_user(people.teammate)
    for name in ("recording", "recording-status", "recording-moments"):
        assert client.get(reverse(name, args=[recording.pk])).status_code == 404, name


def test_looking_at_results_is_audited_and_looking_at_progress_is_not(people, as_user, recording):
    client = as_user(people.owner)
    _page(client, "recording-status", recording)
    assert not AuditEvent.objects.filter(action="results.view").exists()
    _page(client, "recording", recording)
    assert AuditEvent.objects.get(action="results.view").object_ref == recording.pk


def test_a_moment_that_may_not_be_negative_is_not_listed_as_negative(people, as_user, recording):
    client = as_user(people.owner)
    _tie(recording, 0, "scared", "normal")
    _tie(recording, 3, "scared", "sad")
    assert _page(client, "recording-moments", recording, moments="negative").count("data-seek") == 2
    assert _page(client, "recording-moments", recording, moments="unclear").count("data-seek") == 2


def test_moments_can_be_narrowed_down(people, as_user, recording):
    client = as_user(people.owner)
    assert _page(client, "recording-moments", recording).count("data-seek") == 4
    assert _page(client, "recording-moments", recording, moments="negative").count("data-seek") == 1
    assert "There are no such moments" in _page(client, "recording-moments", recording, moments="unclear")
    gaps = _page(client, "recording-moments", recording, moments="gaps")
    assert gaps.count("data-seek") == 1
    assert "not judged" in gaps
    assert "There are no such moments" in _page(client, "recording-moments", recording, moments="corrected")


def test_an_earlier_analysis_stays_reachable_and_says_that_it_is_one(people, as_user, recording):
    newest = RunFactory(recording=recording, number=2)
    SegmentFactory(run=newest, index=0, label="happy")
    client = as_user(people.owner)
    assert "?run=1" in _page(client, "recording", recording)
    assert "You are looking at an earlier analysis" in _page(client, "recording", recording, run="1")
    assert "You are looking at an earlier analysis" not in _page(client, "recording", recording, run="99")


def test_a_result_stays_while_the_analysis_is_repeated(people, as_user, recording):
    client = as_user(people.owner)
    as_user(people.staff).post(reverse("recording-repeat", args=[recording.pk]))
    page = _page(client, "recording", recording)
    assert "Waiting for its turn" in page
    assert "it counts until a repetition has succeeded" in page
    assert _figure(page, "timeline")["data"]


def test_how_a_result_came_about_is_told(people, as_user, recording):
    Run.objects.update(
        config={"alpha": 0.6, "beta": 0.4, "segment_s": 4.0, "hop_s": 2.0, "sample_fps": 5.0},
        model={"face": {"version": "face-7", "sha256": "ab" * 32}},
        timings={"face": 3.25},
    )
    page = _page(as_user(people.owner), "recording", recording)
    assert "0.6 : 0.4" in page
    assert "face-7" in page
    assert "Reading the face 3.2 s" in page


def test_number_of_queries_does_not_grow_with_the_segments(people, as_user, queries):
    client = as_user(people.owner)
    counts = [
        queries(client, reverse("recording", args=[analysed(people.student, ["normal", "sad"] * length).pk]))
        for length in (3, 60)
    ]
    assert counts[0] == counts[1] <= 28


def test_the_segments_are_read_once_for_the_whole_page(people, as_user, recording):
    client = as_user(people.owner)
    summary_refresh(recording.result_run)
    for name in ("recording", "recording-moments"):
        with CaptureQueriesContext(connection) as captured:
            _page(client, name, recording, moments="negative")
        reads = [query["sql"] for query in captured if 'FROM "analysis_segment"' in query["sql"]]
        assert len(reads) == 1, reads


# --- progress ---------------------------------------------------------------------------------------------------------


def test_progress_tells_stage_in_words_and_per_cent_and_asks_again(people, as_user):
    recording = RecordingFactory(student=people.student)
    RunFactory(
        recording=recording, status="running", stage="voice", percent=43.4, lease_token=recording.pk, finished_at=None
    )
    page = _page(as_user(people.staff), "recording-status", recording)
    assert "Listening to the voice" in page
    assert "43 %" in page
    assert 'hx-trigger="every 2s"' in page


def test_a_page_that_watched_is_loaded_anew_when_the_analysis_has_ended(people, as_user, recording):
    client, url = as_user(people.owner), reverse("recording-status", args=[recording.pk])
    watched = client.get(url, {"whole": "1"}, headers={"HX-Request": "true"})
    assert watched["HX-Refresh"] == "true"
    assert "every 2s" not in watched.content.decode()
    assert "HX-Refresh" not in client.get(url, headers={"HX-Request": "true"})


def test_a_failure_is_told_with_what_to_do_next(people, as_user):
    recording = RecordingFactory(student=people.student)
    RunFactory(recording=recording, status="failed", error_code="no_usable_signal")
    page = _page(as_user(people.staff), "recording", recording)
    assert "Neither a voice nor a face could be found" in page
    assert "Check that the microphone was on" in page


def test_an_analysis_stopped_by_a_withdrawal_says_why(people, as_user):
    recording = RecordingFactory(student=people.student)
    RunFactory(recording=recording, status="cancelled", error_code="no_consent")
    assert "no valid consent" in _page(as_user(people.staff), "recording", recording)


def test_every_stage_of_the_engine_has_words():
    from ml.results import STAGES

    assert set(STAGES) == set(run_facts.STAGES) - {""}


# --- what one can do --------------------------------------------------------------------------------------------------


def test_staff_can_cancel_repeat_and_delete(people, as_user, django_capture_on_commit_callbacks, media):
    recording = RecordingFactory(student=people.student)
    RunFactory(recording=recording, status="queued", attempt=0)
    client = as_user(people.staff)
    assert "recording-cancel" not in _page(client, "recording", recording)
    client.post(reverse("recording-cancel", args=[recording.pk]))
    recording.refresh_from_db()
    assert recording.status == "cancelled"
    client.post(reverse("recording-repeat", args=[recording.pk]))
    recording.refresh_from_db()
    assert (recording.status, recording.current_run.number) == ("queued", 2)
    client.post(reverse("recording-delete", args=[recording.pk]))
    assert not Recording.objects.filter(pk=recording.pk).exists()


def test_a_second_analysis_while_one_waits_is_refused_in_words(people, as_user):
    recording = RecordingFactory(student=people.student)
    RunFactory(recording=recording, status="queued", attempt=0)
    response = as_user(people.staff).post(reverse("recording-repeat", args=[recording.pk]), follow=True)
    assert "An analysis of this recording is waiting or under way" in response.content.decode()
    assert recording.runs.count() == 1


def test_the_counsellor_sees_no_buttons_that_are_not_theirs(people, as_user, recording):
    page = _page(as_user(people.owner), "recording", recording)
    assert "/delete/" not in page
    assert "/repeat/" not in page


def test_people_are_shown_with_their_pictures_to_those_who_may_see_the_video(people, as_user, recording):
    tracks = [
        {"track": 1, "seconds": 9.0, "start_s": 0.0, "passages": [[0.0, 5.0], [95.0, 99.0]], "still_s": 0.0},
        {"track": 2, "seconds": 6.0, "start_s": 4.0, "passages": [[4.0, 10.0]], "still_s": 6.0},
    ]
    Run.objects.update(summary={"track": 1, "tracks": tracks})
    for number, time_s in ((1, 2.0), (1, 96.0), (2, 5.0)):
        FaceThumbnail.objects.create(
            run=Run.objects.get(), track=number, time_s=time_s, start_s=0, end_s=9, jpeg=b"picture"
        )
    picture = base64.b64encode(b"picture").decode()
    page = _page(as_user(people.owner), "recording", recording)
    assert page.count(picture) == 3
    assert "1:35–1:39" in page
    assert page.count("a still picture") == 1
    assert picture not in _page(as_user(people.staff), "recording", recording)


def test_another_face_can_be_chosen(people, as_user, recording):
    tracks = [{"track": 0, "seconds": 9.0, "start_s": 0.0}, {"track": 3, "seconds": 2.0, "start_s": 4.0}]
    Run.objects.update(summary={"track": 0, "tracks": tracks})
    client = as_user(people.owner)
    page = _page(client, "recording", recording)
    assert "Face 1" in page
    assert "Face 2" in page
    assert "Face 3" not in page
    url = reverse("recording-track", args=[recording.pk])
    client.post(url, {"track": "7"})
    assert recording.runs.count() == 1
    client.post(url, {"track": "3"})
    assert recording.runs.get(number=2).track == 3


def test_a_correction_stands_beside_the_judgement_of_the_system(people, as_user, recording):
    segment = Segment.objects.get(run=recording.current_run, index=1)
    client, url = as_user(people.owner), reverse("segment-correct", args=[segment.pk])
    assert 'value="sad" selected' in client.get(url).content.decode()
    response = client.post(url, {"label": "normal", "comment": "She was thinking."})
    assert response["Location"].endswith("#t=2")
    segment.refresh_from_db()
    assert segment.label == "sad"
    assert LabelCorrection.objects.get().label == "normal"
    page = _page(client, "recording", recording)
    assert "the system said sad" in page
    assert "She was thinking." in page


def test_a_label_that_does_not_exist_is_not_saved(people, as_user, recording):
    segment = Segment.objects.get(run=recording.current_run, index=1)
    as_user(people.owner).post(reverse("segment-correct", args=[segment.pk]), {"label": "bored"})
    assert not LabelCorrection.objects.exists()


def test_a_gap_cannot_be_corrected(people, as_user, recording):
    gap = Segment.objects.get(run=recording.current_run, index=2)
    as_user(people.owner).post(reverse("segment-correct", args=[gap.pk]), {"label": "sad"})
    assert not LabelCorrection.objects.exists()


def test_the_list_can_be_narrowed_to_one_state(people, as_user, recording):
    failed = RecordingFactory(student=people.student)
    RunFactory(recording=failed, status="failed", error_code="internal")
    page = as_user(people.staff).get("/recordings/?status=failed").content.decode()
    assert str(failed.pk) in page
    assert str(recording.pk) not in page
    assert Alert.objects.count() == 0


# --- the file itself --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("container", "plays"), [("mov", True), ("matroska", True), ("wav", True), ("mpegts", False), ("asf", False)]
)
def test_a_file_that_no_browser_plays_gets_words_in_place_of_a_dead_player(
    people, as_user, recording, container, plays
):
    Recording.objects.filter(pk=recording.pk).update(container=container, file=f"{recording.pk}/original")
    page = _page(as_user(people.owner), "recording", recording)
    assert ('id="player"' in page) is plays
    assert (re.search(r'id="player-problem" role="status" hidden', page) is not None) is plays
    assert "Your browser cannot play this kind of file" in page


def test_a_line_of_the_chart_breaks_where_the_recording_jumps(people, as_user, recording):
    run = recording.current_run
    run.segments.filter(index__gte=2).delete()
    SegmentFactory(run=run, index=2, start_s=3000.0, end_s=3004.0, label="sad")
    figure = _figure(_page(as_user(people.owner), "recording", recording), "timeline")
    sad = next(trace for trace in figure["data"] if trace.get("name") == "sad")
    assert [value is None for value in sad["y"]] == [False, False, True, False]
    assert len(sad["x"]) == 4


def test_what_the_file_holds_is_told_beside_the_quality(people, as_user, recording):
    run = recording.current_run
    facts = {"end_known": False, "gaps": [[2, 3002]], "duration_s": 9, "left_out_s": 3000, "unreadable": 0}
    run.quality = {"file": facts | {"audio": [], "video": []}}
    run.save()
    page = _page(as_user(people.owner), "recording", recording)
    assert "From 0:02 to 50:02 the file holds nothing" in page
    assert "a missing end would not be noticed" in page
