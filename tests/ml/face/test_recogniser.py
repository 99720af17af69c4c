"""The network's input and the recogniser around it, on a small network with random weights."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ml import weights
from ml.emotions import EMOTIONS
from ml.errors import RecognitionError
from ml.face.descriptor import Projection, fit_projection
from ml.face.recogniser import FaceRecogniser, pack, unpack
from ml.face.vgg16 import FaceVgg16, network_input
from ml.precision import autocast

ARCHITECTURE = {"hidden": 16, "dropout": 0.5, "width": 0.125}
CARD = {"version": "face-test", "architecture": ARCHITECTURE, "input_side": 48}


@pytest.fixture(scope="module")
def crops() -> np.ndarray:
    """70 generated crops: smooth shades and noise."""
    generator = np.random.default_rng(5)
    ramp = np.linspace(0, 150, 48)[None, :, None] * generator.random((70, 1, 1)) + generator.random((70, 48, 48)) * 100
    return ramp.astype(np.uint8)


@pytest.fixture(scope="module")
def projection(crops: np.ndarray) -> Projection:
    return fit_projection(crops, components=64)


@pytest.fixture
def network() -> FaceVgg16:
    torch.manual_seed(3)
    network = FaceVgg16(vector=64, **ARCHITECTURE)
    for layer in network.modules():
        if isinstance(layer, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            layer.running_mean.normal_(0, 0.2)
            layer.running_var.uniform_(0.5, 1.5)
    return network.eval()


def test_the_full_network_has_the_thirteen_convolutions_of_vgg16() -> None:
    network = FaceVgg16()
    convolutions = [layer for layer in network.modules() if isinstance(layer, torch.nn.Conv2d)]

    assert [c.out_channels for c in convolutions] == [64] * 2 + [128] * 2 + [256] * 3 + [512] * 6
    assert {c.kernel_size for c in convolutions} == {(3, 3)}
    assert sum(p.numel() for p in network.parameters()) * 2 < 31e6


@pytest.mark.parametrize("size", [24, 32, 40, 48])
def test_every_training_size_passes_the_network(network: FaceVgg16, projection: Projection, size: int) -> None:
    channels, vector = network_input(torch.zeros(2, 48, 48, dtype=torch.uint8), projection, size)

    assert channels.shape == (2, 3, size, size)
    assert network(channels, vector).shape == (2, len(EMOTIONS))


def test_channels_do_not_change_with_brightness_and_contrast(crops: np.ndarray, projection: Projection) -> None:
    grey = torch.from_numpy(crops).float()
    plain, _ = network_input(grey, projection)
    changed, _ = network_input(grey * 2 + 10, projection)

    assert torch.allclose(plain[:, 0], changed[:, 0], atol=1e-4)
    assert (plain == changed)[:, 1:].float().mean() > 0.99


def test_a_face_of_one_grey_level_gives_finite_probabilities(network: FaceVgg16, projection: Projection) -> None:
    recogniser = FaceRecogniser(network, projection, 1.0, "test")

    assert np.isfinite(recogniser.predict(np.zeros((1, 48, 48), np.uint8))).all()


def test_probabilities_sum_to_one_and_do_not_depend_on_the_batch(
    network: FaceVgg16, projection: Projection, crops: np.ndarray
) -> None:
    recogniser = FaceRecogniser(network, projection, 1.3, "test", fast=False)
    together = recogniser.predict(crops)

    assert together.shape == (70, 7)
    assert together.dtype == np.float32
    assert np.allclose(together.sum(axis=1), 1, atol=1e-6)
    assert np.allclose(together[40:41], recogniser.predict(crops[40:41]), atol=1e-5)
    assert recogniser.predict(crops[:0]).shape == (0, 7)


def test_bfloat16_answers_within_a_hundredth_of_float32(
    network: FaceVgg16, projection: Projection, crops: np.ndarray
) -> None:
    card_tensors = pack(network, projection, 1.0)
    exact = FaceRecogniser(*unpack(card_tensors, CARD | {"architecture": _small()}), "test", fast=False)
    fast = FaceRecogniser(*unpack(card_tensors, CARD | {"architecture": _small()}), "test", fast=True)

    assert np.abs(exact.predict(crops) - fast.predict(crops)).max() < 1e-2


@pytest.mark.parametrize(("features", "dtype"), [({"avx512_bf16": True}, torch.bfloat16), ({}, torch.float32)])
def test_a_processor_without_bfloat16_computes_in_float32(
    features: dict[str, bool], dtype: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: features)
    with autocast(torch.device("cpu")):
        assert torch.nn.functional.linear(torch.ones(1, 2), torch.ones(2, 2)).dtype == dtype


def test_folding_batch_normalisation_changes_nothing(
    network: FaceVgg16, projection: Projection, crops: np.ndarray
) -> None:
    with torch.inference_mode():
        plain = torch.softmax(network(*network_input(torch.from_numpy(crops), projection)), 1).numpy()

    assert np.allclose(FaceRecogniser(network, projection, 1.0, "test", fast=False).predict(crops), plain, atol=1e-5)


def test_stored_weights_reload_to_the_same_answers(
    network: FaceVgg16, projection: Projection, crops: np.ndarray, tmp_path: Path
) -> None:
    tensors = pack(network, projection, 1.7)
    weights.write("face", tensors, CARD | {"architecture": _small()}, tmp_path)
    loaded = FaceRecogniser.load(tmp_path)
    direct = FaceRecogniser(*unpack(tensors, CARD | {"architecture": _small()}), "test")

    assert loaded.version == "face-test"
    assert np.allclose(loaded.predict(crops), direct.predict(crops), atol=1e-6)  # sums may be shared out otherwise
    assert {t.dtype for t in tensors.values()} == {torch.float16, torch.float32, torch.int64}


def test_weights_of_another_network_are_called_damaged(
    network: FaceVgg16, projection: Projection, tmp_path: Path
) -> None:
    weights.write("face", pack(network, projection, 1.0), CARD | {"architecture": _small() | {"hidden": 17}}, tmp_path)

    with pytest.raises(RecognitionError) as caught:
        FaceRecogniser.load(tmp_path)
    assert caught.value.code == "weights_damaged"


@pytest.mark.parametrize("shape", [(48, 48), (2, 47, 48), (2, 48, 48, 1)])
def test_crops_of_another_shape_are_refused(network: FaceVgg16, projection: Projection, shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="48"):
        FaceRecogniser(network, projection, 1.0, "test").predict(np.zeros(shape, np.uint8))


def test_importing_the_face_package_does_not_import_torch() -> None:
    import subprocess
    import sys

    code = "import sys, ml.face; sys.exit('torch' in sys.modules or 'cv2' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _small() -> dict[str, float]:
    return ARCHITECTURE | {"vector": 64}
