"""Addresses of analysis/urls.py. Columns: anonymous, owner, teammate, staff, admin."""

from tests.site.access import get, post

ROWS = {
    "home": [get("302 200 200 200 200")],
    "help": [get("302 200 200 200 200")],
    "model-card": [get("302 200 200 200 200")],
    "notices": [get("302 200 200 404 200"), post("302 302 302 404 302")],
    # --- students and their trends
    "students": [get("302 200 200 200 200"), post("302 200 200 200 200", data={"q": "a"})],
    "student": [get("302 200 404 200 200", of="student")],
    "student-transcripts": [
        get("302 200 404 404 200", of="student"),
        post("302 200 404 404 200", of="student", data={"q": "exam"}),
    ],
    "report-pdf": [get("302 200 404 404 200", of="student")],
    "report-csv": [get("302 200 404 404 200", of="student")],
    "reference-json": [get("302 200 404 404 200", of="student")],
    # --- recordings
    "upload": [get("302 404 404 200 404"), post("302 404 404 200 404", data={"q": "a"})],
    "recordings": [get("302 200 200 200 200")],
    "recording": [get("302 200 404 200 200", of="recording")],
    "recording-status": [get("302 200 404 200 200", of="recording")],
    "recording-moments": [get("302 200 404 404 200", of="recording")],
    "recording-media": [get("302 200 404 404 200", of="recording")],
    "recording-captions": [get("302 200 404 404 200", of="recording")],
    "recording-transcript": [get("302 200 404 404 200", of="recording")],
    "recording-transcript-write": [post("302 302 404 404 302", of="recording")],
    "recording-transcript-cancel": [post("302 302 404 404 302", of="recording")],
    "recording-cancel": [post("302 404 404 302 302", of="recording")],
    "recording-repeat": [post("302 404 404 302 302", of="recording")],
    "recording-track": [post("302 302 404 404 302", of="recording", data={"track": "1"})],
    "recording-voice": [post("302 302 404 404 302", of="recording", data={"speaker": "1"})],
    "recording-delete": [post("302 404 404 302 302", of="recording")],
    "recording-stretches": [
        get("302 200 404 404 200", of="recording"),
        post("302 302 404 404 302", of="recording", data={"start_s": "0:02", "end_s": "4", "who": "other"}),
    ],
    "annotations-export": [get("302 200 404 404 200", of="recording", data={"format": "csv"})],
    "annotations-import": [post("302 302 404 404 302", of="recording")],
    # nothing waits in these sessions
    "annotations-preview": [
        get("302 302 404 404 302", of="recording"),
        post("302 302 404 404 302", of="recording"),
    ],
    "stretch-remove": [post("302 302 404 404 302", of="stretch")],
    "segment-correct": [
        get("302 200 404 404 200", of="segment"),
        post("302 302 404 404 302", of="segment", data={"label": "sad", "comment": ""}),
    ],
    # --- alerts and reviews
    "alerts": [get("302 200 200 404 200")],
    "alert": [get("302 200 404 404 200", of="alert")],
    "alert-acknowledge": [post("302 302 404 404 302", of="alert")],
    "alert-dismiss": [post("302 302 404 404 302", of="alert", data={"reason": "A cold, not a mood."})],
    "alert-escalate": [post("302 302 404 404 302", of="alert", data={"reason": ""})],
    "reviews": [get("302 404 404 404 200")],
    "review": [get("302 404 404 404 200", of="review")],
    "review-claim": [post("302 404 404 404 302", of="review")],
    "review-release": [post("302 404 404 404 302", of="review")],
    "review-decide": [
        post("302 404 404 404 302", of="review", data={"decision": "no_action", "note": "Looked at it."}),
    ],
    # --- rules
    "rules": [get("302 404 404 404 200")],
    "trend-settings": [get("302 404 404 404 200"), post("302 404 404 404 422")],
    "rule-edit": [get("302 404 404 404 200", of="rule"), post("302 404 404 404 422", of="rule")],
}
