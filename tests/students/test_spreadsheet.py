"""A cell is shown, never computed, and an export can be read back in."""

from hypothesis import given
from hypothesis import strategies as st

from students.spreadsheet import guarded, unguarded


@given(st.text(max_size=20))
def test_no_cell_starts_like_a_formula(text):
    assert not guarded(text).lstrip().startswith(("=", "+", "-", "@", "|", "%"))


@given(st.text(max_size=20), st.sampled_from(["", "=", "'=", " +", "' =", "'-", "@", "''|", "\t"]))
def test_what_was_exported_reads_back_as_it_was(text, start):
    assert unguarded(guarded(start + text)) == start + text
