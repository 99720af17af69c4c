"""What the engine remarks about a recording's sound, in words: of the recording as a whole, and of one moment."""

from collections.abc import Iterable
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from analysis import wording

REMARKS: dict[str, Promise] = {
    "clipping": gettext_lazy(
        "The sound is clipped in %(share)s of the recording: the microphone was set too loud. "
        "The voice is less certain there."
    ),
    "music": gettext_lazy(
        "In %(share)s of the recording music or noise was heard instead of a voice, or drowned it. "
        "The voice was not judged there."
    ),
    "too_quiet": gettext_lazy("In %(share)s of the recording the voice is too quiet to be judged."),
    "quiet": gettext_lazy("The recording is very quiet. It was brought to the usual level before it was judged."),
    "antiphase": gettext_lazy(
        "The two channels of the sound cancel each other out, so one was turned round. "
        "Check how the microphone is connected."
    ),
    "one_channel": gettext_lazy("One of the two channels is silent. The other was judged."),
    "narrow_band": gettext_lazy(
        "The voice has only the range of a telephone call, up to about %(khz)s kHz. "
        "A microphone in the room gives more to judge by."
    ),
}
"""By code; a test holds the keys to ``ml.remarks.CODES``."""

NOTES: dict[str, Promise] = {
    "clipping": gettext_lazy("the sound is clipped"),
    "music": gettext_lazy("voice not judged: music or noise"),
    "too_quiet": gettext_lazy("voice not judged: too quiet"),
    "other_speaker": gettext_lazy("voice not judged: somebody else speaks"),
    "speaker_unknown": gettext_lazy("voice not judged: it is not known whose it is"),
}
"""The same of one moment, by the flags of its segment."""


def sound_remarks(quality: dict[str, Any]) -> list[str]:
    """A sentence for each remark in a run's quality; codes without words are left out."""
    return [
        str(REMARKS[remark["code"]])
        % {
            "share": wording.percent(remark.get("share", 1.0)),
            "khz": f"{(quality.get('bandwidth_hz') or 0) / 1000:.1f}",
        }
        for remark in quality.get("remarks", [])
        if remark.get("code") in REMARKS
    ]


def sound_notes(flags: Iterable[str]) -> str:
    """A few words on the sound of one moment; empty where nothing was remarked."""
    return "; ".join(str(NOTES[flag]) for flag in flags if flag in NOTES)
