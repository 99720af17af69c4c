"""Addresses of students/urls.py. Columns: anonymous, owner, teammate, staff, admin."""

from tests.site.access import World, get, post

STUDENT = {"number": "S-NEW", "name": "New Student", "programme": "", "year": ""}
PERSON = {"username": "newcomer", "first_name": "", "last_name": "", "email": "", "role": "staff"}


def _counselor(world: World) -> dict[str, str]:
    return {"counselor": str(world.people.teammate.pk)}


def _number(world: World) -> dict[str, str]:
    return {"confirmation": world.people.student.number}


ROWS = {
    # --- signing in and the own account
    "login": [get("200 302 302 302 302", public=True), post("200 302 302 302 302", public=True)],
    "logout": [get("405 405 405 405 405", public=True), post("302 302 302 302 302", public=True)],
    "set-language": [post("302 302 302 302 302", data={"language": "zh-hans"}, public=True)],
    "password-set": [get("200 200 200 200 200", public=True)],
    "account": [get("302 200 200 200 200")],
    "password-change": [post("302 200 200 200 200")],
    "token-new": [post("302 200 200 200 200")],
    "token-revoke": [post("302 302 302 302 302", data={"token_key": "none"})],
    # --- students
    "student-new": [get("302 404 404 404 200"), post("302 404 404 404 302", data=STUDENT)],
    "student-edit": [
        get("302 404 404 404 200", of="student"),
        post("302 404 404 404 302", of="student", data=STUDENT),
    ],
    "student-erase": [
        get("302 404 404 404 200", of="student"),
        post("302 404 404 404 302", of="student", data=_number),
    ],
    "student-care": [
        get("302 404 404 404 200", of="student"),
        post("302 404 404 404 302", of="student", data=_counselor),
    ],
    "care-end": [post("302 404 404 404 302", of="care")],
    # --- consent
    "student-consents": [get("302 200 404 200 200", of="student")],
    "consent-grant": [
        get("302 404 404 404 200", of="student"),
        post("302 404 404 404 302", of="student", data={"purposes": ["voice"]}),
    ],
    "consent-withdraw": [
        get("302 200 404 404 200", of="consent"),
        post("302 302 404 404 302", of="consent"),
    ],
    "consent-evidence": [get("302 200 404 200 200", of="consent")],
    # --- roster
    "roster-import": [get("302 404 404 404 200"), post("302 404 404 404 200")],
    "roster-preview": [get("302 404 404 404 302"), post("302 404 404 404 302")],
    "roster-export": [get("302 404 404 404 200")],
    # --- people and the audit trail
    "people": [get("302 404 404 404 200")],
    "person-new": [get("302 404 404 404 200"), post("302 404 404 404 302", data=PERSON)],
    "person-edit": [
        get("302 404 404 404 200", of="person"),
        post("302 404 404 404 302", of="person", data=PERSON),
    ],
    "person-status": [post("302 404 404 404 302", of="person", data={"active": "no"})],
    "person-password": [post("302 404 404 404 200", of="person")],
    "audit": [get("302 404 404 404 200")],
}
