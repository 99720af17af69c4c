"""Failures the engine expects, each with a code. Any other exception is a bug."""


class RecognitionError(Exception):
    """A recording cannot be analysed, for a reason with a stable code.

    The product turns ``code`` into a sentence and a next step for the person; ``detail`` is for the log
    and never holds a file name or anything said or shown in the recording.

    Codes:
        empty_file, unsupported_format, damaged_file, too_long, no_streams, no_usable_signal,
        weights_missing, weights_damaged, separator_missing, separator_damaged, encoder_missing, encoder_damaged,
        landmarks_missing, landmarks_damaged, reference_damaged, decoder_failed, no_sound.
    """

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail}" if detail else code)
        self.code = code
        self.detail = detail


class Cancelled(Exception):  # noqa: N818  (nothing went wrong: someone asked for it)
    """Raised by a progress hook to stop a recognition between two steps."""
