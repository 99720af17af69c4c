"""ELAN's ``.eaf``, version 3.0: written, and read from strangers.

The file is read as a stream, by expat, and nothing of it is built up as a tree: a document type (and with it every
entity) is refused before it is read, and so is what is nested deeper or is more than any annotation file. Why no
library: ADR 29.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

from django.utils import timezone

from analysis.errors import Refused
from analysis.exchange.tiers import LONGEST_VALUE, MOST_ANNOTATIONS, Annotations, ReadFile, ReadInterval, Tier

RECORDING_PROPERTY = "emorec_recording"
DEEPEST = 20
SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
CONSTRAINTS = {
    "Time_Subdivision": "Time subdivision of the parent annotation without gaps",
    "Symbolic_Subdivision": "Subdivision of the parent annotation in order, without times",
    "Symbolic_Association": "One annotation for each parent annotation",
    "Included_In": "Annotations with times within the parent annotation, gaps allowed",
}


# --- writing ----------------------------------------------------------------------------------------------------------


def eaf_written(annotations: Annotations, at: datetime | None = None) -> bytes:
    """The file, in UTF-8. It names no media file, whose name may be a person's: link the recording in ELAN.

    Args:
        at: when it was written; now when None.
    """
    root = ElementTree.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": "",
            "DATE": (at or timezone.now()).isoformat(timespec="seconds"),
            "FORMAT": "3.0",
            "VERSION": "3.0",
            "xmlns:xsi": INSTANCE,
            "xsi:noNamespaceSchemaLocation": SCHEMA,
        },
    )
    header = _add(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    slots = _add(root, "TIME_ORDER")
    count = _tiers(root, slots, annotations.tiers)
    _add(header, "PROPERTY", NAME=RECORDING_PROPERTY).text = annotations.recording
    _add(header, "PROPERTY", NAME="lastUsedAnnotationId").text = str(count)
    _types(root, annotations.tiers)
    ElementTree.indent(root, " ")
    body: bytes = ElementTree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return body + b"\n"


def _add(parent: ElementTree.Element, name: str, **attributes: str) -> ElementTree.Element:
    return ElementTree.SubElement(parent, name, attributes)


def _tiers(root: ElementTree.Element, slots: ElementTree.Element, tiers: Sequence[Tier]) -> int:
    """Writes tiers and their time slots; returns the number of annotations. Each annotation has slots of its own."""
    count = 0
    times: list[tuple[int, int]] = []
    for tier in tiers:
        written = _add(root, "TIER", TIER_ID=tier.name, LINGUISTIC_TYPE_REF=_type(tier))
        if tier.participant:
            written.set("PARTICIPANT", tier.participant)
        for interval in tier.intervals:
            count += 1
            first = 2 * count - 1
            times += [(round(interval.start_s * 1000), first), (round(interval.end_s * 1000), first + 1)]
            annotation = _add(
                _add(written, "ANNOTATION"),
                "ALIGNABLE_ANNOTATION",
                ANNOTATION_ID=f"a{count}",
                TIME_SLOT_REF1=f"ts{first}",
                TIME_SLOT_REF2=f"ts{first + 1}",
            )
            _add(annotation, "ANNOTATION_VALUE").text = interval.value
    for time, number in sorted(times):
        _add(slots, "TIME_SLOT", TIME_SLOT_ID=f"ts{number}", TIME_VALUE=str(time))
    return count


def _type(tier: Tier) -> str:
    """A tier with a vocabulary has a type of its own, so that ELAN offers the values to choose from."""
    return tier.name if tier.values else "default-lt"


def _types(root: ElementTree.Element, tiers: Sequence[Tier]) -> None:
    """Types, then language, constraints and vocabularies, in the order that ELAN's schema asks for."""
    with_values = {_type(tier): tier.values for tier in tiers if tier.values}
    for name in ["default-lt", *with_values]:
        attributes = {"LINGUISTIC_TYPE_ID": name, "TIME_ALIGNABLE": "true", "GRAPHIC_REFERENCES": "false"}
        if name in with_values:
            attributes["CONTROLLED_VOCABULARY_REF"] = name
        ElementTree.SubElement(root, "LINGUISTIC_TYPE", attributes)
    language = {"LANG_ID": "und", "LANG_LABEL": "undetermined (und)"}
    _add(root, "LANGUAGE", LANG_DEF="http://cdb.iso.org/lg/CDB-00130975-001", **language)
    for stereotype, description in CONSTRAINTS.items():
        _add(root, "CONSTRAINT", STEREOTYPE=stereotype, DESCRIPTION=description)
    for name, values in with_values.items():
        vocabulary = _add(root, "CONTROLLED_VOCABULARY", CV_ID=name)
        _add(vocabulary, "DESCRIPTION", LANG_REF="und")
        for value in values:
            entry = _add(vocabulary, "CV_ENTRY_ML", CVE_ID=f"{name}-{value}")
            _add(entry, "CVE_VALUE", LANG_REF="und", DESCRIPTION="").text = value


# --- reading ----------------------------------------------------------------------------------------------------------


def eaf_read(data: bytes) -> ReadFile:
    """The annotations of a file in order.

    Raises:
        Refused: ``annotations_unreadable`` (no well-formed ``.eaf``, a document type, nested too deep, times in
            another unit), ``annotations_too_many``.
    """
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(data, True)
        return reader.read()
    except (expat.ExpatError, LookupError, ValueError, OverflowError, StopIteration):
        raise Refused("annotations_unreadable") from None


def _refuse(*args: Any) -> Any:
    raise Refused("annotations_unreadable")


class _Reader:
    """What expat tells, gathered: time slots, tiers, annotations."""

    def __init__(self) -> None:
        self.depth = 0
        self.recording = ""
        self.times: dict[str, float | None] = {}
        self.tiers: dict[str, None] = {}
        self.annotations: list[tuple[str, str | None, str | None, str]] = []
        self.slots: tuple[str | None, str | None] = (None, None)
        self.value: list[str] | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        if self.depth > DEEPEST or (self.depth == 1 and name != "ANNOTATION_DOCUMENT"):
            _refuse()
        if name == "HEADER" and attributes.get("TIME_UNITS", "milliseconds") != "milliseconds":
            _refuse()
        elif name == "TIME_SLOT":
            value = attributes.get("TIME_VALUE")
            self.times[attributes["TIME_SLOT_ID"]] = None if value is None else int(value) / 1000
        elif name == "TIER":
            self.tiers[attributes["TIER_ID"]] = None
        elif name in {"ALIGNABLE_ANNOTATION", "REF_ANNOTATION"}:
            self.slots = attributes.get("TIME_SLOT_REF1"), attributes.get("TIME_SLOT_REF2")
        elif name == "ANNOTATION_VALUE" or (name == "PROPERTY" and attributes.get("NAME") == RECORDING_PROPERTY):
            self.value = []
        if len(self.annotations) > MOST_ANNOTATIONS or len(self.times) > 2 * MOST_ANNOTATIONS:
            raise Refused("annotations_too_many")

    def end(self, name: str) -> None:
        self.depth -= 1
        if self.value is None:
            return
        value = "".join(self.value)
        if name == "PROPERTY":
            self.recording, self.value = value.strip(), None
        elif name == "ANNOTATION_VALUE":
            self.annotations.append((next(reversed(self.tiers)), *self.slots, value))
            self.value, self.slots = None, (None, None)

    def text(self, text: str) -> None:
        if self.value is not None:
            self.value.append(text)
            if sum(map(len, self.value)) > LONGEST_VALUE:
                _refuse()

    def read(self) -> ReadFile:
        intervals = tuple(
            ReadInterval(number, tier, self._time(first), self._time(second), value)
            for number, (tier, first, second, value) in enumerate(self.annotations, 1)
        )
        return ReadFile("eaf", self.recording, tuple(self.tiers), intervals)

    def _time(self, slot: str | None) -> float | None:
        return None if slot is None else self.times[slot]
