"""Signing in and out, and a user's own account: language, password, API tokens."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth import views as auth_views
from django.contrib.auth.forms import PasswordChangeForm, SetPasswordForm
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import set_language as django_set_language
from knox.models import AuthToken

from students import audit
from students.access import Action, door, signed_in
from students.forms import LanguageForm
from students.models import User
from students.people import MAX_TOKENS, NewToken, token_create
from students.people import password_set as password_set_done
from students.people import token_revoke as revoke

# --- in and out -------------------------------------------------------------------------------------------------------


class LoginView(auth_views.LoginView):
    """Sign-in. A wrong password, an unknown name and a deactivated user read the same; axes counts the attempts."""

    redirect_authenticated_user = True

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        audit.record("session.start", actor=form.get_user())
        return response


class PasswordSetView(auth_views.PasswordResetConfirmView):
    """Where a one-time link leads. The token moves from the address into the session before anything is shown."""

    template_name = "registration/password_set.html"
    success_url = reverse_lazy("login")

    def get_user(self, uidb64: str) -> User | None:
        user = super().get_user(uidb64)
        return user if user is not None and user.is_active else None

    def form_valid(self, form: "SetPasswordForm[User]") -> HttpResponse:
        response = super().form_valid(form)
        password_set_done(form.user)
        messages.success(self.request, _("Your password is set. Sign in with it."))
        return response


login = LoginView.as_view()
password_set = PasswordSetView.as_view()


@require_POST
def logout(request: HttpRequest) -> HttpResponseBase:
    """Ends the session; one that had already run out is no error."""
    if isinstance(request.user, User):
        audit.record("session.end", actor=request.user)
    return auth_views.LogoutView.as_view()(request)


@require_POST
def set_language(request: HttpRequest) -> HttpResponseBase:
    """Switches the language of the pages, signed in or not; for a user it is remembered."""
    form = LanguageForm(request.POST)
    if isinstance(request.user, User) and form.is_valid():
        request.user.language = form.cleaned_data["language"]
        request.user.save(update_fields=["language"])
    return django_set_language(request)


# --- account ----------------------------------------------------------------------------------------------------------


def _page(
    request: HttpRequest, *, password_form: PasswordChangeForm | None = None, new_token: NewToken | None = None
) -> HttpResponse:
    user = signed_in(request)
    password_form = password_form or PasswordChangeForm(user)
    # The page has other parts; the browser must not jump to this one when it opens.
    password_form.fields["old_password"].widget.attrs.pop("autofocus", None)
    context = {
        "language_form": LanguageForm(initial={"language": user.language or settings.LANGUAGE_CODE}),
        "password_form": password_form,
        "tokens": AuthToken.objects.filter(user=user).order_by("-created"),
        "max_tokens": MAX_TOKENS,
        "new_token": new_token,
    }
    return render(request, "students/account.html", context)


@door(Action.ACCOUNT)
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """A user's own account."""
    return _page(request)


@door(Action.ACCOUNT)
@require_POST
def password_change(request: HttpRequest) -> HttpResponse:
    """Changes the user's own password; their other sessions and their tokens end."""
    user = signed_in(request)
    form = PasswordChangeForm(user, request.POST)
    if not form.is_valid():
        return _page(request, password_form=form)
    form.save()
    password_set_done(user)
    update_session_auth_hash(request, user)
    messages.success(request, _("Your password was changed. Other sessions and API tokens have ended."))
    return redirect("account")


@door(Action.ACCOUNT)
@require_POST
@never_cache
def token_new(request: HttpRequest) -> HttpResponse:
    """Makes an API token and shows it, once: it is part of this answer and stored nowhere, so there is no redirect."""
    try:
        token = token_create(signed_in(request))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("account")
    return _page(request, new_token=token)


@door(Action.ACCOUNT)
@require_POST
def token_revoke(request: HttpRequest) -> HttpResponse:
    """Revokes one of the user's own tokens."""
    if revoke(signed_in(request), request.POST.get("token_key", "")):
        messages.success(request, _("The token was revoked."))
    return redirect("account")
