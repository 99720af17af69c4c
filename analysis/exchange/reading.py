"""An annotation file from a stranger, by what is in it and not by its name."""

import codecs

from analysis.errors import Refused
from analysis.exchange.eaf import eaf_read
from analysis.exchange.textgrid import textgrid_read
from analysis.exchange.tiers import ReadFile

MAX_BYTES = 16 * 1024 * 1024
"""Two hours with 12,000 turns are 6 MB as an ``.eaf``; ELAN itself writes more white space."""


def annotations_read(data: bytes) -> ReadFile:
    """The file's tiers and annotations.

    Raises:
        Refused: ``annotations_too_large``, ``annotations_unreadable``, ``annotations_too_many``.
    """
    if len(data) > MAX_BYTES:
        raise Refused("annotations_too_large")
    begin = data[:200].replace(b"\0", b"")
    for mark in (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        begin = begin.removeprefix(mark)
    return eaf_read(data) if begin.lstrip().startswith(b"<") else textgrid_read(data)
