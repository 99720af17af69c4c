"""Addresses of analysis/api/urls.py. Columns: anonymous, owner, teammate, staff, admin.

A 400 or 415 means that the person passed the door and only the body was wanting.
"""

from tests.site.access import api

TUS = {"Tus-Resumable": "1.0.0"}
STUDENT = {"number": "S-NEW", "name": "New Student"}

ROWS = {
    "api-me": [api("get", "401 200 200 200 200")],
    # It revokes the token the request came with; these people came with a session.
    "api-own-token": [api("delete", "401 401 401 401 401")],
    "api-token": [api("post", "400 400 400 400 400", public=True)],
    "api-schema": [api("get", "401 200 200 200 200")],
    "api-nothing": [api("get", "401 404 404 404 404"), api("post", "401 404 404 404 404")],
    # --- students and consent
    "api-students": [api("get", "401 200 200 200 200"), api("post", "401 404 404 404 201", data=STUDENT)],
    "api-student": [
        api("get", "401 200 404 200 200", of="student"),
        api("patch", "401 404 404 404 200", of="student", data={"name": "Another Name"}),
    ],
    "api-consents": [
        api("get", "401 200 404 200 200", of="student"),
        api("post", "401 404 404 404 201", of="student", data={"purpose": "voice"}),
    ],
    "api-consent-withdraw": [api("post", "401 200 404 404 200", of="consent")],
    "api-trend": [api("get", "401 200 404 404 200", of="student")],
    # --- recordings
    "api-recordings": [api("get", "401 200 200 200 200"), api("post", "401 404 404 415 404")],
    "api-recording": [
        api("get", "401 200 404 200 200", of="recording"),
        api("delete", "401 404 404 204 204", of="recording"),
    ],
    "api-recording-cancel": [api("post", "401 404 404 409 409", of="recording")],
    "api-recording-repeat": [api("post", "401 404 404 202 202", of="recording")],
    "api-segments": [api("get", "401 200 404 404 200", of="recording")],
    "api-speakers": [
        api("get", "401 200 404 404 200", of="recording"),
        api("post", "401 202 404 404 202", of="recording", data={"student": 1}),
    ],
    "api-conversation": [api("get", "401 200 404 404 200", of="recording")],
    "api-transcript": [
        api("get", "401 200 404 404 200", of="recording"),
        api("post", "401 409 404 404 409", of="recording"),
    ],
    "api-corrections": [
        api("post", "401 201 404 404 201", of="recording", data={"index": 0, "label": "happy"}),
    ],
    "api-stretches": [
        api("get", "401 200 404 404 200", of="recording"),
        api("post", "401 201 404 404 201", of="recording", data={"start_s": 0, "end_s": 4, "who": "other"}),
    ],
    "api-export": [api("get", "401 200 404 404 200", of="recording", data={"format": "eaf"})],
    "api-annotations": [api("post", "401 415 404 404 415", of="recording")],
    "api-stretch": [api("delete", "401 204 404 404 204", of="stretch")],
    "api-uploads": [api("post", "401 404 404 415 404", headers=TUS)],
    "api-upload": [
        api("get", "401 404 404 200 404", of="upload", headers=TUS),
        api("patch", "401 404 404 415 404", of="upload", headers=TUS),
        api("delete", "401 404 404 204 404", of="upload", headers=TUS),
    ],
    # --- alerts and reviews
    "api-alerts": [api("get", "401 200 200 404 200")],
    "api-alert": [api("get", "401 200 404 404 200", of="alert")],
    "api-alert-acknowledge": [api("post", "401 200 404 404 200", of="alert")],
    "api-alert-dismiss": [api("post", "401 200 404 404 200", of="alert", data={"reason": "A cold, not a mood."})],
    "api-alert-escalate": [api("post", "401 200 404 404 200", of="alert")],
    "api-reviews": [api("get", "401 404 404 404 200")],
    "api-review": [api("get", "401 404 404 404 200", of="review")],
    "api-review-claim": [api("post", "401 404 404 404 200", of="review")],
    "api-review-decide": [
        api("post", "401 404 404 404 200", of="review", data={"decision": "no_action", "note": "Looked at it."}),
    ],
    "api-rules": [api("get", "401 404 404 404 200")],
    "api-rule": [
        api("get", "401 404 404 404 200", of="rule"),
        api("patch", "401 404 404 404 200", of="rule", data={"threshold": 0.7}),
    ],
    "api-trend-settings": [
        api("get", "401 404 404 404 200"),
        api("patch", "401 404 404 404 200", data={"width": 3.0}),
    ],
}
