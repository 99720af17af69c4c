"""What a student agrees to, purpose by purpose, as the form says it.

A text that comes to mean more gets a new number; a consent covers what its own wording says and no more.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from students.models import Purpose

WORDING = 2
"""Number of the texts below. 1 did not speak of comparing a student's sessions with one another."""
COMPARISON = 2
"""The first wording that covers comparing a student's sessions with one another."""

TEXTS: dict[Purpose, Promise] = {
    Purpose.RECORDING: _(
        "Interviews with me may be recorded in sound and picture. The counselling centre keeps the recordings."
    ),
    Purpose.VOICE: _(
        "A program may analyse which emotions my voice shows in these recordings. From each recording it may keep "
        "numbers that say how my voice sounds to it, so that it can compare my sessions with one another. These "
        "numbers are biometric data: they could serve to tell my voice from other voices. They are stored encrypted, "
        "used for nothing else, and deleted with the recording or when I withdraw."
    ),
    Purpose.FACE: _(
        "A program may analyse which emotions my face shows in these recordings. From each recording it may keep "
        "numbers that say how my face looks to it, so that it can compare my sessions with one another. These "
        "numbers are biometric data: they could serve to tell my face from other faces. They are stored encrypted, "
        "used for nothing else, and deleted with the recording or when I withdraw."
    ),
    Purpose.TRANSCRIPT: _(
        "A program may write down what is said in these recordings. The text is stored encrypted. My counsellor and "
        "the administrators may read and search it. It is not used to judge emotions, and it is deleted with the "
        "recording or when I withdraw."
    ),
    Purpose.RESEARCH: _("My recordings and what was recognised in them may be used in research."),
}
