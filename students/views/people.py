"""The users of the system, for administrators."""

import logging
import smtplib
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from students import people as domain
from students.access import Action, door, signed_in
from students.forms import PersonForm, attempt
from students.models import User

logger = logging.getLogger(__name__)


def _person(pk: UUID) -> User:
    """Users belong to no student, so the role alone decides (``door``); an unknown one is 404 like any other."""
    person = User.objects.filter(pk=pk).first()
    if person is None:
        raise Http404
    return person


@door(Action.PEOPLE_MANAGE)
@require_safe
def people(request: HttpRequest) -> HttpResponse:
    """Every user, active or not."""
    users = User.objects.order_by("-is_active", "role", "last_name", "first_name", "username")
    return render(request, "students/people.html", {"people": users})


@door(Action.PEOPLE_MANAGE)
def person_new(request: HttpRequest) -> HttpResponse:
    """Writes a new user."""
    form = PersonForm(request.POST or None)
    if form.is_valid():
        person = attempt(form, lambda: domain.user_create(by=signed_in(request), **form.cleaned_data))
        if person is not None:
            messages.success(request, _("The person was added. Next, make a link with which they set a password."))
            return redirect("person-edit", person.pk)
    return render(request, "students/person_form.html", {"form": form})


@door(Action.PEOPLE_MANAGE)
def person_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Changes a user's names, mail address or role."""
    person = _person(pk)
    form = PersonForm(request.POST or None, initial={name: getattr(person, name) for name in domain.PROFILE_FIELDS})
    if form.is_valid():
        changed = attempt(form, lambda: domain.user_update(person, by=signed_in(request), **form.cleaned_data))
        if changed is not None:
            messages.success(request, _("The changes were saved."))
            return redirect("people")
    return _page(request, person, form=form)


@door(Action.PEOPLE_MANAGE)
@require_POST
def person_status(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Deactivates or activates a user, as ``active`` says."""
    person = _person(pk)
    try:
        if request.POST.get("active") == "yes":
            domain.user_activate(person, by=signed_in(request))
            messages.success(request, _("The person is active again. Make a link with which they set a password."))
        else:
            domain.user_deactivate(person, by=signed_in(request))
            messages.success(request, _("The person was deactivated; sessions, tokens and assignments have ended."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("person-edit", person.pk)


@door(Action.PEOPLE_MANAGE)
@require_POST
@never_cache
def person_password(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Makes a one-time link for setting a password: mails it, or shows it in this answer only (so no redirect)."""
    person = _person(pk)
    try:
        link = domain.password_link(person, by=signed_in(request))
        if "mail" not in request.POST:
            return _page(request, person, link=link)
        domain.password_link_mail(person, link)
        messages.success(request, _("The link is on its way by mail."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except (OSError, smtplib.SMTPException):
        logger.exception("a password link could not be mailed")
        messages.error(request, _("The mail could not be sent. Show the link instead and hand it over yourself."))
    return redirect("person-edit", person.pk)


def _page(
    request: HttpRequest, person: User, *, form: PersonForm | None = None, link: str | None = None
) -> HttpResponse:
    initial = {name: getattr(person, name) for name in domain.PROFILE_FIELDS}
    context = {
        "form": form or PersonForm(initial=initial),
        "person": person,
        "link": link,
        "open_care": domain.open_care(person),
    }
    return render(request, "students/person_form.html", context)
