"""Addresses of people, students and their consent. ``students`` and ``student`` show trends: see ``analysis.urls``."""

from django.urls import path

from students.views import account, audit, consents, people, roster, student_record

urlpatterns = [
    path("login/", account.login, name="login"),
    path("logout/", account.logout, name="logout"),
    path("language/", account.set_language, name="set-language"),
    path("password/<uidb64>/<token>/", account.password_set, name="password-set"),
    path("account/", account.overview, name="account"),
    path("account/password/", account.password_change, name="password-change"),
    path("account/tokens/new/", account.token_new, name="token-new"),
    path("account/tokens/revoke/", account.token_revoke, name="token-revoke"),
    path("students/new/", student_record.student_new, name="student-new"),
    path("students/<uuid:pk>/edit/", student_record.student_edit, name="student-edit"),
    path("students/<uuid:pk>/erase/", student_record.student_erase, name="student-erase"),
    path("students/<uuid:pk>/care/", student_record.student_care, name="student-care"),
    path("care/<uuid:pk>/end/", student_record.care_end, name="care-end"),
    path("students/<uuid:pk>/consents/", consents.student_consents, name="student-consents"),
    path("students/<uuid:pk>/consents/grant/", consents.consent_grant, name="consent-grant"),
    path("consents/<uuid:pk>/withdraw/", consents.consent_withdraw, name="consent-withdraw"),
    path("consents/<uuid:pk>/evidence/", consents.consent_evidence, name="consent-evidence"),
    path("roster/import/", roster.roster_import, name="roster-import"),
    path("roster/import/preview/", roster.roster_preview, name="roster-preview"),
    path("roster/export/", roster.roster_export, name="roster-export"),
    path("people/", people.people, name="people"),
    path("people/new/", people.person_new, name="person-new"),
    path("people/<uuid:pk>/", people.person_edit, name="person-edit"),
    path("people/<uuid:pk>/status/", people.person_status, name="person-status"),
    path("people/<uuid:pk>/password/", people.person_password, name="person-password"),
    path("audit/", audit.trail, name="audit"),
]
