"""What a student agreed to: state, history, granting, withdrawing, evidence."""

from uuid import UUID

from django.contrib import messages
from django.core.files.base import ContentFile
from django.db import transaction
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from students import audit, consent, consent_forms
from students.access import Action, allowed, door, fetch, fetch_student, signed_in
from students.consent_wording import TEXTS
from students.forms import ConsentForm, attempt
from students.models import Consent, Purpose, Student, User

# What a withdrawal deletes, in plain words. The deleting itself is done by those who answer ``consent_ended``.
CONSEQUENCES = {
    Purpose.RECORDING: gettext_lazy(
        "All recordings of this student are deleted, with everything that was analysed from them. "
        "An analysis that is running stops."
    ),
    Purpose.VOICE: gettext_lazy(
        "Every analysis that used the voice is deleted, with the numbers kept to compare the sessions, and one that is "
        "running stops. The recordings stay; they are analysed anew from the face alone, as far as the student agrees "
        "to that."
    ),
    Purpose.FACE: gettext_lazy(
        "Every analysis that used the face is deleted, with the numbers kept to compare the sessions, and one that is "
        "running stops. The recordings stay; they are analysed anew from the voice alone, as far as the student agrees "
        "to that."
    ),
    Purpose.TRANSCRIPT: gettext_lazy(
        "Everything that was written down of what is said in the recordings is deleted. Recordings and results stay."
    ),
    Purpose.RESEARCH: gettext_lazy(
        "From now on nothing of this student may be used in research. Recordings and results stay for counselling."
    ),
}


@door(Action.CONSENT_VIEW)
@require_safe
def student_consents(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The state of every purpose, and how it came about."""
    student = fetch_student(request.user, Action.CONSENT_VIEW, pk)
    context = {
        "student": student,
        "states": consent.consent_states(student),
        "history": student.consents.select_related("granted_by", "ended_by"),
        "may_grant": allowed(request.user, Action.CONSENT_GRANT),
        "may_withdraw": allowed(request.user, Action.CONSENT_WITHDRAW),
    }
    return render(request, "students/consents.html", context)


@door(Action.CONSENT_GRANT)
def consent_grant(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Records what a student has agreed to: one form on paper, one or more purposes."""
    student = fetch_student(request.user, Action.CONSENT_GRANT, pk)
    initial = {"purposes": [value for value in request.GET.getlist("purpose") if value in Purpose.values]}
    form = ConsentForm(request.POST or None, request.FILES or None, initial=initial)
    if form.is_valid() and attempt(form, lambda: _grant(student, form, by=signed_in(request))) is not None:
        messages.success(request, _("The consent was recorded."))
        return redirect("student-consents", student.pk)
    context = {"form": form, "student": student, "texts": list(TEXTS.items())}
    return render(request, "students/consent_form.html", context)


@transaction.atomic
def _grant(student: Student, form: ConsentForm, *, by: User) -> list[Consent]:
    """Grants every purpose ticked, each with its own copy of the evidence: each may be erased by itself."""
    values = form.cleaned_data
    upload = values["evidence"]
    content = upload.read(consent_forms.MAX_BYTES + 1) if upload else b""
    return [
        consent.consent_grant(
            student,
            by=by,
            purpose=purpose,
            expires_on=values["expires_on"],
            evidence=ContentFile(content, name=upload.name) if upload else None,
        )
        for purpose in values["purposes"]
    ]


@door(Action.CONSENT_WITHDRAW)
def consent_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Says in plain words what a withdrawal deletes, and withdraws."""
    consent_row = fetch(
        request.user, Action.CONSENT_WITHDRAW, Consent.objects.select_related("student").filter(ended_at=None), pk
    )
    if request.method == "POST":
        consent.consent_withdraw(consent_row, by=signed_in(request))
        messages.success(request, _("The consent was withdrawn."))
        return redirect("student-consents", consent_row.student_id)
    context = {
        "consent": consent_row,
        "student": consent_row.student,
        "consequence": CONSEQUENCES[Purpose(consent_row.purpose)],
    }
    return render(request, "students/consent_withdraw.html", context)


@door(Action.CONSENT_VIEW)
@require_safe
@never_cache
def consent_evidence(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The evidence file, for download only: the browser neither shows it nor guesses its type."""
    consent_row = fetch(request.user, Action.CONSENT_VIEW, Consent.objects.exclude(evidence=""), pk)
    try:
        file = consent_row.evidence.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    audit.record(
        "consent.evidence",
        actor=signed_in(request),
        student=consent_row.student_id,
        object_type="consent",
        object_ref=consent_row.pk,
    )
    response = FileResponse(
        file, as_attachment=True, filename=consent_row.evidence_name, content_type=consent_row.evidence_type
    )
    response["X-Content-Type-Options"] = "nosniff"
    return response
