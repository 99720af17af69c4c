from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ml.data.folds import speaker_folds
from ml.data.manifest import Utterance, labelled, read_audio, read_manifest, read_manifests, speech_manifest
from ml.emotions import Emotion


def write(folder: Path, text: str) -> Path:
    manifest = folder / "manifest.csv"
    manifest.write_text(text, encoding="utf-8")
    return manifest


def test_labels_are_mapped_by_name_and_paths_are_relative_to_the_manifest(tmp_path: Path) -> None:
    manifest = write(tmp_path, "path,speaker,emotion7,corpus\na/1.wav,ann,fear,X\nb.wav,ben,neutral,Y\n")
    first, second = read_manifest(manifest)
    assert first == Utterance(tmp_path / "a/1.wav", "ann", Emotion.SCARED, "X")
    assert second.emotion is Emotion.NORMAL


def test_rows_without_a_label_are_left_out(tmp_path: Path) -> None:
    manifest = write(tmp_path, "path,speaker,emotion7\n1.wav,ann,\n2.wav,ann,surprise\n")
    assert [utterance.emotion for utterance in read_manifest(manifest)] == [Emotion.SURPRISED]
    assert read_manifest(manifest)[0].corpus == ""


def test_unnamed_speakers_are_each_their_own_and_are_never_trained_on(tmp_path: Path) -> None:
    rows = "".join(f"{number}.wav,,anger\n" for number in range(6))
    unnamed = read_manifest(write(tmp_path, f"path,speaker,emotion7\n{rows}"))
    assert len({utterance.speaker for utterance in unnamed}) == 6
    with pytest.raises(ValueError, match="names its speaker"):
        speaker_folds(unnamed, 5, seed=1)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("path,emotion7\n1.wav,anger\n", "speaker"),
        ("path,speaker,emotion7\n1.wav,ann,calm\n", "line 2: 'calm'"),
    ],
)
def test_a_manifest_that_cannot_be_read_says_where(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        read_manifest(write(tmp_path, text))


def test_a_corpus_is_taken_from_the_last_manifest_that_holds_it(tmp_path: Path) -> None:
    first = write(tmp_path, "path,speaker,emotion7,corpus\n1.wav,ann,sad,X\n2.wav,ann,sad,X\n3.wav,ben,sad,Y\n")
    (tmp_path / "later").mkdir()
    later = write(tmp_path / "later", "path,speaker,emotion7,corpus\n4.wav,ann,sad,X\n")
    assert [each.path.name for each in read_manifests((first, later))] == ["4.wav", "3.wav"]
    assert [each.path.name for each in read_manifests((later, first))] == ["1.wav", "2.wav", "3.wav"]


def test_a_manifest_without_a_label_or_with_files_gone_is_refused_before_anything_is_judged(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no labelled row"):
        labelled(write(tmp_path, "path,speaker,emotion7\n1.wav,ann,\n"))
    with pytest.raises(ValueError, match="2 of the 2 files"):
        labelled(write(tmp_path, "path,speaker,emotion7\n1.wav,ann,sad\n2.wav,ann,sad\n"))


def test_audio_of_any_rate_and_channels_becomes_16_khz_mono(tmp_path: Path) -> None:
    time = np.arange(44_100) / 44_100
    tone = 0.5 * np.sin(2 * np.pi * 300 * time)
    soundfile.write(tmp_path / "stereo.wav", np.stack([tone, tone], axis=1), 44_100)
    samples = read_audio(tmp_path / "stereo.wav")
    assert samples.dtype == np.float32
    assert len(samples) == 16_000
    assert np.allclose(
        samples[100:-100], 0.5 * np.sin(2 * np.pi * 300 * np.arange(16_000) / 16_000)[100:-100], atol=5e-3
    )


@pytest.mark.data
def test_the_research_corpora_are_read_whole(research_data: Path) -> None:
    assert speech_manifest() == research_data / "speech" / "manifest.csv"
    utterances = read_manifest(speech_manifest())
    assert Counter(utterance.corpus for utterance in utterances) == {"RAVDESS": 988, "EmoDB": 350, "CASIA": 900}
    assert not any(u.corpus == "CASIA" and u.emotion is Emotion.DISGUST for u in utterances)
    assert len({utterance.speaker for utterance in utterances}) == 30
    assert read_audio(utterances[0].path).ndim == 1
