"""One recording from file to emotions: the stages of the method in their order.

Sound: decode, separate the vocals, find speech, tell the speakers apart, judge the student's voice in each segment.
Picture: sample frames, follow faces, judge the chosen face. Then both are fused per segment. Everything is streamed or
spooled to a temporary folder that is removed however the recognition ends, so memory does not grow with the
recording's length.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ml import hearing, seeing
from ml.config import Config
from ml.errors import RecognitionError
from ml.fusion import fuse
from ml.hearing import Sound
from ml.models import Models
from ml.reading import read
from ml.reference import Reference
from ml.remarks import SPEAKER_CODES, remarks
from ml.results import Progress, Recognition, Segment
from ml.seeing import Sight
from ml.summary import contribution, summarise
from ml.turns import SpeakerTurns
from ml.work import Work

load_models = Models.load


def _untold(stage: str, completed: float, total: float) -> None: ...


def recognise(
    path: Path | str,
    models: Models,
    config: Config,
    progress: Progress | None = None,
    reference: Reference | None = None,
) -> Recognition:
    """Recognise the emotions of one recording.

    Args:
        path: video with or without sound, or sound alone; only read.
        models: see ``Models``.
        config: what to analyse; a modality that is off is not even decoded.
        progress: told after every step; may raise ``ml.errors.Cancelled``.
        reference: what the person's other recordings left behind; None or an empty one compares with people in general.

    Raises:
        RecognitionError: see its codes.
        Cancelled: raised by ``progress``; nothing is left behind.
    """
    versions = models.score_versions(config)
    reference_read = (reference or Reference()).of_versions(versions)
    with tempfile.TemporaryDirectory(prefix="emorec-") as folder:
        work = Work(Path(path), models, config, progress or _untold)
        samples, sound = hearing.listen(work, Path(folder))
        faces = seeing.look(work, Path(folder))
        if samples is not None:
            hearing.find_speakers(work, samples, sound)
            with work.stage("voice"):
                sound.judgements = hearing.judge_voice(work, samples, sound)
        sight = seeing.judge_faces(work, faces)
        with work.stage("fusion"):
            unread = [_segment(work, number, sound, sight) for number in range(len(work.spans))]
            segments = _read(work, unread, reference_read)
            _refuse_unusable(work, segments, sound)
            summary = summarise(segments) | _quality(work, segments, sound, sight)
    return Recognition(
        work.info.duration_s,
        models.described(config),
        segments,
        summary,
        work.timings,
        config=config.as_dict(),
        reference=reference_read.described(),
        contribution=contribution(segments, versions),
        speakers=sound.speakers.on(work.clock),
        conversation=sound.conversation,
        thumbnails=sight.thumbnails,
    )


def tell_apart(path: Path | str, models: Models, config: Config, progress: Progress | None = None) -> SpeakerTurns:
    """Who speaks when in one recording, found out as ``recognise`` does; nobody's emotion is judged.

    Raises:
        RecognitionError, Cancelled: as ``recognise``.
    """
    with tempfile.TemporaryDirectory(prefix="emorec-") as folder:
        work = Work(Path(path), models, config, progress or _untold)
        samples, sound = hearing.listen(work, Path(folder))
        if samples is not None:
            hearing.find_speakers(work, samples, sound)
        return sound.speakers.on(work.clock)


def _segment(work: Work, number: int, sound: Sound, sight: Sight) -> Segment:
    """One segment by people in general, on the player's clock."""
    span, voice, face = work.spans[number], sound.judgements.get(number), sight.judgements.get(number)
    fused = fuse(
        None if face is None else face.probabilities,
        None if voice is None else voice.probabilities,
        work.config,
    )
    heard, sound_flags = hearing.segment_quality(sound, number, span)
    seen, sight_flags = seeing.segment_quality(sight, span)
    flags = [*([fused.flag] if fused.flag else []), *sound_flags, *sight_flags]
    work.progress("fusion", number + 1, len(work.spans))
    return Segment(*work.clock.shown_span(span), fused.probabilities, voice, face, {**heard, **seen, "flags": flags})


def _read(work: Work, segments: Sequence[Segment], reference: Reference) -> tuple[Segment, ...]:
    """The segments with what is known of the person."""
    people = work.models.voice_for(work.config).people() if reference.voice is not None else None
    return read(segments, reference, work.config, people)


def _refuse_unusable(work: Work, segments: Sequence[Segment], sound: Sound) -> None:
    """Nothing judged is a failure, unless it is only not known whose voice it is."""
    judged = any(segment.probabilities is not None for segment in segments)
    if judged or set(SPEAKER_CODES) & set(sound.objections.values()):
        return
    damaged = {"audio_damaged", "video_damaged"} & set(work.flags)
    raise RecognitionError("damaged_file" if damaged else "no_usable_signal", "no segment can be judged")


def _quality(work: Work, segments: Sequence[Segment], sound: Sound, sight: Sight) -> dict[str, Any]:
    """How usable the recording was, and whose face was judged."""
    quality: dict[str, Any] = {
        "truncated": work.info.truncated,
        "flags": work.flags,
        "file": work.choice.as_dict(),
        **hearing.sound_quality(work, sound),
        **seeing.sight_quality(sight),
    }
    quality["remarks"] = remarks([segment.quality["flags"] for segment in segments], quality, sound.front)
    return {"quality": quality, **seeing.described(sight, work.clock)}
