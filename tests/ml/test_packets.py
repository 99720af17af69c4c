"""From ffmpeg's record of packets to streams and their time, in bounded memory and whatever the record says."""

from collections.abc import Iterator

import pytest

from ml.errors import RecognitionError
from ml.packets import Packets, read_packets, read_sizes

HEADER = [b"#tb 0: 1/1000", b"#media_type 0: audio", b"#codec_id 0: opus", b"#sample_rate 0: 48000"]


def packet(start_s: float, length_s: float = 0.02, stream: int = 0) -> bytes:
    start, length = round(start_s * 1000), round(length_s * 1000)
    return f"{stream},{start:11},{start:11},{length:9},      100, 0x00000000, F=0x0".encode()


def read(*lines: bytes, longest_s: float = 7200) -> Packets:
    return read_packets([*HEADER, *lines], longest_s)[0]


def steady(start_s: float, end_s: float) -> list[bytes]:
    return [packet(start_s + 0.02 * n) for n in range(round((end_s - start_s) / 0.02))]


def test_packets_in_a_row_leave_no_hole() -> None:
    stream = read(*steady(0, 10))
    assert stream.spans() == [(0, 10)]
    assert stream.holes(10) == []
    assert stream.facts["codec_id"] == "opus"


def test_a_jump_leaves_a_hole_even_where_the_packet_before_it_claims_to_last_until_then() -> None:
    assert read(*steady(0, 2), *steady(3002, 3004)).holes(3004) == [(2, 3002)]
    claimed = read(*steady(0, 2), packet(2, 3000), *steady(3002, 3004))
    assert claimed.holes(3004) == [(pytest.approx(2.02), 3002)]


def test_pictures_coded_before_they_are_shown_leave_no_hole() -> None:
    order = [0.0, 0.16, 0.08, 0.04, 0.12]
    lines = [packet(4 * 0.04 * group + start, 0.04) for group in range(200) for start in order[:4]]
    assert len(read(*lines).spans()) == 1
    across = [packet(0.0), packet(3000.0), packet(0.02), packet(3000.02), packet(0.04)]
    assert read(*across).spans() == [(0, pytest.approx(0.06)), (3000, pytest.approx(3000.04))]
    with_a_short_hole = [packet(0.0), packet(3000.0), packet(0.5)]
    assert read(*with_a_short_hole).spans() == [(0, pytest.approx(0.52)), (3000, pytest.approx(3000.02))]


def test_what_comes_late_or_ends_early_is_missing_there() -> None:
    assert read(*steady(5, 8)).holes(12) == [(0, 5), (8, 12)]


def test_more_than_the_limit_is_refused_long_before_the_end() -> None:
    taken = 0

    def endless() -> Iterator[bytes]:
        nonlocal taken
        yield from HEADER
        while True:
            yield packet(taken * 0.02)
            taken += 1

    with pytest.raises(RecognitionError) as caught:
        read_packets(endless(), 60)
    assert caught.value.code == "too_long"
    assert taken < 10_000


def test_a_jump_does_not_count_towards_the_limit() -> None:
    assert read(*steady(0, 100), *steady(100_000, 100_100), longest_s=201).covered_s == pytest.approx(200)


@pytest.mark.parametrize(
    "lines",
    [
        [b"0, 1, 2"],
        [b"9,          0,          0,       20,      100, 0x0"],
        [b"#tb 0: 0/1"],
        [b"#tb 0: 1/0"],
        [b"#tb 0: none"],
        [b"nothing at all"],
        [packet(1e16)],
        [packet(20.0 * n) for n in range(20_000)],
        [b"#tb 64: 1/25"],
        [b"#tb 99999999999999999999: 1/25"],
    ],
)
def test_a_record_that_makes_no_sense_is_a_named_error(lines: list[bytes]) -> None:
    with pytest.raises(RecognitionError) as caught:
        read(*lines)
    assert caught.value.code in {"decoder_failed", "damaged_file", "unsupported_format"}


def test_sizes_are_given_with_square_pixels() -> None:
    record = [b"#dimensions 0: 720x576", b"#sar 0: 16/15", b"#dimensions 1: 120x160", b"#sar 1: 0/1"]
    assert read_sizes(record) == [(768, 576), (120, 160)]
