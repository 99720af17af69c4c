"""Addresses of the wiring: health."""

from tests.site.access import get

ROWS = {
    "healthz": [get("200 200 200 200 200", public=True)],
    # No worker runs in this test, so the answer is "not ready"; that it answers everyone is the point.
    "readyz": [get("503 503 503 503 503", public=True)],
}
