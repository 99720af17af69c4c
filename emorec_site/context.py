"""What every template may use."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    """Name of the product, the languages on offer and the current request id."""
    from emorec_site.middleware import request_id

    return {"SITE_NAME": settings.SITE_NAME, "LANGUAGES_ON_OFFER": settings.LANGUAGES, "REQUEST_ID": request_id.get()}
