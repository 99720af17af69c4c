"""Options given as NAME=VALUE on the command line."""

import pytest

from ml.training.face.fine_tune import FineTuneOptions
from ml.training.face.options import FaceTrainingOptions
from ml.training.options import with_settings

OPTIONS = FaceTrainingOptions()


def test_each_setting_has_the_type_of_the_option_it_replaces() -> None:
    changed = with_settings(OPTIONS, ["mixup=0.2", "batch=3", "stages=48x1@0.1"])

    assert (changed.mixup, changed.batch, changed.stages) == (0.2, 3, "48x1@0.1")
    assert changed.seed == OPTIONS.seed


@pytest.mark.parametrize("setting", ["mixup", "mixed=0.2", "source=/tmp", "=1"])
def test_what_cannot_be_set_is_quoted_with_the_names_that_can(setting: str) -> None:
    with pytest.raises(ValueError, match=r"NAME=VALUE.*mixup"):
        with_settings(OPTIONS, [setting])


def test_a_choice_of_yes_or_no_cannot_be_set_as_text() -> None:
    with pytest.raises(ValueError, match=r"NAME=VALUE.*epochs.*not 'balance=False'"):
        with_settings(FineTuneOptions(), ["balance=False"])


def test_a_value_of_another_type_is_named() -> None:
    with pytest.raises(ValueError, match="batch must be a number like 128"):
        with_settings(OPTIONS, ["batch=many"])
