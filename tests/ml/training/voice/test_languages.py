"""A language left out of training."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ml.training.voice import train
from ml.training.voice.languages import language_left_out
from ml.training.voice.network import LearningNetwork, fit_network
from ml.training.voice.rounds import Segments
from ml.training.voice.train import VoiceOptions


@pytest.fixture
def bilingual(options: VoiceOptions, manifest: Path, tmp_path: Path) -> VoiceOptions:
    """The same recordings; the first five speakers speak one language, the last three another."""
    head, *rows = manifest.read_text().splitlines()
    with_language = [f"{manifest.parent}/{row},{'aa' if int(row[0]) < 5 else 'bb'}" for row in rows]
    (tmp_path / "two.csv").write_text("\n".join([f"{head},language", *with_language]))
    return replace(options, manifests=(tmp_path / "two.csv",))


def test_a_language_left_out_is_judged_by_networks_that_never_heard_it(
    bilingual: VoiceOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: set[str] = set()

    def watched(segments: Segments, keep: np.ndarray, *rest: Any) -> LearningNetwork:
        learned.update(segments.speakers[keep])
        return fit_network(segments, keep, *rest)

    monkeypatch.setattr(train, "fit_network", watched)
    found = language_left_out("bb", bilingual)
    assert learned == {f"s{number}" for number in range(5)}
    assert (found["speakers"], found["learned_from"]) == (3, {"aa": 5})
    assert found["general"]["n"] == found["with_history"]["n"] == 18
    assert bilingual.weights is not None
    assert not bilingual.weights.exists()
    assert language_left_out("bb", bilingual) == found


def test_a_language_that_nobody_speaks_is_refused(bilingual: VoiceOptions) -> None:
    with pytest.raises(ValueError, match="aa, bb"):
        language_left_out("cc", bilingual)
