"""Wiring: settings, addresses, Celery, system checks, static assets. Decisions live in the apps."""

from emorec_site.celery import app as celery_app

__all__ = ["celery_app"]
