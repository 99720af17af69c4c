"""The rows of the access table, by area. A name may stand in one area only."""

from tests.site.access import Row
from tests.site.access_rows import analysis, api, site, students

AREAS = (site, students, analysis, api)


def all_rows() -> dict[str, list[Row]]:
    """URL name to its rows, over all areas."""
    rows: dict[str, list[Row]] = {}
    for area in AREAS:
        twice = rows.keys() & area.ROWS.keys()
        assert not twice, f"in two areas: {sorted(twice)}"
        rows |= area.ROWS
    return rows
