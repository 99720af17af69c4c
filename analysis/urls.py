"""Addresses of the pages about recordings, alerts and reviews."""

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
