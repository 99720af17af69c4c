"""What an annotation file would do to a recording, row by row: what is shown before anybody confirms."""

import hashlib
import json
import uuid
from collections import Counter
from dataclasses import dataclass, field

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from analysis.exchange.tiers import ReadFile, ReadInterval
from analysis.models import Stretch


class Doing(TextChoices):
    """What becomes of a row."""

    CORRECT = "correct", _("corrects")
    MARK = "mark", _("marks")
    UNCHANGED = "unchanged", _("changes nothing")
    REFUSED = "refused", _("left out")


class Why(TextChoices):
    """Why a row, or some moments of it, change nothing."""

    NO_TIMES = "no_times", _("It has no times of its own. Give it a beginning and an end.")
    OUTSIDE = "outside", _("It lies outside the recording. Correct its times.")
    EMPTY = "empty", _("It ends before it begins, or just where it begins. Correct its times.")
    UNKNOWN_LABEL = (
        "unknown_label",
        _("It names none of the seven emotions: anger, disgust, sad, happy, scared, surprised, normal."),
    )
    UNKNOWN_PERSON = "unknown_person", _("It names none of these: student, counsellor, other, not_student.")
    NO_MOMENT = "no_moment", _("It covers the larger part of no moment. Draw it out over the moments that you mean.")
    NOT_JUDGED = "not_judged", _("A moment in it was not judged, so it has no label to correct.")
    NOT_THE_STUDENTS = "not_the_students", _("A moment in it is marked as not the student’s.")
    NAMED_TWICE = "named_twice", _("An earlier row on the same tier covers the same time.")
    TOO_MANY = "too_many", _("As many stretches are marked as can be kept.")
    MODELS_TIER = "models_tier", _("The system’s own labels stay. Write yours on the tier “corrections”.")
    UNKNOWN_TIER = "unknown_tier", _("Only the tiers “corrections” and “stretches” are read.")


@dataclass(frozen=True)
class Change:
    """A moment whose label changes.

    Attributes:
        start_s, end_s: the segment's own part.
        was: the label shown until now.
    """

    segment_id: int
    start_s: float
    end_s: float
    was: str
    label: str


@dataclass
class Row:
    """One annotation of the file and what becomes of it.

    Attributes:
        why: reasons for what changes nothing; where others of its moments change, for the rest of them.
    """

    read: ReadInterval
    doing: Doing = Doing.REFUSED
    changes: list[Change] = field(default_factory=list)
    stretch: Stretch | None = None
    why: list[Why] = field(default_factory=list)


@dataclass(frozen=True)
class Preview:
    """What an import would do to the results of one run. ``digest`` names exactly this outcome."""

    file: ReadFile
    run_id: uuid.UUID
    rows: list[Row]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows come to what."""
        counted = Counter(row.doing for row in self.rows)
        return {doing.value: counted[doing] for doing in Doing}

    @property
    def changes(self) -> list[Change]:
        """Every moment that would be corrected."""
        return [change for row in self.rows for change in row.changes]

    @property
    def stretches(self) -> list[Stretch]:
        """Every stretch that would be marked."""
        return [row.stretch for row in self.rows if row.stretch is not None]

    @property
    def digest(self) -> str:
        """SHA-256 over what would be written, as hex."""
        outcome = [
            str(self.run_id),
            [[change.segment_id, change.was, change.label] for change in self.changes],
            [[stretch.start_s, stretch.end_s, stretch.who] for stretch in self.stretches],
        ]
        return hashlib.sha256(json.dumps(outcome).encode()).hexdigest()
