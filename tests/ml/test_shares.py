"""Which moments are too close to call, for the command line and the site alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.emotions import EMOTIONS, NEGATIVE
from ml.shares import UNCLEAR_MARGIN, contenders, is_unclear, is_undecided
from tests.factories import probabilities


@st.composite
def distributions(draw: st.DrawFn) -> dict[str, float]:
    weights = draw(st.lists(st.floats(0.001, 1), min_size=7, max_size=7))
    return {name: weight / sum(weights) for name, weight in zip(EMOTIONS, weights, strict=True)}


@given(distributions())
def test_contenders_are_those_within_the_margin_the_likeliest_first(found):
    top = max(found.values())
    likely = contenders(found)
    assert found[likely[0]] == top
    assert set(likely) == {name for name in EMOTIONS if top - found[name] < UNCLEAR_MARGIN}
    assert is_unclear(found) == (len(likely) > 1)


@given(distributions())
def test_below_23_per_cent_nothing_is_clear(found):
    if max(found.values()) < 0.228:
        assert is_unclear(found)


@given(distributions())
def test_only_unclear_moments_are_undecided(found):
    if is_undecided(found):
        assert is_unclear(found)
        assert 0 < sum(name in NEGATIVE for name in contenders(found)) < len(contenders(found))


@pytest.mark.parametrize(
    ("first", "second", "unclear", "undecided"),
    [
        ({"happy": 0.42}, {"sad": 0.30}, False, False),
        ({"happy": 0.40}, {"sad": 0.31}, True, True),
        ({"sad": 0.40}, {"anger": 0.31}, True, False),
        ({"happy": 0.40}, {"normal": 0.31}, True, False),
    ],
)
def test_a_pair_is_unclear_within_ten_points_and_undecided_across_the_line(first, second, unclear, undecided):
    found = dict.fromkeys(EMOTIONS, 0.05) | first | second
    assert (is_unclear(found), is_undecided(found)) == (unclear, undecided)


def test_a_gap_is_neither_and_a_sure_moment_is_clear():
    assert not is_unclear(None)
    assert not is_undecided(None)
    assert contenders(probabilities("scared")) == ("scared",)
