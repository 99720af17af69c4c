"""Keeping who speaks when with the run that found it out."""

from typing import TYPE_CHECKING

from analysis.models import Run, Speaker, Turn

if TYPE_CHECKING:
    from ml.turns import Speaker as EngineSpeaker
    from ml.turns import SpeakerTurns

TURNS_PER_INSERT = 1000


def speakers_keep(run: Run, heard: "SpeakerTurns") -> None:
    """Stores the voices of a recognition and their turns; nothing where the voice was not to be analysed."""
    if not run.voice:
        return
    rows = Speaker.objects.bulk_create([_row(run, heard, speaker) for speaker in heard.speakers])
    by_number = {row.number: row for row in rows}
    Turn.objects.bulk_create(
        (
            Turn(
                run=run,
                speaker=by_number[turn.speaker],
                start_s=turn.start_s,
                end_s=turn.end_s,
                overlap=turn.overlap,
                certainty=turn.certainty,
            )
            for turn in heard.turns
        ),
        batch_size=TURNS_PER_INSERT,
    )


def _row(run: Run, heard: "SpeakerTurns", speaker: "EngineSpeaker") -> Speaker:
    start_s, end_s = heard.sample(speaker.number) or (None, None)
    return Speaker(
        run=run,
        number=speaker.number,
        seconds=speaker.seconds,
        channel=speaker.channel,
        face=speaker.face,
        enrolled=speaker.enrolled,
        student=speaker.number == heard.student,
        sample_start_s=start_s,
        sample_end_s=end_s,
    )
