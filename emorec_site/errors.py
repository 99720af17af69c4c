"""The page for unexpected errors: it shows the request id, which the log has too."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from emorec_site.middleware import request_id


def server_error(request: HttpRequest) -> HttpResponse:
    """500, without touching session or database, which may be the very thing that failed."""
    return render(None, "500.html", {"REQUEST_ID": request_id.get(), "SITE_NAME": "EmoRec"}, status=500)
