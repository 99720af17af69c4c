"""The segments of a run as a table: one line each, with its validity and what judged it."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from django.utils import timezone

from analysis.emotions import EMOTIONS, is_undecided
from analysis.exchange.content import speaker_role
from analysis.exchange.moments import own_parts
from analysis.models import Run
from students.spreadsheet import BYTE_ORDER_MARK, csv_line, guarded

COLUMNS = (
    "recording", "analysis", "segment", "start_s", "end_s", "own_start_s", "own_end_s", "validity", "why_not",
    "speaker", "label", "label_shown", "correction", "corrected_at", "corrected_by",
    *(f"p_{name}" for name in EMOTIONS), "voice", "face", "voice_model", "face_model",
)  # fmt: skip


def table_lines(run: Run, segments: Sequence[Any]) -> Iterator[str]:
    """CSV lines, in order of time; column names and codes are fixed English.

    ``validity`` is ``judged``, ``undecided`` (open whether negative) or ``not_judged``, and ``why_not`` then the
    reason: ``not_student:`` with whose it is, or the engine's remarks. ``speaker`` is who speaks longest in the
    segment, ``corrected_by`` the id of an account.

    Args:
        segments: as ``trends.labels.segments_read`` gives them.
    """
    parts = own_parts([(segment.start_s, segment.end_s) for segment in segments])
    models = [guarded(str((run.model.get(name) or {}).get("version") or "")) for name in ("voice", "face")]
    speakers = _speakers(run, segments)
    yield BYTE_ORDER_MARK + csv_line(COLUMNS)
    for segment, part, speaker in zip(segments, parts, speakers, strict=True):
        validity, why_not = _validity(segment)
        yield csv_line(
            [
                run.recording_id,
                run.number,
                segment.index,
                *(round(seconds, 3) for seconds in (segment.start_s, segment.end_s, *part)),
                validity,
                guarded(why_not),
                speaker,
                segment.label or "",
                segment.label_shown or "",
                segment.label_given or "",
                *_correction(segment),
                *_probabilities(segment),
                int(segment.voice is not None),
                int(segment.face is not None),
                *models,
            ]
        )


def _validity(segment: Any) -> tuple[str, str]:
    if segment.taken is not None:
        return "not_judged", f"not_student:{segment.taken.who}"
    if segment.label is None:
        return "not_judged", " ".join(map(str, segment.quality.get("flags", [])))
    if segment.label_given is None and is_undecided(segment.probabilities):
        return "undecided", ""
    return "judged", ""


def _correction(segment: Any) -> tuple[str, str]:
    """When the newest correction was made, and by whom."""
    if segment.label_given is None:
        return "", ""
    newest = segment.corrected[0]
    return timezone.localtime(newest.at).isoformat(timespec="seconds"), str(newest.by_id or "")


def _probabilities(segment: Any) -> list[Any]:
    if segment.probabilities is None:
        return [""] * len(EMOTIONS)
    return [round(segment.probabilities[name], 4) for name in EMOTIONS]


def _speakers(run: Run, segments: Sequence[Any]) -> Iterator[str]:
    """Per segment, in order of time, whose voice speaks longest in it; empty where nobody does."""
    turns = list(run.turns.select_related("speaker").order_by("start_s"))
    open_turns: list[Any] = []
    following = 0
    for segment in segments:
        while following < len(turns) and turns[following].start_s < segment.end_s:
            open_turns.append(turns[following])
            following += 1
        open_turns = [turn for turn in open_turns if turn.end_s > segment.start_s]
        seconds: defaultdict[str, float] = defaultdict(float)
        for turn in open_turns:
            seconds[speaker_role(turn.speaker)] += min(turn.end_s, segment.end_s) - max(turn.start_s, segment.start_s)
        yield max(seconds, key=lambda role: seconds[role]) if seconds else ""
