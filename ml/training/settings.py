"""Options of a run given as text: ``mixup=0.2``."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import TypeVar

Options = TypeVar("Options")


def with_settings(options: Options, settings: Sequence[str]) -> Options:
    """A copy of the options dataclass with fields replaced.

    Args:
        options: its numbers and texts may be set.
        settings: each NAME=VALUE, the value written as the present one's type asks.

    Raises:
        ValueError: not of that form, no such field, or no such number.
    """
    changed = {}
    allowed = {each.name: getattr(options, each.name) for each in fields(options)}  # type: ignore[arg-type]
    for setting in settings:
        name, found, text = setting.partition("=")
        present = allowed.get(name)
        if not found or not isinstance(present, int | float | str):
            names = ", ".join(key for key, value in allowed.items() if isinstance(value, int | float | str))
            raise ValueError(f"a setting is written NAME=VALUE with a name out of {names}, not {setting!r}")
        try:
            changed[name] = type(present)(text)
        except ValueError:
            raise ValueError(f"{name} must be a number like {present}, not {text!r}") from None
    return replace(options, **changed)  # type: ignore[type-var]
