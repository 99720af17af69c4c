"""The corpus of tones, as files and prepared."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from ml.training.voice.prepare import Prepared, prepare
from ml.training.voice.rounds import Round
from ml.training.voice.train import VoiceOptions
from ml.voice import activity
from ml.voice.framing import SAMPLE_RATE
from tests.ml.training.voice.tones import CLASSES, TINY, TINY_NETWORK, utterance


@pytest.fixture(autouse=True)
def everything_is_speech(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tone is no speech to silero-vad; here every window is."""

    def spoken(samples: np.ndarray, gain: float | None = None) -> np.ndarray:
        return np.ones(-(-len(samples) // activity.WINDOW_SAMPLES), dtype=np.float32)

    monkeypatch.setattr(activity, "speech_probabilities", spoken)


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("corpus")
    rows = ["path,speaker,emotion7,corpus"]
    for speaker in range(8):
        for label in CLASSES:
            for take in range(2):
                name = f"{speaker}-{label}-{take}.wav"
                soundfile.write(folder / name, utterance(label, speaker, take), SAMPLE_RATE)
                rows.append(f"{name},s{speaker},{label},X")
    (folder / "manifest.csv").write_text("\n".join(rows) + "\n")
    return folder / "manifest.csv"


@pytest.fixture
def options(manifest: Path, tmp_path: Path) -> VoiceOptions:
    return VoiceOptions(
        manifests=(manifest,),
        checkpoints=tmp_path / "checkpoints",
        weights=tmp_path / "weights",
        folds=2,
        inner_share=0.25,
        speeds=(1.0, 1.1),
        noisy_speeds=(1.0,),
        fit=TINY,
        rounds=(Round("one mood"), Round("alone", altered=True)),
        network=TINY_NETWORK,
    )


@pytest.fixture
def prepared(options: VoiceOptions) -> Prepared:
    return prepare(options.utterances(), options.versions(), 3, 1)
