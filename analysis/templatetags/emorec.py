"""What the templates need beyond Django: menu, icons, form fields, and numbers in words."""

from dataclasses import dataclass, field
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField
from django.template.context import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from analysis.emotions import LABELS
from analysis.models import Notice
from students.access import Action, allowed
from students.models import User

register = template.Library()


@dataclass
class Entry:
    """One entry of the menu, ready for the template."""

    label: str | Promise
    icon: str
    url: str = ""
    active: bool = False
    children: list["Entry"] = field(default_factory=list)


@dataclass(frozen=True)
class Plan:
    """One entry of the menu as planned: where it leads, whom it is for, and which pages light it up."""

    label: str | Promise
    icon: str
    name: str
    action: Action
    pages: tuple[str, ...] = ()


MENU = (
    Plan(_("Start"), "home", "home", Action.ACCOUNT),
    Plan(_("Students"), "users", "students", Action.STUDENT_VIEW, ("student", "roster")),
    Plan(_("Upload"), "upload", "upload", Action.RECORDING_UPLOAD),
    Plan(_("Recordings"), "video", "recordings", Action.RECORDING_VIEW, ("recording",)),
    Plan(_("Alerts"), "flag", "alerts", Action.ALERT_VIEW, ("alert",)),
    Plan(_("Reviews"), "clipboard", "reviews", Action.REVIEW_VIEW, ("review",)),
)
ADMINISTRATION = (
    Plan(_("People"), "id", "people", Action.PEOPLE_MANAGE, ("person",)),
    Plan(_("Alert rules"), "rules", "rules", Action.RULES_MANAGE, ("rule",)),
    Plan(_("Import students"), "table", "roster-import", Action.STUDENT_MANAGE),
    Plan(_("Audit trail"), "history", "audit", Action.AUDIT_VIEW),
)


def _entry(plan: Plan, current: str) -> Entry:
    active = current == plan.name or current.split("-")[0] in plan.pages
    return Entry(plan.label, plan.icon, reverse(plan.name), active)


@register.simple_tag(takes_context=True)
def navigation(context: Context) -> list[Entry]:
    """The menu of the signed-in user, by what their role may do."""
    request = context["request"]
    current = (request.resolver_match.url_name or "") if request.resolver_match else ""
    entries = [_entry(plan, current) for plan in MENU if allowed(request.user, plan.action)]
    children = [_entry(plan, current) for plan in ADMINISTRATION if allowed(request.user, plan.action)]
    if children:
        active = any(child.active for child in children)
        entries.append(Entry(_("Administration"), "settings", active=active, children=children))
    return entries


@register.simple_tag(takes_context=True)
def unread_notices(context: Context) -> int:
    """How many notices the signed-in user has not read."""
    return Notice.objects.filter(user=context["request"].user, read_at__isnull=True).count()


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon of the sprite; decoration only, so screen readers skip it."""
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("vendor/icons.svg"), name
    )


@register.filter
def initials(user: User) -> str:
    """Two letters for the avatar."""
    letters = (user.first_name[:1] + user.last_name[:1]) or user.username[:2]
    return letters.upper()


@register.filter
def is_checkbox(bound: BoundField) -> bool:
    """Whether the field is a single tick box, whose label stands behind it."""
    return isinstance(bound.field.widget, forms.CheckboxInput)


@register.filter
def styled(bound: BoundField) -> SafeString:
    """The field's widget with the classes of the design and its error state."""
    widget = bound.field.widget
    if isinstance(widget, forms.CheckboxInput | forms.RadioSelect | forms.CheckboxSelectMultiple):
        style = "form-check-input"
    elif isinstance(widget, forms.Select):
        style = "form-select"
    else:
        style = "form-control"
    if bound.errors:
        style += " is-invalid"
    return bound.as_widget(attrs={"class": f"{widget.attrs.get('class', '')} {style}".strip()})


@register.filter
def emotion_label(name: str | None) -> str:
    """The emotion's name in the reader's language; a gap says so."""
    return str(LABELS[name]) if name in LABELS else gettext("not judged")


@register.filter
def percent(share: Any) -> str:
    """A share of 1 as whole per cent; a dash for none."""
    return "–" if share is None else f"{100 * float(share):.0f} %"


@register.filter
def clock(seconds: float | None) -> str:
    """Seconds as m:ss or h:mm:ss, as a video player shows them; a dash for none."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


@register.filter
def spoken_duration(seconds: float | None) -> str:
    """A duration in words, to the minute above one minute; a dash for none."""
    if seconds is None:
        return "–"
    if seconds < 60:
        return ngettext("%d second", "%d seconds", round(seconds)) % round(seconds)
    minutes = round(seconds / 60)
    return ngettext("%d minute", "%d minutes", minutes) % minutes
