"""Options of a run given as text: ``mixup=0.2``."""

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any, TypeVar

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
    present = {each.name: getattr(options, each.name) for each in fields(options)}  # type: ignore[arg-type]
    allowed = {name: value for name, value in present.items() if _settable(value)}
    for setting in settings:
        name, separator, text = setting.partition("=")
        if not separator or name not in allowed:
            raise ValueError(
                f"a setting is written NAME=VALUE with a name out of {', '.join(allowed)}, not {setting!r}"
            )
        try:
            changed[name] = type(allowed[name])(text)
        except ValueError:
            raise ValueError(f"{name} must be a number like {allowed[name]}, not {text!r}") from None
    return replace(options, **changed)  # type: ignore[type-var]


def _settable(value: Any) -> bool:
    return isinstance(value, int | float | str) and not isinstance(value, bool)
