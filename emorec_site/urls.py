"""Addresses. Each app brings its own; every one of them passes through ``students.access``."""

from django.urls import URLPattern, URLResolver

urlpatterns: list[URLPattern | URLResolver] = []
