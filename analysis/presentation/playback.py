"""Whether a browser can play the original at all; if not, the page says so in place of a player that stays black."""

from analysis.models import Recording

_NEVER_PLAYED = frozenset({"avi", "asf", "flv", "mpegts", "mpeg", "dv", "aiff", "caf", "amr"})
"""Containers that the common browsers do not play whatever is in them (AIFF and CAF: Safari alone does). Of the others
it depends on the codec; there the page's script says what the browser's player reports."""


def browsers_play(recording: Recording) -> bool:
    """Whether there is an original in a container that browsers can play."""
    return bool(recording.file) and recording.container not in _NEVER_PLAYED
