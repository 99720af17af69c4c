"""Fine-tuning on a video corpus in CHEAVD2.0's form, from clips and a list to weights that judge a recording."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from ml import weights as stored
from ml.__main__ import app
from ml.config import Config
from ml.data.clip_faces import collect_faces
from ml.data.manifest import read_manifest
from ml.face.collector import FaceCollector
from ml.models import Models
from ml.recognise import recognise
from ml.training.face import transfer
from ml.training.face.network import face_logits
from tests.ml.clips import ffmpeg, make_clip

LOOKS = {"happy": "white@0.6", "sad": "black@0.75", "anxious": "gray@0.0"}
"""How the lower half of the portrait is shaded, by CHEAVD2.0's label: something a small network can learn."""
SPEAKERS = 4


@pytest.fixture(scope="module")
def corpus(portrait: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve clips of four speakers, who are the portrait at different times; one more is torn, one shows nobody."""
    folder = tmp_path_factory.mktemp("cheavd")
    rows = ["file,label,speaker"]
    for speaker in range(SPEAKERS):
        for label, colour in LOOKS.items():
            name = f"{speaker}-{label}.mp4"
            shade = f"drawbox=x=0:y=ih*0.36:w=iw:h=ih:color={colour}:t=fill"
            ffmpeg("-ss", f"{speaker * 1.1:.1f}", "-t", "1.2", "-i", portrait, "-vf", shade, "-an", folder / name)
            rows.append(f"{name},{label},{speaker}")
    (folder / "torn.mp4").write_bytes((folder / "0-sad.mp4").read_bytes()[:900])
    make_clip(folder / "nobody.mp4", seconds=1)
    rows += ["torn.mp4,sad,0", "nobody.mp4,neutral,1"]
    (folder / "list.csv").write_text("\n".join(rows) + "\n")
    assert run("corpus", "cheavd", folder, "--list", folder / "list.csv", "--out", folder / "manifest.csv") == 0
    return folder / "manifest.csv"


def run(*arguments: str | Path) -> Any:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return json.loads(done.stdout) if done.exit_code == 0 and done.stdout.startswith("{") else done.exit_code


def tune(corpus: Path, tiny_weights: Path, folder: Path, *more: str) -> Any:
    return run(
        *("train", "fine-tune", "--manifest", corpus, "--start", tiny_weights, "--weights", folder / "weights"),
        *("--checkpoints", folder / "kept", "--folds", "2", "--set", "epochs=80", "--set", "lr=0.02", *more),
    )


def test_a_corpus_of_clips_becomes_weights_that_know_it_better(
    corpus: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    said = tune(corpus, tiny_weights, tmp_path)

    assert said["data"]["clips"] == SPEAKERS * len(LOOKS)
    assert said["data"]["trained_on"] == 4 * SPEAKERS * len(LOOKS)
    assert said["data"]["unusable"] == 2
    assert said["data"]["folds"] == "by speaker"
    assert said["fine_tuned"]["n"] == said["as_begun"]["n"] == SPEAKERS * len(LOOKS)
    assert said["fine_tuned"]["accuracy"] >= max(0.75, said["as_begun"]["accuracy"] + 0.25)

    begun, made = stored.read("face", tiny_weights)[0], stored.read("face", tmp_path / "weights")[0]
    changed = {name for name in begun if not torch.equal(begun[name], made[name])}
    assert {"network.classifier.weight", "network.connected.0.weight"} <= changed
    assert not any(name.startswith(("network.convolutions", "projection")) for name in changed)

    clip = corpus.parent / "0-happy.mp4"
    seen = recognise(clip, Models.load(tmp_path / "weights"), Config(voice=False, segment_s=1.2, hop_s=1.2))
    assert seen.segments[0].label == "happy"
    assert seen.model["face"]["version"] == said["version"]
    assert "voice" in stored.card(tmp_path / "weights")
    card = json.dumps(stored.card(tmp_path / "weights")["face"])
    assert str(tmp_path) not in card
    assert str(corpus.parent) not in card


def test_a_run_that_was_stopped_goes_on(
    corpus: Path, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clips = read_manifest(corpus)

    def stop(what: str, completed: float, total: float) -> None:
        if completed == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        collect_faces(clips, tmp_path / "kept", 4, Config(voice=False), stop)
    looked = []
    feed = FaceCollector.feed
    monkeypatch.setattr(FaceCollector, "feed", lambda self, at, frame: (looked.append(at), feed(self, at, frame))[1])
    first = tune(corpus, tiny_weights, tmp_path)
    assert sum(at == 0 for at in looked) == len(clips) - 3 - 1  # the torn clip has no frame to look at
    looked.clear()
    again = tune(corpus, tiny_weights, tmp_path)
    assert looked == []
    assert again == first
    assert (tmp_path / "kept").stat().st_mode & 0o077 == 0


def test_no_face_is_learned_from_by_the_network_that_judges_it(
    corpus: Path, tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learned: list[set[bytes]] = []
    judged: list[set[bytes]] = []

    def fake(network: Any, projection: Any, images: np.ndarray, labels: np.ndarray, **options: Any) -> Any:
        learned.append({image.tobytes() for image in images})
        return network

    def watched(network: Any, projection: Any, images: np.ndarray, **options: Any) -> torch.Tensor:
        judged.append({image.tobytes() for image in images})
        return face_logits(network, projection, images, **options)

    monkeypatch.setattr(transfer, "fine_tune_face", fake)
    monkeypatch.setattr(transfer, "face_logits", watched)
    tune(corpus, tiny_weights, tmp_path)
    (one, other, everything), (all_before, first, second) = learned, judged
    assert one.isdisjoint(first)
    assert other.isdisjoint(second)
    assert one | first == other | second == everything == all_before


def test_what_was_begun_with_is_never_overwritten(corpus: Path, tiny_weights: Path, tmp_path: Path) -> None:
    before = (tiny_weights / "face.safetensors").read_bytes()
    done = run("train", "fine-tune", "--manifest", corpus, "--start", tiny_weights, "--weights", tiny_weights)
    assert done == 2
    assert (tiny_weights / "face.safetensors").read_bytes() == before


def test_a_corpus_without_faces_is_refused_in_a_sentence(tmp_path: Path, tiny_weights: Path) -> None:
    make_clip(tmp_path / "tone.wav", picture=False)
    (tmp_path / "manifest.csv").write_text("path,speaker,emotion7\ntone.wav,one,sad\n")
    done = CliRunner().invoke(
        app,
        [
            *("train", "fine-tune", "--manifest", str(tmp_path / "manifest.csv"), "--start", str(tiny_weights)),
            *("--weights", str(tmp_path / "weights"), "--checkpoints", str(tmp_path / "kept")),
        ],
    )
    assert done.exit_code == 2
    assert "clips of 0 speakers show a face" in " ".join(done.stderr.split())
    assert not (tmp_path / "weights").exists()


def test_without_named_speakers_the_card_says_that_folds_are_of_clips(
    corpus: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    listed = [line.rsplit(",", 1)[0] for line in (corpus.parent / "list.csv").read_text().splitlines()]
    (tmp_path / "list.csv").write_text("\n".join(listed) + "\n")
    manifest = tmp_path / "manifest.csv"
    assert run("corpus", "cheavd", corpus.parent, "--list", tmp_path / "list.csv", "--out", manifest) == 0
    said = tune(manifest, tiny_weights, tmp_path, "--set", "epochs=1")
    assert said["data"]["folds"].startswith("by clip")
