"""Forms of the student, consent, roster and people pages. They ask and parse; the domain modules decide."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from operator import itemgetter
from typing import Any, TypeVar

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from students.consent_forms import MAX_BYTES as SIGNED_FORM_MAX_BYTES
from students.models import LAST_YEAR, NAME_LENGTH, NUMBER_LENGTH, AuditEvent, Purpose, Role, Student, User
from students.trail import vocabulary

T = TypeVar("T")


def attempt(form: forms.BaseForm, write: Callable[[], T]) -> T | None:
    """The result of ``write``; None if it refused, and then the form says why."""
    try:
        return write()
    except ValidationError as error:
        form.add_error(None, error)
        return None


class DayInput(forms.DateInput):
    """The browser's own calendar."""

    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class StudentForm(forms.Form):
    """A student's own record."""

    number = forms.CharField(label=_("Student number"), max_length=NUMBER_LENGTH)
    name = forms.CharField(label=_("Name"), max_length=NAME_LENGTH)
    programme = forms.CharField(label=_("Programme"), max_length=NAME_LENGTH, required=False)
    year = forms.IntegerField(label=_("Year of study"), min_value=1, max_value=LAST_YEAR, required=False)


class EraseForm(forms.Form):
    """The second step of an erasure."""

    confirmation = forms.CharField(
        label=_("Student number"),
        help_text=_("Type the number of this student to confirm."),
        max_length=64,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class CareForm(forms.Form):
    """Who is to care for a student."""

    counselor = forms.ModelChoiceField(label=_("Counsellor"), queryset=User.objects.none())

    def __init__(self, student: Student, data: Any = None) -> None:
        super().__init__(data)
        field = self.fields["counselor"]
        assert isinstance(field, forms.ModelChoiceField)  # noqa: S101  (for the type checker)
        field.queryset = (
            User.objects.filter(role=Role.COUNSELOR, is_active=True)
            .exclude(caseload__in=student.care.filter(until__isnull=True))
            .order_by("last_name", "first_name", "username")
        )


def _evidence_help() -> str:
    """Put together when it is shown: filling in the number earlier would fix the language."""
    return gettext("The signed form as PDF, PNG or JPEG, at most %(limit)d MB.") % {
        "limit": SIGNED_FORM_MAX_BYTES // 1024**2
    }


class ConsentForm(forms.Form):
    """What a student has agreed to, as a signed form says it."""

    purposes = forms.MultipleChoiceField(
        label=_("The student agrees to"), choices=Purpose.choices, widget=forms.CheckboxSelectMultiple
    )
    expires_on = forms.DateField(
        label=_("Last day"),
        required=False,
        widget=DayInput(),
        help_text=_("The consent holds to the end of this day. Leave it empty if none was agreed."),
    )
    evidence = forms.FileField(
        label=_("Evidence"),
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": ".pdf,.png,.jpg,.jpeg"}),
        help_text=lazy(_evidence_help, str)(),
    )


class RosterForm(forms.Form):
    """A CSV file of students."""

    file = forms.FileField(
        label=_("CSV file"),
        widget=forms.ClearableFileInput(attrs={"accept": ".csv,text/csv"}),
        help_text=_("At most 1 MB and 5000 rows, in UTF-8 or GB18030. The first line names the columns."),
    )


class PersonForm(forms.Form):
    """A user of the system."""

    username = forms.CharField(
        label=_("User name"), max_length=150, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    first_name = forms.CharField(label=_("First name"), max_length=150, required=False)
    last_name = forms.CharField(label=_("Last name"), max_length=150, required=False)
    email = forms.EmailField(label=_("Mail address"), required=False)
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices)


class LanguageForm(forms.Form):
    """The language of the pages."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)


class AuditFilterForm(forms.Form):
    """Narrows the audit trail."""

    action = forms.ChoiceField(label=_("Action"), required=False)
    who = forms.ChoiceField(label=_("Who"), required=False)
    since = forms.DateField(label=_("From"), required=False, widget=DayInput())
    until = forms.DateField(label=_("To"), required=False, widget=DayInput())
    student = forms.UUIDField(required=False, widget=forms.HiddenInput())

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        actions = AuditEvent.objects.order_by("action").values_list("action", flat=True).distinct()
        self._offer(
            "action", _("everything"), sorted(((code, vocabulary.action(code)) for code in actions), key=itemgetter(1))
        )
        people = [(str(person.pk), str(person)) for person in User.objects.order_by("last_name", "first_name", "pk")]
        self._offer("who", _("everybody"), [("system", str(_("the system"))), *people])

    def _offer(self, name: str, everything: str | Promise, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  (for the type checker)
        field.choices = [("", everything), *choices]

    def condition(self) -> dict[str, Any]:
        """The filter on ``AuditEvent`` rows; invalid fields are ignored."""
        self.is_valid()
        values = self.cleaned_data
        actor = values.get("who")
        lookups = {
            "action": values.get("action"),
            "actor__isnull": actor == "system",
            "actor": actor if actor != "system" else None,
            "student_ref": values.get("student"),
            "at__gte": _midnight(values.get("since")),
            "at__lt": _midnight(values.get("until"), days=1),
        }
        return {lookup: value for lookup, value in lookups.items() if value}


def _midnight(day: date | None, *, days: int = 0) -> datetime | None:
    """The start of a day in the site's time zone, or of the one ``days`` later."""
    if day is None:
        return None
    return timezone.make_aware(datetime.combine(day + timedelta(days=days), time.min))
