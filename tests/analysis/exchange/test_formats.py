"""ELAN's and Praat's files: what is written is what they expect, and what strangers send is read or refused."""

import codecs
import time
import tracemalloc
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import Refused
from analysis.exchange.eaf import eaf_read, eaf_written
from analysis.exchange.moments import mostly_covered, own_parts
from analysis.exchange.reading import MAX_BYTES, annotations_read
from analysis.exchange.textgrid import textgrid_read, textgrid_written
from analysis.exchange.tiers import MOST_ANNOTATIONS, Annotations, Interval, Tier
from ml.shares import owned_time

SAID = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), min_size=1).filter(
    lambda text: text == text.strip()
)
INTERVALS = st.lists(st.tuples(st.integers(0, 10_000), st.integers(1, 4000), SAID), max_size=6).map(
    lambda rows: [Interval(start / 1000, (start + length) / 1000, value) for start, length, value in rows]
)
TIERS = st.lists(st.tuples(SAID, INTERVALS), max_size=4, unique_by=lambda row: row[0]).map(
    lambda rows: tuple(Tier.of(name, intervals) for name, intervals in rows)
)


def annotations(*tiers: Tier, length_s: float = 20.0) -> Annotations:
    return Annotations("6f9619ff", length_s, tiers)


EXAMPLE = annotations(
    Tier.of("labels", [Interval(0, 3, "sad"), Interval(3, 5.0005, "happy")], participant="student"),
    Tier.of("corrections", [], values=("sad", "happy")),
    Tier.of("speaker 1", [Interval(1.5, 2.25, 'says "no"')]),
)


def read_back(tiers: tuple[Tier, ...]) -> list[tuple[str, float, float, str]]:
    return [
        (tier.name, interval.start_s, interval.end_s, interval.value) for tier in tiers for interval in tier.intervals
    ]


# --- both -------------------------------------------------------------------------------------------------------------


@given(TIERS)
def test_what_is_written_for_elan_is_read_back(tiers):
    file = eaf_read(eaf_written(annotations(*tiers)))
    assert (file.format, file.recording, file.tiers) == ("eaf", "6f9619ff", tuple(tier.name for tier in tiers))
    assert [(each.tier, each.start_s, each.end_s, each.value) for each in file.intervals] == read_back(tiers)
    assert [each.number for each in file.intervals] == list(range(1, len(file.intervals) + 1))


@given(TIERS)
def test_what_is_written_for_praat_is_read_back(tiers):
    file = textgrid_read(textgrid_written(annotations(*tiers)))
    assert (file.format, file.tiers) == ("textgrid", tuple(tier.name for tier in tiers))
    assert [(each.tier, each.start_s, each.end_s, each.value) for each in file.intervals] == read_back(tiers)


@given(INTERVALS)
def test_intervals_of_a_tier_never_overlap(intervals):
    tier = Tier.of("x", intervals)
    assert all(each.start_s < each.end_s for each in tier.intervals)
    assert all(first.end_s <= second.start_s for first, second in zip(tier.intervals, tier.intervals[1:], strict=False))


@pytest.mark.parametrize(
    "data", [b"", b"PK\x03\x04", b"{}", b"RIFF....WAVE", "学号,姓名".encode("gb18030"), b"\xff\xfe<"]
)
def test_what_is_neither_is_refused(data):
    with pytest.raises(Refused, match="annotations_unreadable"):
        annotations_read(data)


def test_a_file_that_is_too_large_is_refused_before_it_is_read():
    with pytest.raises(Refused, match="annotations_too_large"):
        annotations_read(b"<" * (MAX_BYTES + 1))


@given(st.binary(max_size=300), st.sampled_from([eaf_written(EXAMPLE), textgrid_written(EXAMPLE)]), st.data())
def test_a_file_that_was_damaged_is_read_or_refused_and_nothing_else(noise, whole, data):
    at = data.draw(st.integers(0, len(whole)))
    try:
        annotations_read(whole[:at] + noise + whole[at + len(noise) :])
    except Refused as refused:
        assert refused.code.startswith("annotations_")


# --- the part of a segment that is its own ----------------------------------------------------------------------------


def test_of_four_seconds_every_two_each_owns_the_two_around_its_middle():
    assert own_parts([(0, 4), (2, 6), (4, 8)]) == [(0, 3), (3, 5), (5, 8)]
    assert own_parts([(0, 4), (6, 10)]) == [(0, 4), (6, 10)]
    assert own_parts([]) == []


@given(st.integers(1, 40), st.floats(0.2, 1.9))
def test_what_is_its_own_is_as_long_as_what_it_owns_in_the_sums(count, rest):
    spans = [(2.0 * i, 2.0 * i + 4) for i in range(count)] + [(2.0 * count, 2.0 * count + 2 + rest)]
    assert [end - start for start, end in own_parts(spans)] == pytest.approx(owned_time(spans))


def test_half_is_not_the_larger_part():
    assert not mostly_covered((2, 4), (0, 3))
    assert mostly_covered((2, 4), (0, 3.01))


# --- ELAN -------------------------------------------------------------------------------------------------------------

ORDER = [
    "LICENSE", "HEADER", "TIME_ORDER", "TIER", "LINGUISTIC_TYPE", "LOCALE", "LANGUAGE", "CONSTRAINT",
    "CONTROLLED_VOCABULARY", "LEXICON_REF", "EXTERNAL_REF",
]  # fmt: skip
"""In which the parts of a document stand, by the schema of version 3.0."""


def test_an_eaf_has_the_structure_of_version_three():
    root = ElementTree.fromstring(eaf_written(EXAMPLE))  # noqa: S314  (our own)
    assert (root.tag, root.get("FORMAT"), root.get("VERSION")) == ("ANNOTATION_DOCUMENT", "3.0", "3.0")
    assert {"AUTHOR", "DATE"} < set(root.attrib)
    names = [child.tag for child in root]
    assert names == sorted(names, key=ORDER.index)
    assert root.find("HEADER").get("TIME_UNITS") == "milliseconds"
    slots = {slot.get("TIME_SLOT_ID"): int(slot.get("TIME_VALUE")) for slot in root.find("TIME_ORDER")}
    assert list(slots.values()) == sorted(slots.values())
    annotations_ = root.findall("TIER/ANNOTATION/ALIGNABLE_ANNOTATION")
    ids = [each.get("ANNOTATION_ID") for each in annotations_]
    assert len(set(ids)) == len(ids) == 3
    assert all(slots[each.get("TIME_SLOT_REF1")] < slots[each.get("TIME_SLOT_REF2")] for each in annotations_)
    types = {each.get("LINGUISTIC_TYPE_ID"): each for each in root.findall("LINGUISTIC_TYPE")}
    assert {tier.get("LINGUISTIC_TYPE_REF") for tier in root.findall("TIER")} <= set(types)
    languages = {each.get("LANG_ID") for each in root.findall("LANGUAGE")}
    vocabularies = {each.get("CV_ID"): each for each in root.findall("CONTROLLED_VOCABULARY")}
    assert types["corrections"].get("CONTROLLED_VOCABULARY_REF") in vocabularies
    entries = [value for each in vocabularies.values() for value in each.iter("CVE_VALUE")]
    assert [value.text for value in entries] == ["sad", "happy"]
    assert {value.get("LANG_REF") for value in entries} <= languages
    assert {each.get("STEREOTYPE") for each in root.findall("CONSTRAINT")} == {
        "Time_Subdivision", "Symbolic_Subdivision", "Symbolic_Association", "Included_In",
    }  # fmt: skip
    assert {each.get("NAME"): each.text for each in root.findall("HEADER/PROPERTY")}["lastUsedAnnotationId"] == "3"
    assert root.find("HEADER/MEDIA_DESCRIPTOR") is None


def eaf(inside: str, before: str = "", attributes: str = "") -> bytes:
    return f'<?xml version="1.0"?>{before}<ANNOTATION_DOCUMENT {attributes}>{inside}</ANNOTATION_DOCUMENT>'.encode()


SLOT = '<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="{}"/>'
NOTE = (
    "<TIER TIER_ID='t'><ANNOTATION><{0} ANNOTATION_ID='a1' {1}><ANNOTATION_VALUE>x</ANNOTATION_VALUE></{0}>"
    "</ANNOTATION></TIER>"
)


@pytest.mark.parametrize(
    "before",
    [
        '<!DOCTYPE a [<!ENTITY b "boom">]>',
        '<!DOCTYPE a SYSTEM "file:///etc/passwd">',
        '<!DOCTYPE a [<!ENTITY % b SYSTEM "http://127.0.0.1/"> %b;]>',
        "<!DOCTYPE ANNOTATION_DOCUMENT>",
    ],
)
def test_a_document_type_is_refused_whatever_it_says(before):
    with pytest.raises(Refused, match="annotations_unreadable"):
        annotations_read(eaf("<TIER TIER_ID='t'/>", before))


@pytest.mark.parametrize(
    "data",
    [
        eaf("<a>" * 400_000 + "</a>" * 400_000),
        b"<a>" * 2_000_000,
        eaf("<TIER " + " ".join(f"a{n}=''" for n in range(300_000)) + "/>"),
        eaf("<TIER TIER_ID='t'><ANNOTATION_VALUE>" + "x" * 7_000_000 + "</ANNOTATION_VALUE></TIER>"),
        eaf("".join(f"<TIME_SLOT TIME_SLOT_ID='{n}'/>" for n in range(2 * MOST_ANNOTATIONS + 2))),
        eaf(NOTE.format("ALIGNABLE_ANNOTATION", "").replace("TIER_ID", "NAME")),
        eaf("<TIME_ORDER>" + SLOT.format("9" * 400) + "</TIME_ORDER>"),
        eaf("<TIME_ORDER>" + SLOT.format("9" * 5000) + "</TIME_ORDER>"),
        eaf("<TIME_ORDER>" + SLOT.format("1.5") + "</TIME_ORDER>"),
        eaf(NOTE.format("ALIGNABLE_ANNOTATION", "TIME_SLOT_REF1='ts1' TIME_SLOT_REF2='ts9'")),
        eaf("<HEADER TIME_UNITS='PAL-frames'/>"),
        eaf("&boom;"),
        b"<html/>",
        b"<?xml version='1.0' encoding='no-such'?><ANNOTATION_DOCUMENT/>",
    ],
    ids=lambda data: data[:60].decode() if isinstance(data, bytes) else None,
)
def test_hostile_eaf_files_are_refused_in_little_time_and_memory(data):
    tracemalloc.start()
    begun = time.process_time()
    with pytest.raises(Refused, match=r"annotations_(unreadable|too_many)"):
        annotations_read(data)
    seconds, (_, most) = time.process_time() - begun, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert seconds < 10
    assert most < 150_000_000


def test_annotations_without_times_are_read_as_such():
    file = annotations_read(eaf(NOTE.format("REF_ANNOTATION", "ANNOTATION_REF='a0'")))
    assert [(each.start_s, each.end_s) for each in file.intervals] == [(None, None)]
    unaligned = "<TIME_SLOT TIME_SLOT_ID='ts1'/><TIME_SLOT TIME_SLOT_ID='ts2' TIME_VALUE='2000'/>"
    file = annotations_read(
        eaf(unaligned + NOTE.format("ALIGNABLE_ANNOTATION", "TIME_SLOT_REF1='ts1' TIME_SLOT_REF2='ts2'"))
    )
    assert [(each.start_s, each.end_s) for each in file.intervals] == [(None, 2.0)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_an_eaf_is_read_in_its_own_encoding(encoding):
    text = eaf_written(annotations(Tier.of("labels", [Interval(0, 1, "è 难过")]))).decode()
    text = text.replace("UTF-8", "UTF-16" if encoding == "utf-16" else "UTF-8")
    assert annotations_read(text.encode(encoding)).intervals[0].value == "è 难过"


# --- Praat ------------------------------------------------------------------------------------------------------------

LONG = textgrid_written(EXAMPLE).decode()
SHORT = """File type = "ooTextFile"
Object class = "TextGrid"

0
20
<exists>
3
"IntervalTier"
"labels"
0
20
3
0
3
"sad"
3
5
"happy"
5
20
""
"IntervalTier"
"corrections"
0
20
1
0
20
""
"IntervalTier"
"speaker 1"
0
20
3
0
1.5
""
1.5
2.25
"says ""no""\"
2.25
20
""
"""


@pytest.mark.parametrize(
    "text", [LONG, SHORT, SHORT.replace("ooTextFile", "ooTextFile short")], ids=["long", "short", "named"]
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_both_forms_are_read_in_the_encodings_that_praat_writes(text, encoding, line_end):
    mark = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}.get(encoding, b"")
    file = annotations_read(mark + text.replace("\n", line_end).encode(encoding))
    assert file.tiers == ("labels", "corrections", "speaker 1")
    assert [(each.tier, each.start_s, each.end_s, each.value) for each in file.intervals] == read_back(EXAMPLE.tiers)


def test_praat_gets_tiers_without_holes():
    lines = [line.strip() for line in LONG.splitlines()]
    bounds = [float(line.split("=")[1]) for line in lines if line.startswith(("xmin", "xmax"))]
    # the whole, then for each tier its own two and those of its intervals
    assert bounds[:2] == [0, 20]
    assert bounds[2:] == [0, 20, 0, 3, 3, 5, 5, 20, 0, 20, 0, 20, 0, 20, 0, 1.5, 1.5, 2.25, 2.25, 20]


@pytest.mark.parametrize(
    "text", ["item [2]:", "intervals [1]:", "xmin = 3", 'text = "5"', "<exists>", "! no", "two\nlines"]
)
def test_what_is_written_on_an_interval_is_never_taken_for_the_form(text):
    tiers = (Tier.of("labels", [Interval(0, 1, text), Interval(1, 2, "sad")]),)
    assert [each.value for each in textgrid_read(textgrid_written(annotations(*tiers))).intervals] == [text, "sad"]


def test_points_are_read_as_moments_without_length():
    begin, _, end = SHORT.partition('"IntervalTier"\n"labels"')
    text = f'{begin}"TextTier"\n"labels"\n0\n20\n1\n4\n"sad"\n' + end[end.index('"IntervalTier"') :]
    first = annotations_read(text.encode()).intervals[0]
    assert (first.start_s, first.end_s, first.value) == (4, 4, "sad")


@pytest.mark.parametrize(
    "text",
    [
        SHORT.replace("TextGrid", "Pitch"),
        SHORT.replace('"IntervalTier"', '"SomeTier"'),
        SHORT[:200],
        SHORT.replace('\n3\n"IntervalTier"', '\n4\n"IntervalTier"', 1),
        SHORT.replace("<exists>\n3", "<exists>\n99999999999"),
        SHORT.replace('"sad"', '"' + "x" * 7_000_000 + '"'),
        'File type = "ooTextFile" "TextGrid" 0 1 <exists> 1 ' + '"' * 4_000_001,
        "ooBinaryFile\x08TextGrid",
    ],
    ids=["pitch", "tier", "cut", "count", "huge count", "huge text", "quotes", "binary"],
)
def test_hostile_textgrids_are_refused_in_little_time(text):
    begun = time.process_time()
    with pytest.raises(Refused, match=r"annotations_(unreadable|too_many)"):
        annotations_read(text.encode())
    assert time.process_time() - begun < 10
