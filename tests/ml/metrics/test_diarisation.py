"""The diarisation error rate against cases that can be worked out on paper, and its laws."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ml.metrics.diarisation import DiarisationErrors, Speech, diarisation_errors, read_rttm

TRUTH = [Speech(0, 10, "A"), Speech(10, 20, "B"), Speech(18, 22, "A")]

STRETCHES = st.lists(
    st.tuples(st.integers(0, 50), st.integers(1, 20), st.sampled_from("ABCD")).map(
        lambda each: Speech(float(each[0]), float(each[0] + each[1]), each[2])
    ),
    max_size=12,
)


def test_the_truth_has_no_error_whatever_its_voices_are_called() -> None:
    renamed = [Speech(each.start_s, each.end_s, {"A": "2", "B": "1"}[each.speaker]) for each in TRUTH]
    assert diarisation_errors(TRUTH, renamed) == DiarisationErrors(speech=24)


def test_one_voice_for_two_people_confuses_the_smaller_and_misses_the_overlap() -> None:
    errors = diarisation_errors(TRUTH, [Speech(0, 22, "1")])
    assert errors == DiarisationErrors(speech=24, missed=2, false_alarm=0, confusion=8)
    assert errors.as_dict() == pytest.approx({"der": 10 / 24, "confusion": 8 / 24, "missed": 2 / 24, "false_alarm": 0})


def test_speech_where_there_is_none_is_a_false_alarm() -> None:
    assert diarisation_errors([Speech(0, 4, "A")], [Speech(0, 6, "1")]).false_alarm == 2
    assert diarisation_errors([], [Speech(0, 6, "1")]) == DiarisationErrors(false_alarm=6)


def test_no_answer_misses_everything() -> None:
    assert diarisation_errors(TRUTH, []).as_dict()["missed"] == 1.0
    assert diarisation_errors([], []).as_dict()["der"] == 0.0


@given(STRETCHES, STRETCHES)
def test_errors_never_depend_on_names_and_keep_within_the_time(truth: list[Speech], answer: list[Speech]) -> None:
    errors = diarisation_errors(truth, answer)
    turned = [
        Speech(each.start_s, each.end_s, {"A": "D", "B": "C", "C": "B", "D": "A"}[each.speaker]) for each in answer
    ]
    assert diarisation_errors(truth, turned) == errors
    assert errors.missed + errors.confusion <= errors.speech + 1e-9
    assert diarisation_errors(truth, truth).as_dict()["der"] == 0.0


def test_rttm_lines_are_read_and_a_broken_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.rttm"
    path.write_text("SPEAKER a 1 1.5 2.0 <NA> <NA> X <NA> <NA>\nNON-SPEECH a 1 0 1\n\n", encoding="utf-8")
    assert read_rttm(path) == [Speech(1.5, 3.5, "X")]
    path.write_text("SPEAKER a 1 1.5 nan <NA> <NA> X <NA> <NA>\n", encoding="utf-8")
    with pytest.raises(ValueError, match="line 1"):
        read_rttm(path)
