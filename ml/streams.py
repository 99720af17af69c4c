"""What a recording holds: its streams, its time, and whether it is whole."""

from dataclasses import asdict, dataclass, replace
from typing import Any

from ml.clock import Clock, Span


@dataclass(frozen=True, slots=True)
class AudioStream:
    """One audio stream.

    Attributes:
        number: its place among the audio streams of the file, from 0.
        codec: ffmpeg's name.
        sample_rate: in Hz.
        channels: e.g. "stereo", "mono", "4 channels".
        start_s, end_s: of its first and last packet, on the player's clock.
        missing_s: seconds between them without packets, as far as they are no gap of the whole recording.
    """

    number: int
    codec: str
    sample_rate: int
    channels: str
    start_s: float
    end_s: float
    missing_s: float = 0.0

    @property
    def is_mono(self) -> bool:
        """Whether there is one channel only."""
        return self.channels == "mono" or self.channels.startswith("1 channel")


@dataclass(frozen=True, slots=True)
class VideoStream:
    """One video stream; an attached cover picture is none.

    Attributes:
        number: its place among the video streams of the file, from 0.
        codec: ffmpeg's name.
        width, height: size in pixels as shown, after rotation and with square pixels.
        fps: frames per second in the time that has frames.
        start_s, end_s, missing_s: see ``AudioStream``; a picture that stands still for seconds is missing, too.
    """

    number: int
    codec: str
    width: int
    height: int
    fps: float
    start_s: float
    end_s: float
    missing_s: float = 0.0


@dataclass(frozen=True, slots=True)
class MediaInfo:
    """What a recording holds.

    Attributes:
        container: see ``ml.containers.recognise_container``.
        duration_s: on the player's clock, measured over the packets of the file, not taken from its header.
        declared_s: what the header claims, None where it claims nothing.
        audio_streams, video_streams: those that can be read, in the file's order.
        unreadable: how many audio and video streams beside them are of a kind that nobody here can read.
        gaps: (start, end) where no stream holds anything, on the player's clock; left out of all that is read.
        truncated: the file ends before it should.
        end_known: whether the file says at all where it should end; if not, ``truncated`` is False.
        audio, video: the streams that the readers of ``ml.media`` take; None without such a stream.
    """

    container: str
    duration_s: float
    declared_s: float | None
    audio_streams: tuple[AudioStream, ...] = ()
    video_streams: tuple[VideoStream, ...] = ()
    unreadable: int = 0
    gaps: tuple[Span, ...] = ()
    truncated: bool = False
    end_known: bool = True
    audio: AudioStream | None = None
    video: VideoStream | None = None

    @property
    def has_audio(self) -> bool:
        """Whether there is sound."""
        return self.audio is not None

    @property
    def has_video(self) -> bool:
        """Whether there are moving pictures."""
        return self.video is not None

    @property
    def width(self) -> int:
        """Of the chosen video stream; 0 without one."""
        return self.video.width if self.video else 0

    @property
    def height(self) -> int:
        """Of the chosen video stream; 0 without one."""
        return self.video.height if self.video else 0

    @property
    def fps(self) -> float:
        """Of the chosen video stream; 0 without one."""
        return self.video.fps if self.video else 0.0

    @property
    def clock(self) -> Clock:
        """From the time of what is read to the player's."""
        return Clock(self.gaps)

    @property
    def content_s(self) -> float:
        """Length without the gaps: that of all that the readers give."""
        return self.duration_s - self.clock.left_out_s

    def choosing(self, *, audio: AudioStream | None = None, video: VideoStream | None = None) -> "MediaInfo":
        """The same recording with another stream for the readers to take; what is not named stays."""
        return replace(self, audio=audio or self.audio, video=video or self.video)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON; beside the streams the facts of the chosen ones."""
        return asdict(self) | {
            "has_audio": self.has_audio,
            "has_video": self.has_video,
            "width": self.width,
            "height": self.height,
            "fps": self.fps,
            "content_s": self.content_s,
        }
