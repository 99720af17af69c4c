"""The voices of a run as the recording's page shows them."""

from dataclasses import dataclass

from analysis.models import Run, Speaker
from analysis.speakers.verdict import Verdict, verdict

COLOURS = 4
"""So many colours tell voices apart (``styles/voices.css``); more voices begin anew."""


@dataclass(frozen=True)
class Voice:
    """One voice.

    Attributes:
        colour: 1 to ``COLOURS``.
        share: of the time that all voices speak, 0-1; None where that is no time at all.
        channel: the sound channel that it has to itself.
        face: number, as people read it, of the face whose lips move with it.
        enrolled: whether it is a counsellor's who enrolled it.
        judged: whether it is the one that was judged as the student's.
        start_s, end_s: what there is to listen to; None where it never speaks alone.
    """

    number: int
    colour: int
    seconds: float
    share: float | None
    channel: int | None
    face: int | None
    enrolled: bool
    judged: bool
    start_s: float | None
    end_s: float | None


@dataclass(frozen=True)
class Voices:
    """The voices of a run and what is known of whose they are.

    Attributes:
        chosen: whether a person has said which is the student's.
    """

    verdict: Verdict
    voices: list[Voice]
    chosen: bool


def run_voices(run: Run) -> Voices:
    """The voices of a run in order of first speech; one query."""
    speakers = list(run.speakers.all())
    outcome = verdict(run, speakers)
    total_s = sum(speaker.seconds for speaker in speakers)
    decided = outcome == Verdict.DECIDED
    voices = [_voice(speaker, total_s, judged=decided and speaker.student) for speaker in speakers]
    return Voices(outcome, voices, chosen=run.speaker is not None)


def _voice(speaker: Speaker, total_s: float, *, judged: bool) -> Voice:
    return Voice(
        number=speaker.number,
        colour=(speaker.number - 1) % COLOURS + 1,
        seconds=speaker.seconds,
        share=speaker.seconds / total_s if total_s else None,
        channel=speaker.channel,
        face=speaker.face,
        enrolled=speaker.enrolled,
        judged=judged,
        start_s=speaker.sample_start_s,
        end_s=speaker.sample_end_s,
    )
