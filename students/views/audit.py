"""The audit trail: who did what, when, and to whose record."""

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from students.access import Action, door, scoped
from students.forms import AuditFilterForm
from students.models import AuditEvent, Student

PAGE_SIZE = 50


@door(Action.AUDIT_VIEW)
@require_safe
def trail(request: HttpRequest) -> HttpResponse:
    """The events, newest first, narrowed by action, days or student. A student is a link, never a name."""
    form = AuditFilterForm(request.GET)
    events = AuditEvent.objects.filter(**form.condition()).select_related("actor")
    page = Paginator(events, PAGE_SIZE).get_page(request.GET.get("page"))
    refs = {event.student_ref for event in page if event.student_ref}
    visible = scoped(request.user, Action.STUDENT_VIEW, Student.objects.filter(pk__in=refs), student="")
    query = request.GET.copy()
    query.pop("page", None)
    context = {
        "form": form,
        "page": page,
        "query": query.urlencode(),
        "reachable": set(visible.values_list("pk", flat=True)),
    }
    return render(request, "students/audit.html", context)
