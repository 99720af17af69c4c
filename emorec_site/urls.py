"""Addresses. Each app brings its own; every one of them passes through ``students.access``."""

from django.urls import URLPattern, URLResolver, include, path

from emorec_site import health

handler500 = "emorec_site.errors.server_error"

urlpatterns: list[URLPattern | URLResolver] = [
    path("", include("analysis.urls")),
    path("", include("students.urls")),
    path("api/v1/", include("analysis.api.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
