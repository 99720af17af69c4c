"""What a run of the face network is asked to do."""

from dataclasses import replace

import pytest

from ml.training.face.options import FaceTrainingOptions


def test_stages_say_side_and_rate_of_every_epoch() -> None:
    straight = FaceTrainingOptions(stages="32x1@0.05,40x2@0.04-0.02, 48x1@.01", warmup_epochs=0)
    epochs = straight.epochs()
    assert [(e.side, round(e.rate, 9), round(e.last_rate, 9)) for e in epochs] == [
        (32, 0.05, 0.05),
        (40, 0.04, 0.03),
        (40, 0.03, 0.02),
        (48, 0.01, 0.01),
    ]
    assert straight.rate(1.5) == pytest.approx(0.035)
    assert replace(straight, warmup_epochs=2).rate(0.99) == pytest.approx(0.025)


@pytest.mark.parametrize("text", ["48", "48x3", "48x3@", "x3@0.1", "48x3@0.1-", "48x3@fast"])
def test_a_stage_that_cannot_be_read_is_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="SIDExEPOCHS@RATE"):
        FaceTrainingOptions(stages=f"32x2@0.05,{text}").epochs()
