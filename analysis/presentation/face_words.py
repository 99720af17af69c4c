"""What the engine remarks about a recording's picture and the face in it, in words: of the whole, and of one moment."""

from collections.abc import Iterable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from analysis import wording

REMARKS: dict[str, Promise] = {
    "face_still": gettext_lazy(
        "In %(share)s of the recording the face is a still picture, a portrait or a frozen call. "
        "It was not judged there."
    ),
    "face_covered": gettext_lazy(
        "In %(share)s of the recording eyes or mouth are covered, or the face is turned away. "
        "The face was not judged there."
    ),
    "face_dark": gettext_lazy(
        "In %(share)s of the recording the face is dark. It is less certain there, or not judged. "
        "Light from the front helps."
    ),
    "face_small": gettext_lazy(
        "In %(share)s of the recording the face is very small in the picture. It is less certain there, or not judged. "
        "A camera closer to the face helps."
    ),
    "turned_upright": gettext_lazy("The picture lies on its side. It was turned upright before faces were judged."),
}
"""By code; a test holds the keys to ``ml.remarks.FACE_CODES``."""

NOTES: dict[str, Promise] = {
    "face_still": gettext_lazy("face not judged: a still picture"),
    "face_covered": gettext_lazy("face not judged: covered or turned away"),
    "face_dark": gettext_lazy("the face is dark"),
    "face_small": gettext_lazy("the face is very small"),
}
"""The same of one moment, by the flags of its segment."""


def face_remarks(quality: dict[str, Any]) -> list[str]:
    """A sentence for each remark on the face in a run's quality; other codes are left out."""
    return [
        str(REMARKS[remark["code"]]) % {"share": wording.percent(remark.get("share", 1.0))}
        for remark in quality.get("remarks", [])
        if remark.get("code") in REMARKS
    ]


def face_notes(flags: Iterable[str]) -> str:
    """A few words on the face of one moment; empty where nothing was remarked."""
    return "; ".join(str(NOTES[flag]) for flag in flags if flag in NOTES)
