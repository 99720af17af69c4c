"""The streams of a file and their time, from ffmpeg's own record of every packet (its ``framecrc`` format).

The record says of each stream its kind, codec and size, and of each packet its time and length. All of that is
ffmpeg's: numbers and names from its own lists. No tag, title or other text from inside the file stands in it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction

from ml.clock import Span
from ml.errors import RecognitionError

HOLE_S = 2.0
"""No packet lasts longer than this many seconds. Where the file says that one does, time jumps after it, or a picture
stands still: it is taken to be as long as the one before, and what follows until the next is a hole."""
_MOST_HOLES = 10_000
_MOST_STREAMS = 64
_UNKNOWN_TIME = -(2**63)
_TIME_LIMIT = 2**62


@dataclass(slots=True)
class Packets:
    """One stream and where it has packets.

    Attributes:
        facts: header lines by name, such as media_type, codec_id, dimensions, sample_rate.
        tick_s: length of one unit of its time in seconds.
        count: packets so far.
    """

    facts: dict[str, str] = field(default_factory=dict)
    tick_s: float = 0.0
    count: int = 0
    _longest: int = 0
    _usual: int = 0
    _spans: list[list[int]] = field(default_factory=list)

    def set_unit(self, unit: str) -> None:
        """Take the header line that says how long a tick is, such as 1/44100."""
        tick = Fraction(unit)
        if tick <= 0:
            raise ValueError("a tick without length")
        self.tick_s, self._longest = float(tick), max(1, int(Fraction(HOLE_S) / tick))

    def add(self, start: int, length: int) -> None:
        """Take one packet.

        Args:
            start, length: in ticks. Packets come nearly in order: pictures that are coded later than shown may lie
                before those already taken.
        """
        self.count += 1
        if length != self._usual and 0 < length <= self._longest:
            self._usual = length
        if self._spans:
            newest = self._spans[-1]
            if newest[0] <= start <= newest[1]:
                newest[1] = max(newest[1], start + self._usual)
                return
        self._add_apart(start)

    def _add_apart(self, start: int) -> None:
        """Take a packet that does not follow at once upon what is there."""
        if start == _UNKNOWN_TIME:
            start = max((span[1] for span in self._spans[-1:]), default=0)
        if not -_TIME_LIMIT < start < _TIME_LIMIT:
            raise RecognitionError("damaged_file", "a packet at an impossible time")
        end = max(start + self._usual, 0)
        start = max(start, 0)
        for span in reversed(self._spans[-3:]):
            if span[0] - self._longest <= start <= span[1] + self._longest:
                span[0], span[1] = min(span[0], start), max(span[1], end)
                return
        self._spans.append([start, end])
        if len(self._spans) > _MOST_HOLES:
            raise RecognitionError("damaged_file", "implausibly many jumps in time")

    def size(self) -> tuple[int, int]:
        """Width and height of its pictures with square pixels; zeros where there are none."""
        width, height = (int(number) for number in self.facts.get("dimensions", "0x0").split("x"))
        across, _, down = self.facts.get("sar", "1/1").partition("/")
        if int(across) > 0 and int(down) > 0:
            width = round(width * min(4.0, max(0.25, int(across) / int(down))))
        return width, height

    @property
    def covered_s(self) -> float:
        """Seconds with packets, at least as many as one packet may fill."""
        return sum(end - start for start, end in self._spans) * self.tick_s

    def spans(self) -> list[Span]:
        """Where the stream has packets, in seconds, ascending and apart."""
        spans: list[list[int]] = []
        for start, end in sorted(self._spans):
            if spans and start <= spans[-1][1]:
                spans[-1][1] = max(spans[-1][1], end)
            else:
                spans.append([start, end])
        return [(start * self.tick_s, end * self.tick_s) for start, end in spans]

    def holes(self, duration_s: float) -> list[Span]:
        """Where a recording of that length lacks this stream, in seconds."""
        edges = [0.0, *(edge for span in self.spans() for edge in span), duration_s]
        return [(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if end > start]


def read_packets(lines: Iterable[bytes], longest_s: float) -> list[Packets]:
    """The streams of a file, as far as memory goes in a few numbers per stream and hole.

    Args:
        lines: of the record.
        longest_s: seconds that a stream may have packets in.

    Raises:
        RecognitionError: too_long; damaged_file for time that makes no sense.
    """
    streams: list[Packets] = []
    for number, line in enumerate(lines):
        try:
            if line.startswith(b"#"):
                _take_fact(line, streams)
                continue
            place, _, start, length, _ = line.split(b",", 4)
            streams[int(place)].add(int(start), int(length))
        except (ValueError, IndexError, ZeroDivisionError):
            raise RecognitionError("decoder_failed", "a record of packets that cannot be read") from None
        if number % 4096 == 0 and any(stream.covered_s > longest_s for stream in streams):
            raise RecognitionError("too_long", f"longer than {longest_s:.0f} s")
    return streams


def _take_fact(line: bytes, streams: list[Packets]) -> None:
    """One header line such as ``#codec_id 0: h264``."""
    name, _, value = line[1:].decode("ascii", "replace").strip().partition(": ")
    kind, _, place = name.partition(" ")
    if not place.isdecimal():
        return
    if int(place) >= _MOST_STREAMS:
        raise RecognitionError("unsupported_format", "implausibly many streams")
    while len(streams) <= int(place):
        streams.append(Packets())
    streams[int(place)].facts[kind] = value
    if kind == "tb":
        streams[int(place)].set_unit(value)


def read_sizes(lines: Iterable[bytes]) -> list[tuple[int, int]]:
    """Width and height of every video stream in a record of decoded frames, with square pixels."""
    streams: list[Packets] = []
    for line in lines:
        if line.startswith(b"#"):
            _take_fact(line, streams)
    return [stream.size() for stream in streams]
