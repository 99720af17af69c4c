"""Addresses below ``/api/v1/``. They are a contract: scripts of other people rely on them."""

from django.urls import path, re_path

from analysis.api import account, alerts, door, recordings, results, reviews, rules, schema, stretches, students, tus

urlpatterns = [
    path("me/", account.MeView.as_view(), name="api-me"),
    path("me/token/", account.OwnTokenView.as_view(), name="api-own-token"),
    path("token/", account.TokenView.as_view(), name="api-token"),
    path("students/", students.StudentsView.as_view(), name="api-students"),
    path("students/<uuid:pk>/", students.StudentView.as_view(), name="api-student"),
    path("students/<uuid:pk>/consents/", students.ConsentsView.as_view(), name="api-consents"),
    path("students/<uuid:pk>/trend/", results.TrendView.as_view(), name="api-trend"),
    path("consents/<uuid:pk>/withdraw/", students.ConsentWithdrawView.as_view(), name="api-consent-withdraw"),
    path("recordings/", recordings.RecordingsView.as_view(), name="api-recordings"),
    path("recordings/<uuid:pk>/", recordings.RecordingView.as_view(), name="api-recording"),
    path("recordings/<uuid:pk>/cancel/", recordings.RecordingCancelView.as_view(), name="api-recording-cancel"),
    path("recordings/<uuid:pk>/repeat/", recordings.RecordingRepeatView.as_view(), name="api-recording-repeat"),
    path("recordings/<uuid:pk>/segments/", results.SegmentsView.as_view(), name="api-segments"),
    path("recordings/<uuid:pk>/corrections/", results.CorrectionsView.as_view(), name="api-corrections"),
    path("recordings/<uuid:pk>/stretches/", stretches.StretchesView.as_view(), name="api-stretches"),
    path("recordings/<uuid:pk>/stretches/<uuid:stretch>/", stretches.StretchView.as_view(), name="api-stretch"),
    path("alerts/", alerts.AlertsView.as_view(), name="api-alerts"),
    path("alerts/<uuid:pk>/", alerts.AlertView.as_view(), name="api-alert"),
    path("alerts/<uuid:pk>/acknowledge/", alerts.AlertAcknowledgeView.as_view(), name="api-alert-acknowledge"),
    path("alerts/<uuid:pk>/dismiss/", alerts.AlertDismissView.as_view(), name="api-alert-dismiss"),
    path("alerts/<uuid:pk>/escalate/", alerts.AlertEscalateView.as_view(), name="api-alert-escalate"),
    path("reviews/", reviews.ReviewsView.as_view(), name="api-reviews"),
    path("reviews/<uuid:pk>/", reviews.ReviewView.as_view(), name="api-review"),
    path("reviews/<uuid:pk>/claim/", reviews.ReviewClaimView.as_view(), name="api-review-claim"),
    path("reviews/<uuid:pk>/decide/", reviews.ReviewDecideView.as_view(), name="api-review-decide"),
    path("rules/", rules.RulesView.as_view(), name="api-rules"),
    path("rules/<uuid:pk>/", rules.RuleView.as_view(), name="api-rule"),
    path("trend-settings/", rules.TrendSettingsView.as_view(), name="api-trend-settings"),
    path("uploads/", tus.UploadsView.as_view(), name="api-uploads"),
    path("uploads/<uuid:pk>/", tus.UploadView.as_view(), name="api-upload"),
    path("schema/", schema.SchemaView.as_view(), name="api-schema"),
    re_path(r"^.*$", door.NothingHere.as_view(), name="api-nothing"),
]
