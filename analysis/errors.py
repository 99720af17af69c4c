"""Everything that can be refused or can fail, as a code, a sentence for the person, and what to do next.

The engine (``ml.errors``) and the worker store the code only; pages and API turn it into words here, in the reader's
language. The log has the rest, and neither holds a name.
"""

from dataclasses import dataclass
from math import ceil
from typing import Any

from django.conf import settings
from django.template.defaultfilters import filesizeformat
from django.utils.functional import Promise, lazy
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

Text = str | Promise
"""A sentence that is translated when it is shown."""


@dataclass(frozen=True)
class Problem:
    """What went wrong (``code``, ``sentence``) and what the person can do (``next_step``)."""

    code: str
    sentence: Text
    next_step: Text

    def as_dict(self) -> dict[str, str]:
        """The ``error`` object of the API: ``code``, ``message`` and ``next_step``, in the current language."""
        return {"code": self.code, "message": str(self.sentence), "next_step": str(self.next_step)}


class Refused(Exception):  # noqa: N818  (agreed name; a refusal is an answer)
    """A request the system understands and turns down.

    Attributes:
        problem: what is shown to the person.
        extra: what a program can use, such as the id of the recording that is already there. Never a name.
    """

    def __init__(self, code: str, **extra: Any) -> None:
        super().__init__(code)
        self.problem = problem(code)
        self.extra = extra

    @property
    def code(self) -> str:
        """The problem's code."""
        return self.problem.code

    @property
    def http_status(self) -> int:
        """The status that says it best over HTTP; 422 unless a more telling one exists."""
        return _HTTP_STATUS.get(self.code, 422)

    def as_dict(self) -> dict[str, Any]:
        """The problem and the extra facts, ready for JSON."""
        return {**self.problem.as_dict(), **self.extra}


def _length_limit() -> str:
    minutes = settings.EMOREC_MAX_DURATION_S / 60
    return ngettext(
        "The recording is longer than the limit of %(minutes)g minute.",
        "The recording is longer than the limit of %(minutes)g minutes.",
        ceil(minutes),
    ) % {"minutes": round(minutes, 1)}


def _size_limit() -> str:
    return gettext("The file is larger than the limit of %(size)s.") % {
        "size": filesizeformat(settings.EMOREC_MAX_UPLOAD_BYTES)
    }


_longer_than_the_limit = lazy(_length_limit, str)
_larger_than_the_limit = lazy(_size_limit, str)
"""The limits are those in force when the sentence is shown."""

_ASK_ADMIN = _("Please tell an administrator and quote the recording's address.")
_RERECORD = _("Check that the file plays on your computer and upload it again, or upload the original recording.")

_PROBLEMS: dict[str, tuple[Text, Text]] = {
    # What was uploaded cannot be used.
    "empty_file": (_("The file is empty."), _("Choose the recording again; the copy may have been interrupted.")),
    "unsupported_format": (
        _("The content of the file is not a video or sound format that can be analysed, whatever its name says."),
        _(
            "If it is a recording, convert it first, for example with the free program VLC: Media, Convert / Save, "
            "profile “Video - H.264 + MP3 (MP4)”. Then upload the converted file."
        ),
    ),
    "damaged_file": (_("The file is damaged or incomplete and cannot be read."), _RERECORD),
    "no_streams": (_("The file holds neither sound nor pictures that can be read."), _RERECORD),
    "no_usable_signal": (
        _("Neither a voice nor a face could be found in the recording."),
        _(
            "Check that the microphone was on and the face in view; music and noise are not judged. "
            "Then upload another recording."
        ),
    ),
    "no_sound": (
        _("The recording has no sound, so there is nothing to write down."),
        _("Check that the right file was uploaded."),
    ),
    "too_long": (
        _longer_than_the_limit(),
        _("Cut it into parts and upload each part by itself."),
    ),
    "too_large": (
        _larger_than_the_limit(),
        _("Cut the recording into parts or save it at a lower resolution, and upload that."),
    ),
    "decoder_failed": (_("The sound or the pictures could not be decoded to the end."), _RERECORD),
    "probe_timeout": (_("Reading the file took too long, so it was refused."), _RERECORD),
    "probe_failed": (
        _("The file could not be checked because of an error of the system."),
        _("Try again later; if it happens again, tell an administrator."),
    ),
    # The request cannot be granted.
    "no_consent": (
        _("The student has no valid consent for recording and for analysing the voice or the face."),
        _("Ask an administrator to record the student's consent first."),
    ),
    "duplicate": (
        _("This recording of the student was uploaded before."),
        _("Open the recording that is already there; it need not be uploaded again."),
    ),
    "recorded_in_future": (_("The time of the recording lies in the future."), _("Correct the date and the time.")),
    "invalid_metadata": (
        _("The upload does not say which student it belongs to and when it was recorded."),
        _("Choose the student and the time of the recording, then start the upload again."),
    ),
    "run_active": (
        _("An analysis of this recording is waiting or under way."),
        _("Wait until it has ended, or cancel it first."),
    ),
    "run_finished": (_("The analysis has already ended."), _("Start a new analysis if you need one.")),
    "no_transcript_consent": (
        _("The student has not agreed that what is said is written down."),
        _("Ask the student. If they agree, an administrator records the consent."),
    ),
    "transcript_active": (
        _("What is said in this recording is being written down already."),
        _("Wait until that has ended, or cancel it first."),
    ),
    "transcript_exists": (
        _("What is said in this recording has been written down already."),
        _("Reload the page to read it."),
    ),
    "transcript_finished": (
        _("Nothing is being written down any more."),
        _("Reload the page to see how it ended."),
    ),
    "transcript_sealed": (
        _("What was written down cannot be opened: the key it was sealed with is missing."),
        _("Please tell an administrator; the key belongs in EMOREC_SEAL_KEYS."),
    ),
    "nothing_to_analyse": (
        _("The consent covers only the voice or only the face, and the recording does not have that part."),
        _("Upload a recording with the part the consent covers, or ask for the student's consent to the other."),
    ),
    "synthetic_recording": (
        _("This is synthetic demo data without a recording behind it."),
        _("Upload a recording of your own to see an analysis."),
    ),
    # The upload itself.
    "upload_expired": (
        _("The upload was not finished in time, and what had arrived was removed."),
        _("Start the upload again."),
    ),
    "upload_closed": (_("This upload has already ended."), _("Start a new upload if you need one.")),
    "upload_busy": (
        _("Another connection is sending to this upload at the moment."),
        _("Wait a moment; the upload goes on by itself."),
    ),
    "upload_incomplete": (_("The connection was cut before all data had arrived."), _("Resume the upload.")),
    "offset_mismatch": (
        _("The upload goes on from another position than the one sent."),
        _("Ask for the position and resume from there."),
    ),
    "checksum_mismatch": (_("A part of the upload arrived damaged."), _("Send this part again.")),
    "checksum_unsupported": (_("The checksum is not one the server knows."), _("Use sha1 or sha256.")),
    "invalid_request": (_("The request was not understood."), _("Reload the page and try again.")),
    "unsupported_version": (_("The upload protocol's version is not supported."), _("Use tus 1.0.0.")),
    "storage_full": (
        _("The server has no room left for the recording."),
        _("Try again later and tell an administrator."),
    ),
    # Alerts, reviews, corrections.
    "alert_settled": (
        _("This alert has already been settled."),
        _("Reload the page to see who settled it and how."),
    ),
    "alert_moved": (
        _("Someone else has dealt with this alert in the meantime."),
        _("Reload the page to see where it stands."),
    ),
    "reason_required": (_("A reason is needed to dismiss an alert."), _("Say in a sentence why, then dismiss it.")),
    "review_claimed": (
        _("Someone else has taken this review in the meantime."),
        _("Reload the page to see who works on it."),
    ),
    "review_settled": (
        _("This review has already been settled; your decision was not saved."),
        _("Reload the page and read the decision that was made."),
    ),
    "decision_required": (_("A review ends with a decision."), _("Choose one of the decisions.")),
    "note_required": (_("A decision needs a note."), _("Write down what the decision rests on.")),
    "unknown_label": (_("There is no such emotion."), _("Choose one of the seven on the list.")),
    "no_results": (_("There are no results for this."), _("Reload the page; the results may have been removed.")),
    "results_changed": (
        _("The recording has been analysed again since."),
        _("Fetch the segments again and look whether they still need correcting."),
    ),
    "not_the_students": (
        _("Somebody has marked this moment as not the student's, so it has no label."),
        _("Remove that mark first if it is wrong."),
    ),
    # Whose a stretch is.
    "unknown_person": (
        _("A stretch can be the student's, the counsellor's, another person's, or just not the student's."),
        _("Choose one of these four."),
    ),
    "empty_stretch": (
        _("The stretch ends before it begins, or just where it begins."),
        _("Correct the two times."),
    ),
    "stretch_outside": (
        _("The stretch lies outside the recording, or reaches beyond its end."),
        _("Look up the recording's length and correct the times."),
    ),
    "too_many_stretches": (
        _("This recording has as many marked stretches as can be kept."),
        _("Remove some that are no longer needed, or mark longer stretches."),
    ),
    # Annotations brought in.
    "annotations_missing": (_("No file was chosen."), _("Choose the file that you saved in ELAN or Praat.")),
    "annotations_too_large": (
        _("The file is larger than an annotation file can be."),
        _("Check that it is the .eaf or .TextGrid file, and not the recording."),
    ),
    "annotations_unreadable": (
        _("The file is no .eaf of ELAN and no .TextGrid of Praat in UTF-8 or UTF-16 that can be read."),
        _("Save it again in ELAN, or in Praat as a text file, and choose that."),
    ),
    "annotations_too_many": (
        _("The file holds more annotations than can be read."),
        _("Remove tiers that are not needed and choose it again."),
    ),
    "annotations_of_another": (
        _("The file was taken out of another recording."),
        _("Open the recording that it belongs to and bring it in there."),
    ),
    "preview_outdated": (
        _("Something has changed since the preview, so nothing was written."),
        _("Look at the preview again and confirm it then."),
    ),
    "unknown_format": (
        _("There is no such format."),
        _("Choose eaf for ELAN, textgrid for Praat, or csv for a table."),
    ),
    "no_file_waiting": (_("There is no file waiting."), _("Choose it again.")),
    # Whose voice, whose face.
    "unknown_voice": (
        _("There is no such voice in the newest result of this recording."),
        _("Reload the recording's page, listen to the voices and choose one of them."),
    ),
    "unknown_face": (
        _("There is no such face in the newest result of this recording."),
        _("Reload the recording's page and choose one of the faces of the list."),
    ),
    # The analysis failed.
    "weights_missing": (_("The analysis is not fully installed: a model is missing."), _ASK_ADMIN),
    "weights_damaged": (_("The analysis is not fully installed: a model is damaged."), _ASK_ADMIN),
    "separator_missing": (_("The analysis is not fully installed: the voice separator is missing."), _ASK_ADMIN),
    "separator_damaged": (_("The analysis is not fully installed: the voice separator is damaged."), _ASK_ADMIN),
    "landmarks_missing": (_("The analysis is not fully installed: the face landmark model is missing."), _ASK_ADMIN),
    "landmarks_damaged": (_("The analysis is not fully installed: the face landmark model is damaged."), _ASK_ADMIN),
    "encoder_missing": (_("The analysis is not fully installed: the speech encoder is missing."), _ASK_ADMIN),
    "encoder_damaged": (_("The analysis is not fully installed: the speech encoder is damaged."), _ASK_ADMIN),
    "reference_damaged": (
        _("What was gathered from the student's other recordings cannot be read."),
        _ASK_ADMIN,
    ),
    "original_missing": (_("The stored original cannot be found."), _ASK_ADMIN),
    "worker_lost": (
        _("The analysis was interrupted several times and was given up."),
        _("Start the analysis again; if that fails too, tell an administrator."),
    ),
    "internal": (
        _("The analysis ended in an error of the system. The recording is safe."),
        _("Start the analysis again; if that fails too, tell an administrator."),
    ),
}

_UNKNOWN: tuple[Text, Text] = (_("Something went wrong."), _("Try again; if it happens again, tell an administrator."))

_HTTP_STATUS: dict[str, int] = {
    "no_consent": 403,
    "duplicate": 409,
    "alert_settled": 409,
    "alert_moved": 409,
    "review_claimed": 409,
    "review_settled": 409,
    "run_active": 409,
    "run_finished": 409,
    "no_transcript_consent": 403,
    "transcript_active": 409,
    "transcript_exists": 409,
    "transcript_finished": 409,
    "transcript_sealed": 503,
    "results_changed": 409,
    "preview_outdated": 409,
    "annotations_missing": 400,
    "unknown_format": 400,
    "annotations_too_large": 413,
    "upload_closed": 410,
    "upload_expired": 410,
    "upload_busy": 423,
    "upload_incomplete": 400,
    "offset_mismatch": 409,
    "checksum_mismatch": 460,
    "checksum_unsupported": 400,
    "invalid_request": 400,
    "invalid_metadata": 400,
    "unsupported_version": 412,
    "recorded_in_future": 400,
    "too_large": 413,
    "unsupported_format": 415,
    "probe_failed": 503,
    "storage_full": 507,
}


def problem(code: str) -> Problem:
    """The words for a code; an unknown code keeps its name and gets the general sentence."""
    sentence, next_step = _PROBLEMS.get(code, _UNKNOWN)
    return Problem(code, sentence, next_step)


def known_codes() -> frozenset[str]:
    """Every code that has words of its own."""
    return frozenset(_PROBLEMS)
