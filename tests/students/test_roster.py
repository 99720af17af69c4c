"""Import and export of students as CSV."""

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from students import roster
from students.models import AuditEvent, Student
from students.student_record import text_clean
from tests.factories import StudentFactory, UserFactory

HEAD = "student number,name,programme,year of study\n"


def sheet(text, encoding="utf-8"):
    return roster.roster_read(text.encode(encoding))


def refusal(data):
    with pytest.raises(ValidationError) as refused:
        roster.roster_read(data)
    return refused.value.code


def actions(text):
    return [(row.line, row.action) for row in roster.roster_preview(text.encode()).rows]


# --- reading ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_files_are_read_in_the_encodings_spreadsheets_write(encoding):
    read = sheet("学号,姓名,专业,年级\n2023001,王芳,数学,2\n", encoding)
    assert read.rows == [(2, {"number": "2023001", "name": "王芳", "programme": "数学", "year": "2"})]
    assert read.encoding == encoding.removesuffix("-sig")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_the_one_that_makes_sense_of_the_headings(delimiter):
    read = sheet(delimiter.join(["Name", "Student_Number"]) + "\n" + delimiter.join(['"Li, Na; B."', "S1"]))
    assert read.delimiter == delimiter
    assert read.rows == [(2, {"name": "Li, Na; B.", "number": "S1"})]


def test_headings_are_read_whatever_their_case_order_and_width_and_unknown_ones_are_told():
    read = sheet("Remark,FULL NAME,ｉｄ,Major\nx,Li Na,S1,Maths\n")
    assert read.columns == ("number", "name", "programme")
    assert read.ignored == ("Remark",)


def test_blank_lines_are_skipped_and_lines_keep_their_number_in_the_file():
    read = sheet("number,name\n\nS1,Li Na\n , \nS2,Wu Di\n")
    assert [line for line, _cells in read.rows] == [3, 5]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty"),
        (b" \n \n", "empty"),
        (b"PK\x03\x04\x00\x00", "encoding"),
        ("number,name\n".encode("utf-16"), "encoding"),
        (b"\xef\xbb\xbfnumber,name\n\xff,x", "encoding"),
        (b"number,name\n\xff\xff,x", "encoding"),
        (b"number,programme\nS1,Maths\n", "headings"),
        (b"just some text\nand more\n", "headings"),
        (b"number,name,id\nS1,Li,S1\n", "headings"),
        (b'number,name\n"S1,Li Na\n', "csv"),
        (b"number,name\nS1," + b"x" * 200_000, "csv"),
        (b"number,name\n" + b"S1,Li Na\n" * 5001, "rows"),
        (b"number,name\n" + b"x" * 1024 * 1024, "too_large"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_file_that_is_no_roster_is_refused_with_its_reason(data, code):
    assert refusal(data) == code


# --- preview ----------------------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_preview_tells_new_changed_unchanged_and_wrong_rows_and_writes_nothing():
    StudentFactory(number="S1", name="Li Na", programme="Maths", year=1)
    StudentFactory(number="S2", name="Wu Di", programme="Maths", year=1)
    text = HEAD + "S1,Li Na,Maths,1\ns2,Wu Di,Physics,2\nS3,Cai Xi,,\nS 4,,Maths,99\n"
    rows = roster.roster_preview(text.encode()).rows
    assert [row.action for row in rows] == ["unchanged", "update", "create", "error"]
    assert rows[1].changes == {"programme": ("Maths", "Physics"), "year": (1, 2)}
    assert rows[1].values["number"] == "S2"
    assert {field for field, _sentence in rows[3].errors} == {"number", "name", "year"}
    assert Student.objects.count() == 2


@pytest.mark.django_db
def test_a_column_that_is_missing_changes_nothing_and_an_empty_cell_empties():
    StudentFactory(number="S1", name="Li Na", programme="Maths", year=3)
    assert actions("number,name\nS1,Li Na\n") == [(2, "unchanged")]
    preview = roster.roster_preview(b"number,name,year\nS1,Li Na,\n")
    assert preview.rows[0].changes == {"year": (3, None)}


@pytest.mark.django_db
def test_a_number_that_stands_in_the_file_twice_is_wrong_on_both_lines():
    assert actions("number,name\nS1,Li Na\nS2,Wu Di\ns1,Li Nan\n") == [(2, "error"), (3, "create"), (4, "error")]


@pytest.mark.django_db
def test_hidden_characters_are_an_error_of_their_row():
    assert actions("number,name\nS1,Li\u202eNa\nS2,Wu\x07Di\nS3,Cai Xi\n") == [
        (2, "error"),
        (3, "error"),
        (4, "create"),
    ]


# --- import -----------------------------------------------------------------------------------------------------------

FILE = (HEAD + "S1,Li Na,Physics,2\nS3,Cai Xi,,\nS 4,Wrong,,\n").encode()


@pytest.mark.django_db
def test_a_confirmed_import_writes_the_good_rows_and_leaves_out_the_wrong_ones():
    StudentFactory(number="S1", name="Li Na", programme="Maths", year=1)
    admin = UserFactory(role="admin")
    counts = roster.roster_import(FILE, by=admin, digest=roster.roster_preview(FILE).digest)
    assert counts == {"create": 1, "update": 1, "unchanged": 0, "error": 1}
    assert list(Student.objects.order_by("number").values_list("number", "programme", "year")) == [
        ("S1", "Physics", 2),
        ("S3", "", None),
    ]
    assert AuditEvent.objects.get(action="roster.import").detail == {"rows": counts}


@pytest.mark.django_db
def test_importing_the_same_file_again_changes_nothing():
    admin = UserFactory(role="admin")
    roster.roster_import(FILE, by=admin, digest=roster.roster_preview(FILE).digest)
    assert [row.action for row in roster.roster_preview(FILE).rows] == ["unchanged", "unchanged", "error"]


@pytest.mark.django_db
def test_what_changed_since_the_preview_stops_the_import():
    digest = roster.roster_preview(FILE).digest
    StudentFactory(number="S3", name="Somebody Else")
    with pytest.raises(roster.PreviewOutdatedError):
        roster.roster_import(FILE, by=UserFactory(role="admin"), digest=digest)
    assert Student.objects.count() == 1


@pytest.mark.django_db
def test_every_student_written_leaves_a_trace_of_their_own():
    student = StudentFactory(number="S1", name="Li Na", programme="Physics", year=1)
    admin = UserFactory(role="admin")
    roster.roster_import(FILE, by=admin, digest=roster.roster_preview(FILE).digest)
    updated = AuditEvent.objects.get(action="student.update")
    assert (updated.actor, updated.student_ref, updated.detail) == (admin, student.pk, {"fields": ["year"]})
    assert AuditEvent.objects.get(action="student.create").student_ref == Student.objects.get(number="S3").pk


@pytest.mark.django_db
def test_an_import_that_breaks_half_way_writes_nothing(monkeypatch):
    StudentFactory(number="S1", name="Li Na")
    digest = roster.roster_preview(FILE).digest
    monkeypatch.setattr(Student.objects, "bulk_update", lambda *_args, **_kwargs: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        roster.roster_import(FILE, by=UserFactory(role="admin"), digest=digest)
    assert Student.objects.count() == 1
    assert not AuditEvent.objects.exists()


@pytest.mark.django_db
def test_a_large_import_takes_few_queries(django_assert_max_num_queries):
    lines = "".join(f"S{n},Student {n}\n" for n in range(1000))
    data = f"number,name\n{lines}".encode()
    digest, admin = roster.roster_preview(data).digest, UserFactory(role="admin")
    with django_assert_max_num_queries(20):
        roster.roster_import(data, by=admin, digest=digest)
    assert Student.objects.count() == 1000


# --- export -----------------------------------------------------------------------------------------------------------


def exported(**fields):
    fields = {"number": "S1", "name": "Li Na", "programme": "", "year": None} | fields
    return "".join(roster.roster_export([Student(**fields)]))


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "'=", "''@"])
def test_no_cell_is_a_formula_to_a_spreadsheet(start):
    line = exported(name=f'{start}HYPERLINK("x")').splitlines()[1]
    assert line.startswith(f"S1,\"'{start}")


def test_an_export_begins_with_a_byte_order_mark_and_readable_headings():
    assert exported().startswith("\ufeffstudent number,name,programme,year of study\r\n")


words = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=30)
starts = st.sampled_from(["", "=", "+", "-", "@", "'", "'=", "''-", ";", '"'])


@given(starts, words, words)
def test_what_was_exported_is_imported_unchanged(start, name, programme):
    try:
        name, programme = text_clean(start + name, required=True), text_clean(programme)
    except ValidationError:
        return
    read = sheet(exported(name=name, programme=programme, year=3))
    assert read.rows == [(2, {"number": "S1", "name": name, "programme": programme, "year": "3"})]
