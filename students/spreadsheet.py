"""CSV cells and lines that a spreadsheet program shows and never computes."""

import csv
import io
import re
from collections.abc import Iterable
from typing import Any

BYTE_ORDER_MARK = "\ufeff"
"""By this a spreadsheet program knows UTF-8; it stands once, before the first line."""

_FORMULA = re.compile(r"[\s']*[=+\-@|%]|[\t\r\n]")
_GUARDED = re.compile(rf"'(?:{_FORMULA.pattern})")


def guarded(text: str) -> str:
    """The text with an apostrophe in front if a spreadsheet would take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def unguarded(text: str) -> str:
    """The text as it was before ``guarded``, for reading an export back in."""
    return text[1:] if _GUARDED.match(text) else text


def csv_line(cells: Iterable[Any]) -> str:
    """One CSV line with its line end."""
    buffer = io.StringIO()
    csv.writer(buffer).writerow(cells)
    return buffer.getvalue()
