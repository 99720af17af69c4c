"""Out to ELAN and Praat and back again: what is in the files, and what a changed file does."""

import csv
import io
import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from analysis.errors import Refused
from analysis.exchange.checking import annotations_preview
from analysis.exchange.content import annotations_of
from analysis.exchange.eaf import eaf_read, eaf_written
from analysis.exchange.importing import annotations_import
from analysis.exchange.textgrid import textgrid_read, textgrid_written
from analysis.exchange.tiers import Annotations, Interval, Tier
from analysis.models import Alert, LabelCorrection, Recording, Stretch
from analysis.trends.corrections import label_correct
from analysis.trends.labels import segments_read
from analysis.trends.marking import stretch_mark
from analysis.trends.sessions import session_index
from students.models import AuditEvent
from tests.factories import SpeakerFactory, StretchFactory, TurnFactory, analysed, near_tie

pytestmark = pytest.mark.django_db

WRITE = {"eaf": eaf_written, "textgrid": textgrid_written}
READ = {"eaf": eaf_read, "textgrid": textgrid_read}
FORMATS = pytest.mark.parametrize("format", ["eaf", "textgrid"])


@pytest.fixture
def recording(people):
    """Eight moments in 18 seconds: three sad, one gap, four happy; corrected, marked, with voices and faces."""
    people.student.name, people.student.number = "Wang Fang", "S-4711"
    people.student.save()
    recording = analysed(people.student, ["sad"] * 3 + [None] + ["happy"] * 4, original_name="Wang Fang.mp4")
    run = recording.result_run
    run.summary = {
        "track": 1,
        "tracks": [
            {"track": 1, "seconds": 9.0, "start_s": 0.0, "end_s": 12.0},
            {"track": 4, "seconds": 2.0, "start_s": 4.0, "end_s": 6.5},
        ],
    }
    run.model = {"voice": {"version": "=voice-6"}, "face": {"version": "face-7"}}
    run.save()
    student = SpeakerFactory(run=run, number=1, student=True)
    counsellor = SpeakerFactory(run=run, number=2, enrolled=True)
    TurnFactory(speaker=student, start_s=0.0, end_s=6.2504)
    TurnFactory(speaker=counsellor, start_s=6.0, end_s=9.0)
    label_correct(run.segments.get(index=1), by=people.owner, label="anger")
    label_correct(run.segments.get(index=1), by=people.owner, label="scared")
    stretch_mark(recording, by=people.owner, start_s=13, end_s=18, who="counsellor")
    return Recording.objects.get(pk=recording.pk)


def exported(recording, format) -> bytes:
    run = Recording.objects.get(pk=recording.pk).result_run
    return WRITE[format](annotations_of(run, segments_read(run)))


def tiers_of(recording) -> dict[str, list[tuple]]:
    run = recording.result_run
    tiers = annotations_of(run, segments_read(run)).tiers
    return {tier.name: [(each.start_s, each.end_s, each.value) for each in tier.intervals] for tier in tiers}


def file_of(format, *rows, tier="corrections", recording="") -> bytes:
    """A file with one tier; of Praat's, too, with intervals that overlap where the rows do."""
    intervals = tuple(Interval(*row) for row in rows)
    return WRITE[format](Annotations(str(getattr(recording, "pk", "")), 18.0, (Tier(tier, intervals),)))


def outcome(recording, data) -> list[tuple]:
    preview = annotations_preview(recording, data)
    return [(row.doing.value, len(row.changes), [why.value for why in row.why]) for row in preview.rows]


def bring_in(recording, data, by):
    digest = annotations_preview(recording, data).digest
    return annotations_import(recording, data, by=by, digest=digest)


def state() -> tuple:
    corrections = LabelCorrection.objects.order_by("at", "pk").values_list("pk", "segment", "label")
    return list(corrections), list(Stretch.objects.order_by("at", "pk").values_list("pk", "start_s", "end_s", "who"))


# --- out --------------------------------------------------------------------------------------------------------------


def test_each_moment_has_its_own_part_on_the_tier_of_labels(recording):
    # the gap owns 7-9; what lies in the counsellor's stretch for its larger part begins at 12
    assert tiers_of(recording)["labels"] == [
        (0, 3, "sad"), (3, 5, "sad"), (5, 7, "sad"), (9, 11, "happy"), (11, 13, "happy"),
    ]  # fmt: skip


def test_the_newest_correction_the_marks_the_voices_and_the_faces_have_tiers(recording):
    tiers = tiers_of(recording)
    assert tiers["corrections"] == [(3, 5, "scared")]
    assert tiers["stretches"] == [(13, 18, "counsellor")]
    assert tiers["speaker 1"] == [(0, 6.25, "student")]
    assert tiers["speaker 2"] == [(6, 9, "counsellor")]
    assert tiers["face 1"] == [(0, 12, "student")]
    assert tiers["face 4"] == [(4, 6.5, "face 4")]


def test_of_overlapping_marks_the_tier_has_what_counts(recording):
    StretchFactory(recording=recording, start_s=14, end_s=16, who="other")
    marks = [(13, 14, "counsellor"), (14, 16, "other"), (16, 18, "counsellor")]
    assert tiers_of(recording)["stretches"] == marks


def test_the_table_tells_each_segments_validity(people, as_user, recording):
    run = recording.result_run
    run.segments.filter(index=3).update(quality={"flags": ["no_face", "=too_quiet"]})
    run.segments.filter(index=4).update(probabilities=near_tie("happy", "sad"))
    answer = as_user(people.owner).get(reverse("annotations-export", args=[recording.pk]), {"format": "csv"})
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [(row["validity"], row["why_not"]) for row in rows] == [
        ("judged", ""), ("judged", ""), ("judged", ""), ("not_judged", "no_face =too_quiet"), ("undecided", ""),
        ("judged", ""), ("not_judged", "not_student:counsellor"), ("not_judged", "not_student:counsellor"),
    ]  # fmt: skip
    assert (rows[1]["label"], rows[1]["label_shown"], rows[1]["correction"]) == ("sad", "scared", "scared")
    assert rows[1]["corrected_by"] == str(people.owner.pk)
    assert [row["speaker"] for row in rows] == [*["student"] * 3, "counsellor", "counsellor", "", "", ""]
    assert (rows[0]["p_sad"], rows[6]["p_sad"], rows[6]["label"]) == ("0.7", "", "")
    assert (rows[0]["voice_model"], rows[0]["face_model"]) == ("'=voice-6", "face-7")


@pytest.mark.parametrize("format", ["eaf", "textgrid", "csv"])
def test_a_file_names_nobody_is_kept_nowhere_and_stands_in_the_audit_trail(people, as_user, recording, format):
    answer = as_user(people.owner).get(reverse("annotations-export", args=[recording.pk]), {"format": format})
    told = answer.content.decode() + json.dumps(dict(answer.items()))
    for name in ("Wang", "S-4711", str(people.owner), people.owner.username, ".mp4"):
        assert name not in told, name
    assert answer["Cache-Control"] == "no-store"
    ending = "TextGrid" if format == "textgrid" else format
    assert answer["Content-Disposition"] == f'attachment; filename="recording-{recording.pk.hex[:8]}.{ending}"'
    event = AuditEvent.objects.get(action="annotations.export")
    assert (event.actor, event.object_ref, event.detail) == (people.owner, recording.pk, {"format": format})


def test_a_format_that_is_none_and_a_recording_without_results_are_told(people, as_user, recording):
    client = as_user(people.owner)
    address = reverse("annotations-export", args=[recording.pk])
    assert "There is no such format" in client.get(address, {"format": "docx"}, follow=True).content.decode()
    recording.runs.all().delete()
    assert "There are no results" in client.get(address, {"format": "eaf"}, follow=True).content.decode()


# --- and back ---------------------------------------------------------------------------------------------------------


@FORMATS
def test_what_was_taken_out_changes_nothing_when_it_is_brought_in(people, recording, format):
    StretchFactory(recording=recording, start_s=14.1234, end_s=16.9876, who="other")
    StretchFactory(recording=recording, start_s=15, end_s=15.5, who="student")
    data, before = exported(recording, format), state()
    preview = bring_in(recording, data, people.owner)
    assert {row.doing.value for row in preview.rows} == {"unchanged"}
    assert (preview.changes, preview.stretches) == ([], [])
    assert state() == before
    assert not AuditEvent.objects.filter(action="annotations.import").exists()


@FORMATS
def test_one_label_edited_in_the_file_corrects_its_moment_and_no_other(people, recording, format):
    data = exported(recording, format)
    was, label = ('"scared"', '"happy"') if format == "textgrid" else (">scared</ANN", ">happy</ANN")
    edited = data.replace(was.encode(), label.encode())
    assert edited != data
    preview = bring_in(recording, edited, people.owner)
    (change,) = preview.changes
    assert (change.was, change.label, change.start_s, change.end_s) == ("scared", "happy", 3, 5)
    newest = LabelCorrection.objects.first()
    assert (newest.segment.index, newest.label, newest.by) == (1, "happy", people.owner)
    assert LabelCorrection.objects.count() == 3
    assert outcome(recording, edited)[0][0] == "unchanged"


@FORMATS
def test_the_same_file_twice_changes_nothing(people, recording, format):
    data = file_of(format, (0, 7, "Anger"), (9, 11, " normal "))
    assert outcome(recording, data) == [("correct", 3, []), ("correct", 1, [])]
    bring_in(recording, data, people.owner)
    before = state()
    assert outcome(recording, data) == [("unchanged", 0, []), ("unchanged", 0, [])]
    bring_in(recording, data, people.owner)
    assert state() == before


def test_a_correction_holds_for_every_moment_of_whose_own_part_it_covers_more_than_half(recording):
    # own parts: 0-3, 3-5, 5-7
    assert outcome(recording, file_of("eaf", (1.6, 6, "normal"))) == [("correct", 1, [])]
    assert outcome(recording, file_of("eaf", (1.4, 6.1, "normal"))) == [("correct", 3, [])]


def test_numbers_follow_and_no_alert_is_raised(people, recording):
    bring_in(recording, file_of("eaf", (0, 7, "happy")), people.owner)
    assert session_index(Recording.objects.get(pk=recording.pk)).negative_share == 0
    bring_in(recording, file_of("eaf", (0, 13, "anger")), people.owner)
    assert session_index(Recording.objects.get(pk=recording.pk)).negative_share == 1
    assert not Alert.objects.exists()


@FORMATS
def test_stretches_of_the_file_are_marked(people, recording, format):
    data = file_of(format, (0, 5, "other"), (13, 18, "counsellor"), (18, 18.4, "other"), tier="stretches")
    assert [row[0] for row in outcome(recording, data)] == ["mark", "unchanged", "refused"]
    bring_in(recording, data, people.owner)
    assert Stretch.objects.filter(start_s=0, end_s=5, who="other", by=people.owner).count() == 1
    event = AuditEvent.objects.get(action="annotations.import")
    assert event.detail == {"format": format, "corrections": 0, "stretches": 1}
    assert [row[0] for row in outcome(recording, data)] == ["unchanged", "unchanged", "refused"]


def test_what_the_file_says_is_somebody_else_s_is_not_corrected_by_it(people, recording):
    tiers = (
        Tier("corrections", (Interval(0, 3, "happy"), Interval(13, 15, "happy"))),
        Tier("stretches", (Interval(0, 4, "other"), Interval(13, 18, "student"))),
    )
    data = eaf_written(Annotations("", 18.0, tiers))
    assert outcome(recording, data) == [
        ("refused", 0, ["not_the_students"]), ("correct", 1, []), ("mark", 0, []), ("mark", 0, []),
    ]  # fmt: skip
    bring_in(recording, data, people.owner)
    assert [row[0] for row in outcome(recording, data)] == ["refused", "unchanged", "unchanged", "unchanged"]


@pytest.mark.parametrize(
    ("rows", "tier", "expected"),
    [
        ([(0, 3, "sleepy")], "corrections", [("refused", 0, ["unknown_label"])]),
        ([(0, 3, "the dog")], "stretches", [("refused", 0, ["unknown_person"])]),
        ([(17, 19, "sad")], "corrections", [("refused", 0, ["outside"])]),
        ([(20, 25, "sad")], "corrections", [("refused", 0, ["outside"])]),
        ([(3, 3, "sad"), (5, 4, "sad")], "corrections", [("refused", 0, ["empty"])] * 2),
        ([(3.2, 3.9, "sad")], "corrections", [("refused", 0, ["no_moment"])]),
        ([(7, 9, "sad")], "corrections", [("refused", 0, ["not_judged"])]),
        ([(5, 9, "anger")], "corrections", [("correct", 1, ["not_judged"])]),
        ([(14, 18, "sad")], "corrections", [("refused", 0, ["not_the_students"])]),
        ([(0, 3, "anger"), (1, 3, "happy")], "corrections", [("correct", 1, []), ("refused", 0, ["named_twice"])]),
        ([(0, 3, "other"), (1, 3, "student")], "stretches", [("mark", 0, []), ("refused", 0, ["named_twice"])]),
        ([(0, 3, "anger")], "labels", [("refused", 0, ["models_tier"])]),
        ([(0, 3, "SAD")], "labels", []),
        ([(0, 3, "whatever")], "speaker 1", []),
        ([(0, 3, "a"), (3, 4, "b")], "my notes", [("refused", 0, ["unknown_tier"])]),
        ([(0, 3, "")], "corrections", []),
    ],
)  # fmt: skip
def test_every_row_is_checked(recording, rows, tier, expected):
    assert outcome(recording, file_of("eaf", *rows, tier=tier)) == expected


def test_rows_are_numbered_as_they_stand_in_the_file(recording):
    data = file_of("textgrid", (0, 3, "happy"), (3, 5, "sleepy"), (5, 7, "sad"), (9, 11, "cross"))
    numbers = {row.read.number: row.doing.value for row in annotations_preview(recording, data).rows}
    assert numbers == {1: "correct", 2: "refused", 3: "correct", 4: "refused"}


def test_a_file_of_another_recording_is_refused(people, recording):
    other = analysed(people.student, ["sad"] * 8)
    with pytest.raises(Refused, match="annotations_of_another"):
        annotations_preview(recording, exported(other, "eaf"))
    with pytest.raises(Refused, match="no_results"):
        other.runs.all().delete()
        annotations_preview(Recording.objects.get(pk=other.pk), file_of("eaf"))


def test_what_was_changed_after_the_preview_is_looked_at_again(people, recording):
    data = file_of("eaf", (0, 3, "happy"))
    digest = annotations_preview(recording, data).digest
    label_correct(recording.result_run.segments.get(index=0), by=people.owner, label="anger")
    before = state()
    with pytest.raises(Refused, match="preview_outdated"):
        annotations_import(recording, data, by=people.owner, digest=digest)
    assert state() == before


def test_marks_stay_bounded(recording, monkeypatch):
    monkeypatch.setattr("analysis.exchange.checking.MOST_STRETCHES", 2)
    data = file_of("eaf", (0, 1, "other"), (2, 3, "other"), tier="stretches")
    assert outcome(recording, data) == [("mark", 0, []), ("refused", 0, ["too_many"])]


# --- on the pages and over the API ------------------------------------------------------------------------------------


def choose(client, recording, data=None, name="work.eaf"):
    files = {} if data is None else {"file": SimpleUploadedFile(name, data)}
    return client.post(reverse("annotations-import", args=[recording.pk]), files, follow=True)


def confirm(client, recording, **fields):
    return client.post(reverse("annotations-preview", args=[recording.pk]), fields, follow=True)


def test_a_file_is_looked_at_and_then_written(people, as_user, recording):
    client, before = as_user(people.owner), state()
    answer = choose(client, recording, file_of("eaf", (0, 3, "happy"), (3, 5, "sl<b>eepy")))
    page = re.sub(r"\s+", " ", answer.content.decode())
    assert state() == before
    for words in ("Nothing has been written yet", "sad → happy", "none of the seven emotions", "sl&lt;b&gt;eepy"):
        assert words in page, words
    assert "1 row corrects" in page
    assert answer["Cache-Control"] == "no-store"
    answer = confirm(client, recording, digest=answer.context["preview"].digest)
    assert "The rows of the file were written" in answer.content.decode()
    assert LabelCorrection.objects.filter(segment__index=0, label="happy").exists()
    assert "There is no file waiting" in confirm(client, recording, digest="x").content.decode()


def test_without_the_digest_of_the_preview_nothing_is_written_and_a_discarded_file_is_gone(people, as_user, recording):
    client, before = as_user(people.owner), state()
    choose(client, recording, file_of("eaf", (0, 3, "happy")))
    assert "Something has changed since the preview" in confirm(client, recording, digest="x").content.decode()
    assert "Nothing was written" in confirm(client, recording, discard="yes").content.decode()
    assert "There is no file waiting" in confirm(client, recording).content.decode()
    assert state() == before


def test_a_file_waits_for_its_own_recording_only(people, as_user, recording):
    client, other = as_user(people.owner), analysed(people.student, ["sad"] * 8)
    choose(client, recording, file_of("textgrid", (0, 3, "happy")))
    assert "There is no file waiting" in confirm(client, other).content.decode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "No file was chosen"),
        (b"not a file of theirs", "no .eaf of ELAN"),
        (b'<!DOCTYPE a [<!ENTITY b "boom">]><ANNOTATION_DOCUMENT/>', "no .eaf of ELAN"),
        (b"<" * (16 * 1024 * 1024 + 1), "larger than an annotation file"),
    ],
)
def test_what_cannot_be_read_is_refused_with_a_next_step(people, as_user, recording, data, words):
    assert words in choose(as_user(people.owner), recording, data).content.decode()


def test_over_the_api_a_file_is_looked_at_written_and_refused(people, client, as_user, recording):
    browser = as_user(people.owner)
    address = f"/api/v1/recordings/{recording.pk}/annotations/"

    def send(data, **more):
        return browser.post(address, {"file": SimpleUploadedFile("work.TextGrid", data), **more})

    data = file_of("textgrid", (0, 3, "happy"), (3, 5, "sleepy"))
    looked = send(data).json()
    assert looked["counts"] == {"correct": 1, "mark": 0, "unchanged": 0, "refused": 1}
    assert (looked["written"], looked["format"]) == (False, "textgrid")
    first, second = looked["rows"]
    assert first["changes"] == [{"start_s": 0, "end_s": 3, "was": "sad", "label": "happy"}]
    assert (second["row"], second["doing"], second["why"]) == (2, "refused", ["unknown_label"])
    assert not LabelCorrection.objects.filter(label="happy").exists()
    assert send(data, digest=looked["digest"]).json()["written"] is True
    assert LabelCorrection.objects.filter(label="happy").count() == 1
    again = send(data, digest=looked["digest"])
    assert (again.status_code, again.json()["error"]["code"]) == (409, "preview_outdated")
    refused = send(b"nonsense")
    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "annotations_unreadable")
    assert browser.post(address, {}).status_code == 400


@pytest.mark.parametrize("format", ["eaf", "textgrid", "csv"])
def test_over_the_api_a_recording_is_taken_out(people, as_user, recording, format):
    answer = as_user(people.owner).get(f"/api/v1/recordings/{recording.pk}/export/", {"format": format})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"
    if format != "csv":
        assert "corrections" in READ[format](answer.content).tiers
    refused = as_user(people.owner).get(f"/api/v1/recordings/{recording.pk}/export/", {"format": "docx"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "unknown_format")
