"""Addresses of the pages about recordings, alerts and reviews. Ids only: nothing personal stands in an address."""

from django.urls import URLPattern, path

from analysis.views import alerts, home, info, media, notices, recordings, reports, reviews, rules, students, upload

urlpatterns: list[URLPattern] = [
    path("", home.home, name="home"),
    path("students/", students.students, name="students"),
    path("students/<uuid:pk>/", students.student_page, name="student"),
    path("students/<uuid:pk>/report.pdf", reports.report_pdf, name="report-pdf"),
    path("students/<uuid:pk>/report.csv", reports.report_csv, name="report-csv"),
    path("students/<uuid:pk>/reference.json", reports.reference_json, name="reference-json"),
    path("upload/", upload.upload, name="upload"),
    path("recordings/", recordings.recordings, name="recordings"),
    path("recordings/<uuid:pk>/", recordings.recording_page, name="recording"),
    path("recordings/<uuid:pk>/status/", recordings.status, name="recording-status"),
    path("recordings/<uuid:pk>/moments/", recordings.moments, name="recording-moments"),
    path("recordings/<uuid:pk>/media/", media.recording_media, name="recording-media"),
    path("recordings/<uuid:pk>/cancel/", recordings.cancel, name="recording-cancel"),
    path("recordings/<uuid:pk>/repeat/", recordings.repeat, name="recording-repeat"),
    path("recordings/<uuid:pk>/track/", recordings.track, name="recording-track"),
    path("recordings/<uuid:pk>/delete/", recordings.delete, name="recording-delete"),
    path("segments/<int:pk>/correct/", recordings.correct, name="segment-correct"),
    path("alerts/", alerts.alerts, name="alerts"),
    path("alerts/<uuid:pk>/", alerts.alert_page, name="alert"),
    path("alerts/<uuid:pk>/acknowledge/", alerts.acknowledge, name="alert-acknowledge"),
    path("alerts/<uuid:pk>/dismiss/", alerts.dismiss, name="alert-dismiss"),
    path("alerts/<uuid:pk>/escalate/", alerts.escalate, name="alert-escalate"),
    path("reviews/", reviews.reviews, name="reviews"),
    path("reviews/<uuid:pk>/", reviews.review_page, name="review"),
    path("reviews/<uuid:pk>/claim/", reviews.claim, name="review-claim"),
    path("reviews/<uuid:pk>/release/", reviews.release, name="review-release"),
    path("reviews/<uuid:pk>/decide/", reviews.decide, name="review-decide"),
    path("rules/", rules.rules, name="rules"),
    path("rules/trend/", rules.trend_edit, name="trend-settings"),
    path("rules/<uuid:pk>/", rules.rule_edit, name="rule-edit"),
    path("notices/", notices.notices, name="notices"),
    path("help/", info.help_page, name="help"),
    path("model-card/", info.model_card, name="model-card"),
]
