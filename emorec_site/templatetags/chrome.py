"""What every page is framed with: the menu, the bell, the icons, the avatar."""

from dataclasses import dataclass, field

from django import template
from django.template.context import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

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
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"/></svg>', static("built/icons.svg"), name
    )


@register.filter
def initials(user: User) -> str:
    """Two letters for the avatar."""
    letters = (user.first_name[:1] + user.last_name[:1]) or user.username[:2]
    return letters.upper()
