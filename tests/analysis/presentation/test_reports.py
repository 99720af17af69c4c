"""A report says what was found, how, and what it is not; a table is safe to open; both are written down."""

import base64
import csv
import io
import re
import zlib
from datetime import timedelta

import pytest
from django.utils import timezone, translation

from analysis.alerts.lifecycle import alert_escalate
from analysis.alerts.raising import alerts_raise
from analysis.alerts.reviews import review_decide
from analysis.emotions import EMOTIONS
from analysis.models import Recording
from analysis.presentation.reports import CSV_COLUMNS, student_csv, student_pdf
from students.models import AuditEvent
from tests.analysis.alert_stories import only_rule, raised_alert, session
from tests.factories import consented, conversation

pytestmark = pytest.mark.django_db


def text_of(pdf: bytes) -> str:
    """The Latin text of a PDF that reportlab wrote."""
    found = []
    for stream in re.findall(rb"stream\r?\n(.*?)endstream", pdf, re.S):
        try:
            content = zlib.decompress(
                base64.a85decode(stream.strip(), adobe=False)
                if b"~>" not in stream
                else base64.a85decode(b"<~" + stream.strip(), adobe=True)
            )
        except (ValueError, zlib.error):
            continue
        found += re.findall(rb"\(((?:\\.|[^()\\])*)\) Tj", content)
    raw = b" ".join(found)
    raw = (
        re.sub(rb"\\(\d{3})", lambda octal: bytes([int(octal[1], 8)]), raw).replace(b"\\(", b"(").replace(b"\\)", b")")
    )
    return " ".join(raw.decode("cp1252", "replace").replace("\u00a0", " ").split())


def rows_of(lines) -> list[dict[str, str]]:
    text = "".join(lines)
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:])))


def story(people):
    """A student with an escalated and decided alert, and one session of too little evidence."""
    alert = raised_alert(people.student)
    session(people.student, 1.0, week=2, segments=5)
    alert_escalate(alert, by=people.owner, reason="I am worried about this one.")
    review_decide(alert.review, by=people.admin, decision="contact", note="Called, appointment on Monday.")
    return people.student


def test_a_report_has_sessions_alerts_decisions_method_and_limits(people):
    student = story(people)
    text = text_of(student_pdf(student, by=people.admin))
    for part in (
        student.name,
        student.number,
        "not a diagnosis",
        "79 %",
        "too little evidence",
        "Much negative emotion in one session",
        "I am worried about this one.",
        "Contact the student",
        "Called, appointment on Monday.",
        "How to read this",
        "Limits:",
        "Model version",
        "Page 1",
    ):
        assert part in text, part
    assert "Synthetic" not in text


def test_notes_of_reviews_are_only_for_those_who_review(people):
    text = text_of(student_pdf(story(people), by=people.owner))
    assert "Contact the student" in text
    assert "Called" not in text


def test_a_synthetic_student_is_called_synthetic_on_paper(people):
    people.student.synthetic = True
    people.student.save()
    assert "Synthetic demo data" in text_of(student_pdf(people.student, by=people.owner))


def test_a_student_without_sessions_gets_a_report_that_says_so(people):
    text = text_of(student_pdf(people.student, by=people.owner))
    assert "No session has been analysed yet." in text
    assert "No alert has been raised." in text


def test_a_chinese_name_is_set_in_a_font_that_has_it(people):
    without = student_pdf(people.student, by=people.owner)
    people.student.name = "王小明 <b>&"
    people.student.save()
    assert b"STSong-Light" not in without
    with_name = student_pdf(people.student, by=people.owner)
    assert b"STSong-Light" in with_name
    assert "shown with a font of the reading computer" in text_of(with_name)
    assert "shown with a font of the reading computer" not in text_of(without)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_a_long_history_fills_several_pages_in_either_language(people, language):
    only_rule("share", threshold=0.5)
    for week in range(30):
        session(people.student, 0.9 * (week % 2), week, segments=20)
    alerts_raise(people.student)
    with translation.override(language):
        pdf = student_pdf(people.student, by=people.owner)
    assert pdf.startswith(b"%PDF-")
    assert int(re.search(rb"/Count (\d+)", pdf)[1]) >= 3


def test_a_table_has_a_row_per_session_and_numbers_as_in_the_trend(people):
    student = story(people)
    first, second = rows_of(student_csv(student, by=people.owner))
    assert tuple(first) == CSV_COLUMNS
    assert float(first["negative_share"]) == pytest.approx(0.794, abs=1e-3)
    assert sum(float(first[f"share_{name}"]) for name in EMOTIONS) == pytest.approx(1, abs=1e-3)
    assert (first["alerts"], second["alerts"]) == ("share", "")
    assert (first["enough_evidence"], second["enough_evidence"]) == ("1", "0")


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "'=1", " =1", "|calc"])
def test_a_name_that_looks_like_a_formula_is_defused(people, name):
    people.student.name = name
    people.student.save()
    session(people.student, 0.2, week=1)
    (row,) = rows_of(student_csv(people.student, by=people.owner))
    assert row["student_name"] == f"'{name}"


def test_taking_a_report_out_is_written_down_before_it_is_read(people):
    student_csv(people.student, by=people.owner)
    student_pdf(people.student, by=people.admin)
    events = AuditEvent.objects.filter(action="report.export", student_ref=people.student.pk).order_by("id")
    assert [(event.actor, event.detail) for event in events] == [
        (people.owner, {"format": "csv", "sessions": 0}),
        (people.admin, {"format": "pdf", "sessions": 0}),
    ]


def test_the_number_of_queries_does_not_grow_with_the_sessions(people, django_assert_max_num_queries):
    student = consented()
    for week in range(6):
        session(student, 0.2, week, segments=20)
    Recording.objects.update(uploaded_at=timezone.now() - timedelta(days=1))
    with django_assert_max_num_queries(9):
        student_pdf(student, by=people.admin)


def test_the_report_has_a_table_of_how_the_student_spoke(people):
    recording = session(people.student, 0.2, 0)
    assert "How the student spoke" not in text_of(student_pdf(people.student, by=people.owner))
    run = recording.result_run
    run.conversation = conversation(rate=4.5, latency_s=-0.2)
    run.save()
    text = text_of(student_pdf(people.student, by=people.owner))
    assert "The conversation" in text and "4.5 syllables/s" in text and "no signs of a state of mind" in text
    assert "-0.20 s" in text and "Chinese characters" not in text
