"""What several views need: paging, outcome messages, and the audit of looking at results."""

import uuid
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme

from analysis.errors import Refused
from students import audit
from students.access import Action, scoped, signed_in
from students.models import Student, User

PER_PAGE = 25


def page_of(request: HttpRequest, rows: QuerySet[Any] | list[Any], per_page: int = PER_PAGE) -> Page[Any]:
    """The page that the request asks for; a page that does not exist becomes the nearest one that does."""
    number = request.POST.get("page") or request.GET.get("page")
    return Paginator(rows, per_page).get_page(number)


def permits(user: User, action: Action, student: Student) -> bool:
    """Whether the user may do this for this student."""
    return scoped(user, action, Student.objects.filter(pk=student.pk), student="").exists()


def results_viewed(request: HttpRequest, student: Student, object_type: str, object_ref: uuid.UUID) -> None:
    """Writes, once per request, that the user looked at what was recognised in this student."""
    audit.results_viewed(signed_in(request), object_type, object_ref, student=student)


def back(request: HttpRequest, fallback: str, *args: Any) -> HttpResponseRedirect:
    """To the page named by the form's ``next`` if it is one of ours, else to the named address."""
    next_address = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(next_address, {request.get_host()}, require_https=request.is_secure()):
        return HttpResponseRedirect(next_address)
    return redirect(fallback, *args)


def carry_out(request: HttpRequest, write: Callable[[], object], success: str) -> bool:
    """Calls ``write`` and shows ``success``; if it is refused, shows why and what to do next. True if it was done."""
    try:
        write()
    except Refused as refused:
        messages.warning(request, f"{refused.problem.sentence} {refused.problem.next_step}")
        return False
    messages.success(request, success)
    return True


def no_store(response: HttpResponse) -> HttpResponse:
    """Keeps a page with personal data out of every cache, the browser's too."""
    response["Cache-Control"] = "no-store"
    return response
