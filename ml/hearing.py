"""The sound of a recording: the vocals separated, speech found, the speakers told apart, the student's voice judged."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from ml import media
from ml.errors import RecognitionError
from ml.level import LevelMeter, measure
from ml.remarks import SPEAKER_CODES
from ml.results import VoiceJudgement
from ml.speakers.channels import ChannelMeter, channel_turns
from ml.speakers.contour import contour_of
from ml.speakers.conversation import describe
from ml.speakers.student import own_speech, with_student
from ml.speakers.telling_apart import turns_of
from ml.speakers.vectors import CELL_SAMPLES, cell_points
from ml.speakers.windows import cell_has_speech
from ml.spool import spool
from ml.summary import bin_attention
from ml.turns import SpeakerTurns
from ml.voice import activity
from ml.voice.bandwidth import bandwidth_hz
from ml.voice.framing import SAMPLE_RATE
from ml.voice.front import SoundFront, cell_speech
from ml.voice.recogniser import single_thread
from ml.voice.standardise import gain_for, speech_rms
from ml.work import Span, Work

SPEECH_BLOCK_S = 15
"""Seconds of sound between two reports while speech is looked for."""
VOICE_BATCH = 16
"""Segments judged between two reports."""
CLIPPING_SHARE = 0.001
"""Share of samples at full scale from which a segment is flagged as clipped."""


@dataclass(slots=True)
class Sound:
    """What was heard. Empty judgements where there is no sound to judge.

    Attributes:
        meter: level of the recording as it is stored.
        front: what came before and after separation.
        channels: power of the two channels before separation.
        speech: speech probability per 32 ms window.
        own: the same, 0 where somebody else than the student speaks or it is not known who.
        speakers: who speaks when.
        conversation: how the conversation went, as ``ml.speakers.conversation`` describes it.
        seconds: length of the sound.
        bandwidth_hz: how far up the voice reaches, None where there is too little of it.
        objections: why the voice of a segment is not judged although something is heard, by number of segment.
        judgements: by number of segment.
    """

    meter: LevelMeter = field(default_factory=lambda: LevelMeter(media.SAMPLE_RATE))
    front: SoundFront | None = None
    channels: ChannelMeter = field(default_factory=lambda: ChannelMeter(media.SAMPLE_RATE))
    speech: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    own: np.ndarray = field(default_factory=lambda: np.zeros(0, np.float32))
    speakers: SpeakerTurns = field(default_factory=SpeakerTurns)
    conversation: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    bandwidth_hz: int | None = None
    objections: dict[int, str] = field(default_factory=dict)
    judgements: dict[int, VoiceJudgement] = field(default_factory=dict)


def listen(work: Work, folder: Path) -> tuple[np.ndarray | None, Sound]:
    """The separated voice, 16 kHz mono, and what can be said of it before anybody is judged; None without any."""
    sound = Sound()
    if not (work.config.voice and work.info.has_audio):
        return None, sound
    try:
        with work.stage("separation"):
            sound.meter = _measure(work)
            sound.front = SoundFront(sound.meter, media.SAMPLE_RATE)
            samples = spool(_vocals(work, sound.front, sound.channels), folder / "vocals.f32")
    except RecognitionError as error:
        work.tolerate(error, "audio_damaged")
        return None, sound
    sound.seconds = len(samples) / SAMPLE_RATE
    with work.stage("speech"):
        sound.speech = sound.own = _find_speech(work, samples)
        sound.bandwidth_hz = bandwidth_hz(samples, sound.speech)
        sound.objections = _objections(work, sound, sound.front)
    return samples, sound


def find_speakers(work: Work, samples: np.ndarray, sound: Sound) -> None:
    """Who speaks when, and which speech is therefore the student's."""
    if not (work.config.tell_apart and work.config.voice_by == "speech"):
        return
    with work.stage("speakers"):
        speech = cell_has_speech(sound.speech, -(-len(samples) // CELL_SAMPLES))
        turns = channel_turns(sound.channels.powers(), speech)
        if turns is None:
            space = work.models.speakers
            points = cell_points(
                samples, speech, (work.models.encoder, space), tell=lambda seconds: work.tell("speakers", seconds)
            )
            turns = turns_of(points, speech, space.between)
        sound.speakers = with_student(turns, work.config.speaker)
        sound.own = own_speech(sound.speech, sound.speakers)
        sound.conversation = _describe(work, samples, sound)
        for number, span in enumerate(work.spans):
            has_speech = _is_enough(work, speech_share(sound.speech, sound.seconds, span))
            if has_speech and not _is_enough(work, speech_share(sound.own, sound.seconds, span)):
                sound.objections.setdefault(number, SPEAKER_CODES[sound.speakers.student is None])


def _describe(work: Work, samples: np.ndarray, sound: Sound) -> dict[str, Any]:
    """How the conversation went; nothing where the voices are only a guess."""
    if len(sound.speakers.speakers) > 1 and not sound.speakers.several:
        return {}
    mask = activity.frame_mask(sound.speech, len(samples))
    contour = contour_of(samples, gain_for(speech_rms([(samples, mask)])))
    return describe(sound.speakers, contour, work.info.content_s).as_dict()


def _measure(work: Work) -> LevelMeter:
    return measure(work.path, work.info, work.config.max_duration_s, lambda _: work.tell("separation", 0.0))


def _vocals(work: Work, front: SoundFront, channels: ChannelMeter) -> Iterator[np.ndarray]:
    blocks = front.prepared(_audio_blocks(work, channels))
    if work.config.separation == "vocals":
        yield from work.models.separator.vocals(blocks, front.mixed)
        return
    resampler = soxr.ResampleStream(media.SAMPLE_RATE, SAMPLE_RATE, 1, dtype="float32")
    for block in blocks:
        yield resampler.resample_chunk(front.mixed(block))
    yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)


def _audio_blocks(work: Work, channels: ChannelMeter) -> Iterator[np.ndarray]:
    seconds = 0.0
    for block in media.audio_blocks(work.path, work.info, work.config.max_duration_s):
        channels.add(block)
        yield block
        seconds += len(block) / media.SAMPLE_RATE
        work.tell("separation", seconds)


def _find_speech(work: Work, samples: np.ndarray) -> np.ndarray:
    """``activity.speech_probabilities`` with a report after every block.

    At the level that the recording was brought to: raising it once more makes a voice of what is left of music.
    """
    detector = activity.SpeechActivity()
    block, probabilities = SPEECH_BLOCK_S * SAMPLE_RATE, []
    for at in range(0, len(samples), block):
        with single_thread():
            probabilities.append(detector.feed(samples[at : at + block]))
        work.progress("speech", min(at + block, len(samples)), len(samples))
    return np.concatenate([*probabilities, detector.finish()])


def judge_voice(work: Work, samples: np.ndarray, sound: Sound) -> dict[int, VoiceJudgement]:
    """The student's voice in every segment with enough of it, by number of segment."""
    shares = [speech_share(sound.own, sound.seconds, span) for span in work.spans]
    enough = [n for n, share in enumerate(shares) if _is_enough(work, share) and n not in sound.objections]
    if not enough:
        return {}
    recogniser = work.models.voice_for(work.config)
    mask = activity.frame_mask(sound.own, len(samples))
    recording = recogniser.features(samples, mask)
    judgements = {}
    for at in range(0, len(enough), VOICE_BATCH):
        numbers = enough[at : at + VOICE_BATCH]
        spans = [work.spans[number] for number in numbers]
        answers = recogniser.predict(recording, spans, mask)
        for number, answer in zip(numbers, answers, strict=True):
            judgements[number] = VoiceJudgement(
                probabilities=answer.general,
                general=answer.general,
                scores=answer.scores,
                attention=tuple(
                    (work.clock.shown(seconds), weight)
                    for seconds, weight in bin_attention(answer.times, answer.weights)
                ),
                speech_share=shares[number],
                level_dbfs=sound.meter.level_dbfs(*work.spans[number]),
            )
        work.progress("voice", at + len(numbers), len(enough))
    return judgements


def _objections(work: Work, sound: Sound, front: SoundFront) -> dict[int, str]:
    """What ``SoundFront.objections`` says of each segment, where it says something."""
    has_speech = [_is_enough(work, speech_share(sound.speech, sound.seconds, span)) for span in work.spans]
    codes = front.objections(sound.speech, work.spans, has_speech)
    return {number: code for number, code in enumerate(codes) if code}


def _is_enough(work: Work, share: float) -> bool:
    return share >= max(work.config.min_speech_share, 1e-9)


def speech_share(speech: np.ndarray, seconds: float, span: Span) -> float:
    """Share of the whole span with speech; what lies beyond the end of the sound has none."""
    start, end = span[0], min(span[1], seconds)
    if end <= start:
        return 0.0
    return activity.speech_share(speech, start, end) * (end - start) / (span[1] - span[0])


def segment_quality(sound: Sound, number: int, span: Span) -> tuple[dict[str, Any], list[str]]:
    """How usable the sound of one segment was, and its flags."""
    if not sound.seconds:
        return {}, []
    quality = {
        "speech_share": round(speech_share(sound.speech, sound.seconds, span), 4),
        "level_dbfs": round(sound.meter.level_dbfs(*span), 2),
    }
    flags = ["clipping"] if sound.meter.clipped_share(*span) > CLIPPING_SHARE else []
    return quality, flags + ([sound.objections[number]] if number in sound.objections else [])


def sound_quality(work: Work, sound: Sound) -> dict[str, Any]:
    """How usable the sound of the recording was; empty without any."""
    if not sound.seconds:
        return {}
    speech = cell_speech(sound.speech, 0.0, sound.seconds, sound.meter.cell_s)
    return {
        "speech_share": round(speech_share(sound.speech, sound.seconds, (0.0, work.info.content_s)), 4),
        "level_dbfs": round(sound.meter.level_where(speech), 2),
        "clipped_share": round(sound.meter.clipped_share(), 6),
        "bandwidth_hz": sound.bandwidth_hz,
    }
