import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ml.errors import RecognitionError
from ml.reference import CLASSES, Evidence, Reference


def evidence(seed: int, segments: int = 6, model: str = "voice-test") -> Evidence:
    draws = np.random.default_rng(seed)
    found = Evidence.of_recording(
        model,
        draws.uniform(1, 3, segments),
        draws.dirichlet(np.ones(7), segments),
        draws.standard_normal((segments, 7)),
    )
    assert found is not None
    return found


@given(st.permutations(range(5)))
def test_the_order_of_recordings_does_not_matter(order: list[int]) -> None:
    def gathered(numbers: list[int]) -> dict[str, object]:
        return Reference.gathered(Reference(voice=evidence(n), face=evidence(n + 9)) for n in numbers).as_dict()

    assert gathered(order) == gathered(list(range(5)))


@given(arrays(np.float64, (4, 7), elements=st.floats(-50, 50)))
def test_the_mean_is_that_of_all_segments(scores: np.ndarray) -> None:
    seconds, shares = np.array([1.0, 2.0, 3.0, 4.0]), np.full((4, 7), 1 / 7)
    one, other = (Evidence.of_recording("m", seconds[part], shares[part], scores[part]) for part in ([0, 1], [2, 3]))
    assert one is not None
    assert other is not None
    both = one + other
    assert both.sessions == 2
    assert both.mean == pytest.approx(np.average(scores, axis=0, weights=seconds))


def test_it_survives_json_and_holds_few_numbers(tmp_path: Path) -> None:
    kept = Reference(voice=evidence(1), face=None)
    path = tmp_path / "reference.json"
    path.write_text(json.dumps(kept.as_dict()))
    assert Reference.read(path).as_dict() == kept.as_dict()
    numbers = [
        v for values in kept.as_dict()["voice"].values() for v in (values if isinstance(values, list) else [values])
    ]
    assert len(numbers) <= 64


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"format": 2}', '{"format": 1, "voice": {}, "face": null}', '{"format": 1}']
)
def test_what_is_no_reference_is_refused_with_a_code(text: str, tmp_path: Path) -> None:
    path = tmp_path / "reference.json"
    path.write_text(text)
    with pytest.raises(RecognitionError) as raised:
        Reference.read(path)
    assert raised.value.code == "reference_damaged"


@pytest.mark.parametrize(
    "spoilt", [{"seconds": -1}, {"seconds": float("nan")}, {"counts": [1.0] * 6}, {"total": ["x"] * 7}]
)
def test_sums_that_cannot_be_are_refused(spoilt: dict[str, object]) -> None:
    values = Reference(voice=evidence(1)).as_dict()
    values["voice"] |= spoilt
    with pytest.raises(RecognitionError):
        Reference.from_dict(values)


def test_sums_of_different_weights_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="do not add up"):
        evidence(1) + evidence(2, model="voice-other")


def test_variety_is_one_for_equal_shares_and_nought_for_one_mood() -> None:
    seconds, scores = np.ones(7), np.zeros((7, CLASSES))
    equal = Evidence.of_recording("m", seconds, np.eye(7), scores)
    single = Evidence.of_recording("m", seconds, np.tile(np.eye(7)[2], (7, 1)), scores)
    assert equal is not None
    assert single is not None
    assert equal.variety == pytest.approx(1)
    assert single.variety == pytest.approx(0)


def test_a_recording_in_which_nothing_was_judged_leaves_nothing_behind() -> None:
    assert Evidence.of_recording("m", np.zeros(0), np.zeros((0, 7)), np.zeros((0, 7))) is None
    assert Reference.gathered([Reference(), Reference()]) == Reference()
