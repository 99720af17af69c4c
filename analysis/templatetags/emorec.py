"""What the templates need beyond Django: menu, icons, form fields, and numbers in words."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django import forms, template
from django.forms.boundfield import BoundField, BoundWidget
from django.template.context import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from analysis import wording
from analysis.emotions import LABELS
from analysis.models import Notice
from students.access import Action, allowed
from students.models import Consent, User

register = template.Library()

SPARK_WIDTH, SPARK_HEIGHT = 120, 24


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
    Plan(_("Students"), "users", "students", Action.STUDENT_VIEW, ("student",)),
    Plan(_("Upload"), "upload", "upload", Action.RECORDING_UPLOAD),
    Plan(_("Recordings"), "video", "recordings", Action.RECORDING_VIEW, ("recording",)),
    Plan(_("Alerts"), "flag", "alerts", Action.ALERT_VIEW, ("alert",)),
    Plan(_("Reviews"), "clipboard-check", "reviews", Action.REVIEW_VIEW, ("review",)),
)
ADMINISTRATION = (
    Plan(_("People"), "id", "people", Action.PEOPLE_MANAGE, ("person",)),
    Plan(_("Alert rules"), "list-check", "rules", Action.RULES_MANAGE, ("rule",)),
    Plan(_("Import students"), "table", "roster-import", Action.STUDENT_MANAGE),
    Plan(_("Audit trail"), "history", "audit", Action.AUDIT_VIEW),
)


def _entry(plan: Plan, current: str) -> Entry:
    active = current == plan.name or current.split("-", maxsplit=1)[0] in plan.pages
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
def unread_notices(context: Context) -> int | None:
    """How many notices the signed-in user has not read; None for those who get none."""
    if not allowed(context["request"].user, Action.ALERT_VIEW):
        return None
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
def options(bound: BoundField) -> list[BoundWidget]:
    """The radio buttons or tick boxes of a field one by one, each to stand in a label of its own."""
    bound.field.widget.attrs["class"] = "form-check-input"
    return list(bound)


@register.filter
def styled(bound: BoundField) -> SafeString:
    """The field's widget with the classes of the design and its error state."""
    widget = bound.field.widget
    if isinstance(widget, forms.CheckboxInput):
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
def percent(share: float | str | None) -> str:
    """A share of 1 as whole per cent; a dash for none, which a template passes on as an empty string."""
    return "–" if share is None or share == "" else wording.percent(float(share)).replace(" ", "\u00a0")


@register.filter
def clock(seconds: float | None) -> str:
    """Seconds as a video player shows them; a dash for none."""
    return "–" if seconds is None else wording.clock(seconds)


@register.filter
def duration(seconds: float | None) -> str:
    """A duration in words; a dash for none."""
    return "–" if seconds is None else wording.duration(seconds)


@register.filter
def item(mapping: dict[str, Any], key: str) -> Any:
    """The entry of a dictionary under a key that is only known here."""
    return mapping.get(key)


@register.filter
def unlocalised(number: float) -> str:
    """A number for an address or a script: with a point, whatever the language."""
    return f"{number:g}"


@register.simple_tag
def purposes(consents: Iterable[Consent]) -> frozenset[str]:
    """What these consents cover."""
    return frozenset(consent.purpose for consent in consents)


@register.simple_tag
def sparkline(values: Iterable[float | None], label: str) -> SafeString:
    """A word-sized line of shares (0-1), oldest first, with its newest point marked; ``label`` says it in words.

    A session without a value interrupts the line. One value alone is a dot.
    """
    points = [(index, value) for index, value in enumerate(values)]
    known = [(index, value) for index, value in points if value is not None]
    if not known:
        return SafeString("")
    step = SPARK_WIDTH / max(1, len(points) - 1)
    place = [(round(4 + index * step, 1), round(4 + (1 - value) * SPARK_HEIGHT, 1)) for index, value in known]
    joined = [place[:1]]
    for before, after, spot in zip(known, known[1:], place[1:], strict=False):
        if after[0] == before[0] + 1:
            joined[-1].append(spot)
        else:
            joined.append([spot])
    lines = format_html_join(
        "", '<polyline points="{}"/>', ((" ".join(f"{x},{y}" for x, y in part),) for part in joined if len(part) > 1)
    )
    return format_html(
        '<svg class="sparkline" viewBox="0 0 {} {}" role="img" aria-label="{}">{}<circle cx="{}" cy="{}" r="3"/></svg>',
        SPARK_WIDTH + 8,
        SPARK_HEIGHT + 8,
        label,
        lines,
        *place[-1],
    )
