"""One recording from file to emotions: the stages of the method in their order.

Sound: decode, separate the vocals, find speech, tell the speakers apart, judge the student's voice in each segment.
Picture: sample frames, follow faces, judge the chosen face. Then both are fused per segment. Everything is streamed or
spooled to a temporary folder that is removed however the recognition ends, so memory does not grow with the
recording's length.
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from ml import media
from ml.clock import Clock
from ml.config import Config
from ml.errors import RecognitionError
from ml.face.collector import FaceTracks, Track, follow_faces
from ml.face.conditions import REASONS
from ml.face.pooling import pooled_scores, softmax
from ml.fusion import fuse
from ml.level import LevelMeter, measure
from ml.models import Models
from ml.reading import read
from ml.reference import Reference
from ml.remarks import SPEAKER_CODES, remarks
from ml.results import FaceJudgement, Progress, Recognition, Segment, Thumbnail, VoiceJudgement
from ml.speakers.channels import ChannelMeter, channel_turns
from ml.speakers.contour import contour_of
from ml.speakers.conversation import describe
from ml.speakers.student import own_speech, with_student
from ml.speakers.telling_apart import turns_of
from ml.speakers.vectors import CELL_SAMPLES, cell_points
from ml.speakers.windows import cell_has_speech
from ml.spool import spool
from ml.stream_choice import choose_streams
from ml.summary import bin_attention, contribution, plan_segments, summarise
from ml.turns import SpeakerTurns
from ml.voice import activity
from ml.voice.bandwidth import bandwidth_hz
from ml.voice.framing import SAMPLE_RATE
from ml.voice.front import SoundFront, cell_speech
from ml.voice.recogniser import single_thread
from ml.voice.standardise import gain_for, speech_rms

SPEECH_BLOCK_S = 15
"""Seconds of sound between two reports while speech is looked for."""
VOICE_BATCH = 16
"""Segments judged between two reports."""
CLIPPING_SHARE = 0.001
"""Share of samples at full scale from which a segment is flagged as clipped."""

Span = tuple[float, float]


load_models = Models.load


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


@dataclass(slots=True)
class Sight:
    """What was seen.

    Attributes:
        sampled: times of all frames looked at, shape (n,).
        tracks: every face followed; ``chosen`` is the one judged.
        times, confidence, probabilities: of the chosen face where it is judged, shapes (m,), (m,), (m, 7).
        conditions: of the chosen face wherever it is seen, as ``FaceTracks.conditions`` gives them.
        turns: quarter turns by which the picture was turned upright.
        thumbnails: of the people.
        judgements: by number of segment.
    """

    sampled: np.ndarray = field(default_factory=lambda: np.zeros(0))
    tracks: Sequence[Track] = ()
    chosen: Track | None = None
    times: np.ndarray = field(default_factory=lambda: np.zeros(0))
    confidence: np.ndarray = field(default_factory=lambda: np.zeros(0))
    probabilities: np.ndarray = field(default_factory=lambda: np.zeros((0, 7)))
    conditions: tuple[np.ndarray, np.ndarray, np.ndarray] = (np.zeros(0), np.zeros(0), np.zeros(0, np.int64))
    turns: int = 0
    thumbnails: tuple[Thumbnail, ...] = ()
    judgements: dict[int, FaceJudgement] = field(default_factory=dict)


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
    tell = progress or (lambda stage, completed, total: None)
    reference_read = (reference or Reference()).of_versions(models.score_versions(config))
    job = _Job(Path(path), models, config, tell, reference_read)
    with tempfile.TemporaryDirectory(prefix="emorec-") as folder:
        return job.run(Path(folder))


def tell_apart(path: Path | str, models: Models, config: Config, progress: Progress | None = None) -> SpeakerTurns:
    """Who speaks when in one recording, found out as ``recognise`` does; nobody's emotion is judged.

    Raises:
        RecognitionError, Cancelled: as ``recognise``.
    """
    job = _Job(Path(path), models, config, progress or (lambda stage, completed, total: None), Reference())
    with tempfile.TemporaryDirectory(prefix="emorec-") as folder:
        return job.tell_apart(Path(folder))


class _Job:
    """One recognition under way."""

    def __init__(self, path: Path, models: Models, config: Config, progress: Progress, reference: Reference) -> None:
        self.path, self.models, self.config, self.progress = path, models, config, progress
        self.reference = reference
        self.timings: dict[str, float] = {}
        self.flags: list[str] = []

    def run(self, folder: Path) -> Recognition:
        self._open()
        samples, sound = self._listen(folder)
        faces = self._look(folder)
        if samples is not None:
            self._tell_apart(samples, sound)
            with self._stage("voice"):
                sound.judgements = self._judge_voice(samples, sound)
        sight = self._judge_faces(faces)
        with self._stage("fusion"):
            segments = self._read([self._segment(n, span, sound, sight) for n, span in enumerate(self.spans)])
            unjudged = all(segment.probabilities is None for segment in segments)
            if unjudged and not set(SPEAKER_CODES) & set(sound.objections.values()):
                damaged = {"audio_damaged", "video_damaged"} & set(self.flags)
                raise RecognitionError("damaged_file" if damaged else "no_usable_signal", "no segment can be judged")
            summary = summarise(segments) | self._quality(segments, sound, sight)
        return Recognition(
            self.info.duration_s,
            self.models.described(self.config),
            segments,
            summary,
            self.timings,
            config=self.config.as_dict(),
            reference=self.reference.described(),
            contribution=contribution(segments, self.models.score_versions(self.config)),
            speakers=sound.speakers.on(self.clock),
            conversation=sound.conversation,
            thumbnails=sight.thumbnails,
        )

    def tell_apart(self, folder: Path) -> SpeakerTurns:
        self._open()
        samples, sound = self._listen(folder)
        self._look(folder)
        if samples is not None:
            self._tell_apart(samples, sound)
        return sound.speakers.on(self.clock)

    def _open(self) -> None:
        """What the file holds, which of its streams are taken, and the segments."""
        with self._stage("probe"):
            info = media.probe(self.path, self.config.max_duration_s)
            self.choice = choose_streams(self.path, info, self.config)
        self.info, self.clock = self.choice.info, self.choice.info.clock
        if self.info.truncated:
            self.flags.append("truncated")
        self.spans = [
            (begin + start, begin + end)
            for begin, finish in self.clock.stretches(self.info.content_s)
            for start, end in plan_segments(finish - begin, self.config)
        ]

    # sound

    def _listen(self, folder: Path) -> tuple[np.ndarray | None, Sound]:
        """The separated voice, 16 kHz mono, and what can be said of it before anybody is judged; None without any."""
        sound = Sound()
        if not (self.config.voice and self.info.has_audio):
            return None, sound
        try:
            with self._stage("separation"):
                sound.meter = self._measure()
                sound.front = SoundFront(sound.meter, media.SAMPLE_RATE)
                samples = spool(self._vocals(sound.front, sound.channels), folder / "vocals.f32")
        except RecognitionError as error:
            self._tolerate(error, "audio_damaged")
            return None, sound
        sound.seconds = len(samples) / SAMPLE_RATE
        with self._stage("speech"):
            sound.speech = sound.own = self._find_speech(samples)
            sound.bandwidth_hz = bandwidth_hz(samples, sound.speech)
            sound.objections = self._objections(sound, sound.front)
        return samples, sound

    def _tell_apart(self, samples: np.ndarray, sound: Sound) -> None:
        """Who speaks when, and which speech is therefore the student's."""
        if not (self.config.tell_apart and self.config.voice_by == "speech"):
            return
        with self._stage("speakers"):

            def tell(seconds: float) -> None:
                self.progress("speakers", min(seconds, sound.seconds), sound.seconds)

            speech = cell_has_speech(sound.speech, -(-len(samples) // CELL_SAMPLES))
            turns = channel_turns(sound.channels.powers(), speech)
            if turns is None:
                space = self.models.speakers
                points = cell_points(samples, speech, (self.models.encoder, space), tell=tell)
                turns = turns_of(points, speech, space.between)
            sound.speakers = with_student(turns, self.config.speaker)
            sound.own = own_speech(sound.speech, sound.speakers)
            sound.conversation = self._describe(samples, sound)
            for number, span in enumerate(self.spans):
                has_speech = self._is_enough(self._speech_share(sound.speech, sound.seconds, span))
                if has_speech and not self._is_enough(self._speech_share(sound.own, sound.seconds, span)):
                    sound.objections.setdefault(number, SPEAKER_CODES[sound.speakers.student is None])

    def _describe(self, samples: np.ndarray, sound: Sound) -> dict[str, Any]:
        """How the conversation went; nothing where the voices are only a guess."""
        if len(sound.speakers.speakers) > 1 and not sound.speakers.several:
            return {}
        mask = activity.frame_mask(sound.speech, len(samples))
        contour = contour_of(samples, gain_for(speech_rms([(samples, mask)])))
        return describe(sound.speakers, contour, self.info.content_s).as_dict()

    def _measure(self) -> LevelMeter:
        def tell(seconds: float) -> None:
            self.progress("separation", 0.0, self.info.content_s)

        return measure(self.path, self.info, self.config.max_duration_s, tell)

    def _vocals(self, front: SoundFront, channels: ChannelMeter) -> Iterator[np.ndarray]:
        blocks = front.prepared(self._audio_blocks(channels))
        if self.config.separation == "vocals":
            yield from self.models.separator.vocals(blocks, front.mixed)
            return
        resampler = soxr.ResampleStream(media.SAMPLE_RATE, SAMPLE_RATE, 1, dtype="float32")
        for block in blocks:
            yield resampler.resample_chunk(front.mixed(block))
        yield resampler.resample_chunk(np.zeros(0, np.float32), last=True)

    def _audio_blocks(self, channels: ChannelMeter) -> Iterator[np.ndarray]:
        seconds = 0.0
        for block in media.audio_blocks(self.path, self.info, self.config.max_duration_s):
            channels.add(block)
            yield block
            seconds += len(block) / media.SAMPLE_RATE
            self.progress("separation", min(seconds, self.info.content_s), self.info.content_s)

    def _find_speech(self, samples: np.ndarray) -> np.ndarray:
        """``activity.speech_probabilities`` with a report after every block.

        At the level that the recording was brought to: raising it once more makes a voice of what is left of music.
        """
        detector = activity.SpeechActivity()
        block, probabilities = SPEECH_BLOCK_S * SAMPLE_RATE, []
        for at in range(0, len(samples), block):
            with single_thread():
                probabilities.append(detector.feed(samples[at : at + block]))
            self.progress("speech", min(at + block, len(samples)), len(samples))
        return np.concatenate([*probabilities, detector.finish()])

    def _judge_voice(self, samples: np.ndarray, sound: Sound) -> dict[int, VoiceJudgement]:
        shares = [self._speech_share(sound.own, sound.seconds, span) for span in self.spans]
        enough = [n for n, share in enumerate(shares) if self._is_enough(share) and n not in sound.objections]
        if not enough:
            return {}
        recogniser = self.models.voice_for(self.config)
        mask = activity.frame_mask(sound.own, len(samples))
        recording = recogniser.features(samples, mask)
        judgements = {}
        for at in range(0, len(enough), VOICE_BATCH):
            numbers = enough[at : at + VOICE_BATCH]
            spans = [self.spans[number] for number in numbers]
            answers = recogniser.predict(recording, spans, mask)
            for number, answer in zip(numbers, answers, strict=True):
                judgements[number] = VoiceJudgement(
                    probabilities=answer.general,
                    general=answer.general,
                    scores=answer.scores,
                    attention=self._shown(bin_attention(answer.times, answer.weights)),
                    speech_share=shares[number],
                    level_dbfs=sound.meter.level_dbfs(*self.spans[number]),
                )
            self.progress("voice", at + len(numbers), len(enough))
        return judgements

    def _objections(self, sound: Sound, front: SoundFront) -> dict[int, str]:
        """What ``SoundFront.objections`` says of each segment, where it says something."""
        has_speech = [self._is_enough(self._speech_share(sound.speech, sound.seconds, span)) for span in self.spans]
        codes = front.objections(sound.speech, self.spans, has_speech)
        return {number: code for number, code in enumerate(codes) if code}

    def _is_enough(self, share: float) -> bool:
        return share >= max(self.config.min_speech_share, 1e-9)

    @staticmethod
    def _speech_share(speech: np.ndarray, seconds: float, span: Span) -> float:
        """Share of the whole span with speech; what lies beyond the end of the sound has none."""
        start, end = span[0], min(span[1], seconds)
        if end <= start:
            return 0.0
        return activity.speech_share(speech, start, end) * (end - start) / (span[1] - span[0])

    # picture

    def _look(self, folder: Path) -> FaceTracks | None:
        """Every face in the picture, followed; None where there is no picture to look at."""
        if not (self.config.face and self.info.has_video):
            return None
        try:
            with self._stage("frames"):
                return self._follow_faces(folder)
        except RecognitionError as error:
            self._tolerate(error, "video_damaged")
            return None

    def _judge_faces(self, faces: FaceTracks | None) -> Sight:
        sight = Sight()
        if faces is None:
            return sight
        sight.sampled, sight.tracks, sight.chosen = faces.sampled_times, faces.tracks, faces.chosen(self.config)
        sight.turns = faces.turns
        sight.thumbnails = tuple(self._on_clock(each) for each in faces.thumbnails)
        looked_at = sight.chosen or max(faces.tracks, key=lambda track: track.followed_s, default=None)
        if looked_at is not None:
            sight.conditions = faces.conditions(looked_at)
        if sight.chosen is not None:
            with self._stage("face"):
                self._judge_crops(faces.observations(sight.chosen), sight)
                for number, span in enumerate(self.spans):
                    judgement = self._judge_face(span, sight)
                    if judgement is not None:
                        sight.judgements[number] = judgement
        return sight

    def _follow_faces(self, folder: Path) -> FaceTracks:
        def tell(seconds: float) -> None:
            self.progress("frames", min(seconds, self.info.content_s), self.info.content_s)

        return follow_faces(self.path, self.info, self.config, folder, tell)

    def _judge_crops(self, observations: Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]], sight: Sight) -> None:
        times, confidence, probabilities = [sight.times], [sight.confidence], [sight.probabilities]
        total, judged = sight.chosen.n_frames if sight.chosen else 0, 0
        for block_times, block_confidence, crops in observations:
            times.append(block_times)
            confidence.append(block_confidence)
            probabilities.append(self.models.face.predict(crops))
            judged += len(crops)
            self.progress("face", judged, total)
        sight.times, sight.confidence = np.concatenate(times), np.concatenate(confidence)
        sight.probabilities = np.concatenate(probabilities)

    def _judge_face(self, span: Span, sight: Sight) -> FaceJudgement | None:
        """The segment's frames pooled (design, Face 4); None with too few of them."""
        inside, sampled = _inside(sight.times, span), int(_inside(sight.sampled, span).sum())
        frames = int(inside.sum())
        expected = max(sampled, round((span[1] - span[0]) * self.config.sample_fps * _LEAST_SAMPLED))
        if frames == 0 or frames < self.config.min_face_share * expected or sight.chosen is None:
            return None
        confidence = sight.confidence[inside].astype(np.float64)
        times, certainty, _ = sight.conditions
        certainty = certainty[_inside(times, span) & (certainty > 0)]
        scores = pooled_scores(sight.probabilities[inside], confidence) * (certainty.mean() if len(certainty) else 1.0)
        general = softmax(scores)
        return FaceJudgement(
            probabilities=general,
            general=general,
            scores=scores,
            track=sight.chosen.number,
            frames=frames,
            face_share=frames / sampled,
            confidence=float(confidence.mean()),
        )

    # both

    def _read(self, segments: Sequence[Segment]) -> tuple[Segment, ...]:
        """The segments with what is known of the person."""
        people = self.models.voice_for(self.config).people() if self.reference.voice is not None else None
        return read(segments, self.reference, self.config, people)

    def _segment(self, number: int, span: Span, sound: Sound, sight: Sight) -> Segment:
        voice, face = sound.judgements.get(number), sight.judgements.get(number)
        fused = fuse(
            None if face is None else face.probabilities,
            None if voice is None else voice.probabilities,
            self.config,
        )
        flags = [fused.flag] if fused.flag else []
        quality: dict[str, Any] = {}
        if sound.seconds:
            quality["speech_share"] = round(self._speech_share(sound.speech, sound.seconds, span), 4)
            quality["level_dbfs"] = round(sound.meter.level_dbfs(*span), 2)
            if sound.meter.clipped_share(*span) > CLIPPING_SHARE:
                flags.append("clipping")
            flags += [sound.objections[number]] if number in sound.objections else []
        if len(sight.sampled):
            sampled = int(_inside(sight.sampled, span).sum())
            quality["face_share"] = round(int(_inside(sight.conditions[0], span).sum()) / max(1, sampled), 4)
            quality["sampled_frames"] = sampled
            flags += _seen_badly(span, sight)
        self.progress("fusion", number + 1, len(self.spans))
        return Segment(*self.clock.shown_span(span), fused.probabilities, voice, face, quality | {"flags": flags})

    def _quality(self, segments: Sequence[Segment], sound: Sound, sight: Sight) -> dict[str, Any]:
        """How usable the recording was, and whose face was judged."""
        quality: dict[str, Any] = {
            "truncated": self.info.truncated,
            "flags": self.flags,
            "file": self.choice.as_dict(),
        }
        if sound.seconds:
            speech = cell_speech(sound.speech, 0.0, sound.seconds, sound.meter.cell_s)
            quality["speech_share"] = round(
                self._speech_share(sound.speech, sound.seconds, (0.0, self.info.content_s)), 4
            )
            quality["level_dbfs"] = round(sound.meter.level_where(speech), 2)
            quality["clipped_share"] = round(sound.meter.clipped_share(), 6)
            quality["bandwidth_hz"] = sound.bandwidth_hz
        if len(sight.sampled):
            quality["face_share"] = round(len(sight.conditions[0]) / len(sight.sampled), 4)
            quality["face_judged_share"] = round(len(sight.times) / len(sight.sampled), 4)
            quality["sampled_frames"] = len(sight.sampled)
            quality["turned_degrees"] = 90 * sight.turns
        if sight.chosen is not None:
            quality["face_size_px"] = round(sight.chosen.mean_size_px, 1)
            quality["face_confidence"] = round(sight.chosen.mean_confidence, 4)
        flags = [segment.quality["flags"] for segment in segments]
        quality["remarks"] = remarks(flags, quality, sound.front)
        chosen = None if sight.chosen is None else sight.chosen.number
        return {
            "quality": quality,
            "track": chosen,
            "tracks": [_described(track, self.clock) for track in sight.tracks],
        }

    def _shown(self, attention: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
        """The same on the player's clock."""
        return tuple((self.clock.shown(seconds), weight) for seconds, weight in attention)

    def _on_clock(self, picture: Thumbnail) -> Thumbnail:
        start, end = self.clock.shown_span((picture.start_s, picture.end_s))
        return replace(picture, time_s=self.clock.shown(picture.time_s), start_s=start, end_s=end)

    def _tolerate(self, error: RecognitionError, flag: str) -> None:
        """A stream that cannot be decoded costs its modality, not the recording; other failures are passed on."""
        if error.code != "damaged_file":
            raise error
        self.flags.append(flag)

    @contextmanager
    def _stage(self, name: str) -> Iterator[None]:
        """Time a stage and report its beginning and its end."""
        started = time.perf_counter()
        self.progress(name, 0, 1)
        yield
        self.progress(name, 1, 1)
        self.timings[name] = time.perf_counter() - started


_LEAST_SAMPLED = 0.25
"""A segment with fewer sampled frames than this share of ``sample_fps`` (frozen or missing video) needs more of them
to show the face."""


def _inside(times: np.ndarray, span: Span) -> np.ndarray:
    return (times >= span[0]) & (times < span[1])


def _seen_badly(span: Span, sight: Sight) -> list[str]:
    """Why the face counts for less or not at all in at least half of the frames in which it is seen."""
    times, _, reasons = sight.conditions
    reasons = reasons[_inside(times, span)]
    return [
        name for number, name in enumerate(REASONS) if name and (reasons == number).sum() * 2 >= max(1, len(reasons))
    ]


def _described(track: Track, clock: Clock) -> dict[str, Any]:
    return {
        "track": track.number,
        "start_s": round(clock.shown(track.start_s), 2),
        "end_s": round(clock.shown_end(track.end_s), 2),
        "seconds": round(track.followed_s, 2),
        "passages": [[round(at, 2) for at in clock.shown_span(passage)] for passage in track.passages],
        "still_s": round(track.followed_s - track.living_s, 2),
        "frames": track.n_frames,
        "confidence": round(track.mean_confidence, 4),
        "size_px": round(track.mean_size_px, 1),
    }
