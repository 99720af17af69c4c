"""What the signed-in person was told."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from analysis.alerts.notices import notices_read
from analysis.models import Alert, Notice
from analysis.views.common import no_store, page_of
from students import audit
from students.access import Action, door, scoped, signed_in


@door(Action.ALERT_VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def notices(request: HttpRequest) -> HttpResponse:
    """The notices of alerts one may still see; POST marks all of them as read."""
    user = signed_in(request)
    if request.method == "POST":
        notices_read(user)
        messages.success(request, _("All notices are marked as read."))
        return redirect("notices")
    visible = scoped(user, Action.ALERT_VIEW, Alert.objects.all())
    rows = Notice.objects.filter(user=user, alert__in=visible).select_related("alert__student")
    page = page_of(request, rows)
    audit.results_viewed(user, "notices", count=len(page.object_list))
    return no_store(render(request, "analysis/notices/list.html", {"page": page}))
