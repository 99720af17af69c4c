"""The audit trail in words, for its page."""

from collections.abc import Mapping
from typing import Any

from django import template

from students.trail import vocabulary

register = template.Library()


@register.filter
def action_words(action: str) -> str:
    """What was done."""
    return vocabulary.action(action)


@register.filter
def detail_words(detail: Mapping[str, Any]) -> list[str]:
    """An event's details, each as "name: value"."""
    return vocabulary.details(detail)
