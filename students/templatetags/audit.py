"""The audit trail in words, for its page."""

from django import template

from students import audit_words

register = template.Library()
register.filter("action_words", audit_words.action_words)
register.filter("detail_words", audit_words.detail_words)
