"""Long sound on disk."""

import re
from pathlib import Path

import numpy as np
import pytest

from ml.spool import spool


def test_a_slice_is_what_was_written(tmp_path: Path) -> None:
    parts = [np.random.default_rng(n).random(1000 + n).astype(np.float32) for n in range(3)]
    whole, spooled = np.concatenate(parts), spool(iter(parts), tmp_path / "a")
    assert len(spooled) == len(whole)
    for piece in (slice(0, 10), slice(999, 1500), slice(2000, None), slice(5000, 6000), slice(None)):
        np.testing.assert_array_equal(spooled[piece], whole[piece])
    np.testing.assert_array_equal(spooled[10:30:3], whole[10:30:3])
    assert [spooled[at] for at in (0, 7, -1, -len(whole))] == [whole[at] for at in (0, 7, -1, -len(whole))]
    with pytest.raises(IndexError):
        spooled[len(whole)]


def test_nothing_spooled_is_an_empty_array(tmp_path: Path) -> None:
    assert spool(iter([]), tmp_path / "a").shape == (0,)


def mapped_kb() -> int:
    """Memory of this process that mirrors files."""
    return int(re.search(r"RssFile:\s+(\d+)", Path("/proc/self/status").read_text())[1])


def test_reading_all_of_a_long_recording_keeps_none_of_it_in_memory(tmp_path: Path) -> None:
    block = np.ones(4_000_000, dtype=np.float32)
    spooled = spool((block for _ in range(20)), tmp_path / "a")
    before = mapped_kb()
    total = sum(float(spooled[at : at + 1_000_000].sum()) for at in range(0, len(spooled), 1_000_000))
    assert total == 80_000_000
    assert all(spooled[at] == 1 for at in range(0, len(spooled), 10_000))
    assert mapped_kb() - before < 2_000
