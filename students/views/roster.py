"""Import and export of students as CSV.

The uploaded bytes wait in the administrator's session (server side) between preview and confirmation; the browser
sends back only the digest of the preview it showed.
"""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from students import audit, roster, waiting_file
from students.access import Action, door, scoped, signed_in
from students.forms import RosterForm, attempt
from students.models import Student

SESSION_KEY = "roster"


@door(Action.STUDENT_MANAGE)
def roster_import(request: HttpRequest) -> HttpResponse:
    """Takes a CSV file and leads to its preview."""
    form = RosterForm(request.POST or None, request.FILES or None)
    if form.is_valid():
        data = form.cleaned_data["file"].read(roster.MAX_BYTES + 1)
        if attempt(form, lambda: roster.roster_read(data)) is not None:
            waiting_file.keep(request, SESSION_KEY, data)
            return redirect("roster-preview")
    context = {"form": form, "headers": {name: sorted(heads) for name, heads in roster.HEADERS.items()}}
    return render(request, "students/roster_import.html", context)


@door(Action.STUDENT_MANAGE)
@never_cache
def roster_preview(request: HttpRequest) -> HttpResponse:
    """Shows what the stored file would do; a POST with the digest of that preview does it, or discards the file."""
    data = waiting_file.kept(request, SESSION_KEY)
    if data is None:
        messages.warning(request, _("There is no file waiting. Choose it again."))
        return redirect("roster-import")
    if request.method == "POST" and "discard" in request.POST:
        waiting_file.forget(request, SESSION_KEY)
        messages.info(request, _("Nothing was imported."))
        return redirect("roster-import")
    if request.method == "POST":
        return _confirm(request, data)
    return render(request, "students/roster_preview.html", {"preview": roster.roster_preview(data)})


def _confirm(request: HttpRequest, data: bytes) -> HttpResponse:
    try:
        counts = roster.roster_import(data, by=signed_in(request), digest=request.POST.get("digest", ""))
    except roster.PreviewOutdatedError:
        messages.warning(
            request, _("The student records have changed since the preview. Nothing was imported; look at it again.")
        )
        return redirect("roster-preview")
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("roster-preview")
    waiting_file.forget(request, SESSION_KEY)
    total = counts["create"] + counts["update"]
    messages.success(request, ngettext("%d student was written.", "%d students were written.", total) % total)
    return redirect("students")


@door(Action.STUDENT_MANAGE)
@require_safe
@never_cache
def roster_export(request: HttpRequest) -> HttpResponseBase:
    """All students as a CSV file; that it was taken is written to the audit trail."""
    students = scoped(request.user, Action.STUDENT_MANAGE, Student.objects.all(), student="")
    body = "".join(roster.roster_export(students))
    audit.record("roster.export", actor=signed_in(request), students=students.count())
    response = HttpResponse(body, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="students-{timezone.localdate():%Y-%m-%d}.csv"'
    return response
