"""What the audit trail's codes of ``students`` are called, and the names of details that every app may use."""

from django.utils.translation import gettext_lazy as _

from students import trail
from students.models import Purpose, Role

_ROLES = trail.choices(Role)

trail.vocabulary.add(
    actions={
        "session.start": _("Signed in"),
        "session.end": _("Signed out"),
        "results.view": _("Looked at results"),
        "student.create": _("Added a student"),
        "student.update": _("Changed a student's record"),
        "student.erase": _("Erased a student"),
        "roster.import": _("Imported students"),
        "roster.export": _("Exported the students"),
        "care.assign": _("Assigned a counsellor"),
        "care.end": _("Ended a counsellor's assignment"),
        "consent.grant": _("Recorded a consent"),
        "consent.withdraw": _("Withdrew a consent"),
        "consent.expire": _("Consent expired"),
        "consent.evidence": _("Opened a consent form"),
        "user.create": _("Added a person"),
        "user.update": _("Changed a person"),
        "user.role": _("Changed a person's role"),
        "user.activate": _("Activated a person"),
        "user.deactivate": _("Deactivated a person"),
        "user.password_link": _("Made a link to set a password"),
        "user.password_set": _("Set a password"),
        "token.create": _("Made an API token"),
        "token.revoke": _("Revoked an API token"),
    },
    names={
        "after": _("now"),
        "before": _("before"),
        "care_ended": _("assignments ended"),
        "consents": _("consents"),
        "count": _("number"),
        "evidence": _("with a form"),
        "expires_on": _("expires on"),
        "fields": _("fields"),
        "purpose": _("purpose"),
        "replaces": _("replaces an earlier one"),
        "role": _("role"),
        "rows": _("rows"),
        "students": _("students"),
        "via": _("by way of"),
        "wording": _("wording"),
    },
    values={
        "purpose": trail.choices(Purpose),
        "role": _ROLES,
        "before": _ROLES,
        "after": _ROLES,
        "rows": {
            "create": _("new"),
            "update": _("changed"),
            "unchanged": _("unchanged"),
            "error": _("with an error"),
        },
        "fields": {
            "number": _("student number"),
            "name": _("name"),
            "programme": _("programme"),
            "year": _("year"),
            "username": _("user name"),
            "first_name": _("first name"),
            "last_name": _("last name"),
            "email": _("e-mail"),
            "language": _("language"),
        },
        "via": {"api": "API"},
    },
)
