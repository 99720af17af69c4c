"""The audit trail in words. The codes are what is stored and searched; only the page shows these.

Every app that writes events owns the words for them, in a module ``audit_words`` that adds them to ``vocabulary``;
``StudentsConfig`` loads those modules when Django has started. A code without words is shown as it is: a trail
outlives the code that wrote it.
"""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db.models import TextChoices
from django.utils.functional import Promise
from django.utils.translation import gettext

Words = Mapping[str, str | Promise]


def choices(of: type[TextChoices]) -> Words:
    """Code to label of a model's choices."""
    return {str(value): label for value, label in of.choices}


class Vocabulary:
    """The words of all apps.

    Attributes:
        actions: action to what was done.
        names: name of a detail to what it is called; an app may use the names of the apps below it.
        values: name of a detail to the words for its codes.
    """

    def __init__(self) -> None:
        self.actions: dict[str, str | Promise] = {}
        self.names: dict[str, str | Promise] = {}
        self.values: dict[str, Words] = {}

    def add(self, *, actions: Words, names: Words, values: Mapping[str, Words]) -> None:
        """Takes in the words of one app.

        Raises:
            ImproperlyConfigured: another app has words for the same code.
        """
        for words, new_words in ((self.actions, actions), (self.names, names), (self.values, values)):
            if twice := words.keys() & new_words.keys():
                raise ImproperlyConfigured(f"two apps have words in the audit trail for {', '.join(sorted(twice))}")
        self.actions.update(actions)
        self.names.update(names)
        self.values.update(values)

    def action(self, action: str) -> str:
        """What was done, in the reader's language."""
        return str(self.actions.get(action, action))

    def details(self, detail: Mapping[str, Any]) -> list[str]:
        """The details of an event, each as "name: value" in the reader's language, unless it has no value."""
        pairs = ((name, value) for name, value in detail.items() if value is not None)
        return [f"{self.names.get(name, name)}: {self._value(name, value)}" for name, value in pairs]

    def _value(self, name: str, value: Any) -> str:
        words = self.values.get(name, {})
        if isinstance(value, bool):
            return gettext("yes") if value else gettext("no")
        if isinstance(value, dict):
            keys = [*(key for key in words if key in value), *(key for key in value if key not in words)]
            return ", ".join(f"{words.get(key, key)} {value[key]}" for key in keys)
        if isinstance(value, list):
            return ", ".join(str(words.get(str(item), item)) for item in value)
        return str(words.get(str(value), value))


vocabulary = Vocabulary()
"""What the apps of this project have added."""
