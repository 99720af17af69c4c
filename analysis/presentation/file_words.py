"""What the engine found out about a file itself, in words: its tracks, its gaps, whether its end is there."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analysis import wording

Track = Mapping[str, Any]

TOLD_FROM_S = 2.0
"""Shorter holes, and ends that lie less apart, are not worth a word."""

_SOUND: dict[str, Promise] = {
    "late": gettext_lazy("The sound begins only at %(time)s; the voice is not judged before."),
    "early": gettext_lazy("The sound ends at %(time)s, before the recording does; the voice is not judged after that."),
    "missing": gettext_lazy("In between, the sound is missing for %(length)s; the voice is not judged there."),
}
_PICTURES: dict[str, Promise] = {
    "late": gettext_lazy("The pictures begin only at %(time)s; the face is not judged before."),
    "early": gettext_lazy(
        "The pictures end at %(time)s, before the recording does; the face is not judged after that."
    ),
    "missing": gettext_lazy(
        "In between, the picture stands still or is missing for %(length)s; the face is not judged there."
    ),
}


def file_notes(quality: Mapping[str, Any], *, voice: bool, face: bool) -> list[str]:
    """Sentences on the file of a run; none for runs from before this was looked at.

    Args:
        quality: of the run.
        voice, face: what was analysed; nothing is said of the other.
    """
    facts = quality.get("file")
    if not facts:
        return []
    notes = _gaps(facts)
    if voice:
        notes += _choice(facts["audio"], _sound_tracks)
        notes += _extent(facts["audio"], _SOUND, facts["duration_s"])
    if face:
        notes += _choice(facts["video"], _picture_tracks)
        notes += _extent(facts["video"], _PICTURES, facts["duration_s"])
    if facts["unreadable"]:
        notes.append(
            ngettext(
                "%(number)d track of the file is of a kind that cannot be read here; it was left out.",
                "%(number)d tracks of the file are of a kind that cannot be read here; they were left out.",
                facts["unreadable"],
            )
            % {"number": facts["unreadable"]}
        )
    if not facts["end_known"]:
        notes.append(
            _("A file of this kind does not say how long it should be, so a missing end would not be noticed.")
        )
    return notes


def _gaps(facts: Mapping[str, Any]) -> list[str]:
    gaps = facts["gaps"]
    if not gaps:
        return []
    if len(gaps) == 1:
        times = {"start": wording.clock(gaps[0][0]), "end": wording.clock(gaps[0][1])}
        return [_("From %(start)s to %(end)s the file holds nothing: its clock jumps. This gap is not judged.") % times]
    words = _(
        "The file’s clock jumps %(number)d times. These gaps, %(length)s in all, hold nothing and are not judged."
    )
    return [words % {"number": len(gaps), "length": wording.duration(facts["left_out_s"])}]


def _choice(tracks: Sequence[Track], words: Any) -> list[str]:
    """Which of several tracks was judged, and what the others hold."""
    chosen = next((track for track in tracks if track["chosen"]), None)
    if len(tracks) < 2 or chosen is None or "share" not in chosen:
        return []
    others = ", ".join(
        _("track %(number)d: %(share)s") % {"number": track["number"] + 1, "share": wording.percent(track["share"])}
        for track in tracks
        if not track["chosen"]
    )
    values = {"number": len(tracks), "chosen": chosen["number"] + 1, "share": wording.percent(chosen["share"])}
    return [words() % {**values, "others": others}]


def _sound_tracks() -> str:
    return _(
        "The file holds %(number)d sound tracks. Track %(chosen)d was judged: %(share)s of the samples taken from it "
        "are speech. Not judged: %(others)s."
    )


def _picture_tracks() -> str:
    return _(
        "The file holds %(number)d picture tracks. Track %(chosen)d was judged: %(share)s of the pictures looked at "
        "show a face. Not judged: %(others)s."
    )


def _extent(tracks: Sequence[Track], words: Mapping[str, Promise], duration_s: float) -> Iterator[str]:
    """Where the judged track begins late, ends early or has holes."""
    for track in tracks:
        if not track["chosen"]:
            continue
        if track["start_s"] >= TOLD_FROM_S:
            yield str(words["late"]) % {"time": wording.clock(track["start_s"])}
        if track["missing_s"] >= TOLD_FROM_S:
            yield str(words["missing"]) % {"length": wording.duration(track["missing_s"])}
        if duration_s - track["end_s"] >= TOLD_FROM_S:
            yield str(words["early"]) % {"time": wording.clock(track["end_s"])}
