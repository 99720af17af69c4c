"""The face recogniser: shipped weights in, calibrated class probabilities of face crops out."""

from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from ml import weights as stored
from ml.emotions import EMOTIONS
from ml.errors import RecognitionError
from ml.face.descriptor import Projection
from ml.face.vgg16 import FACE_SIZE, FaceVgg16, folded, network_input
from ml.precision import fast_in_bfloat16

BATCH = 32
"""Faces computed together."""

_NETWORK, _PROJECTION, _TEMPERATURE = "network.", "projection.", "temperature"


class FaceRecogniser:
    """A loaded face network.

    Args:
        network, projection, temperature: as ``unpack`` returns them.
        version: of the weights, from their card.
        side: image side in pixels that the network was trained with last.
        fast: compute in bfloat16; None does so where the CPU has instructions for it. Probabilities move by less
            than 0.01.
    """

    def __init__(
        self,
        network: FaceVgg16,
        projection: Projection,
        temperature: float,
        version: str,
        *,
        side: int = FACE_SIZE,
        fast: bool | None = None,
    ) -> None:
        self.version = version
        self._side = side
        self._projection = projection
        self._temperature = temperature
        if fast is None:
            fast = fast_in_bfloat16(torch.device("cpu"))
        self._dtype = torch.bfloat16 if fast else torch.float32
        self._network = folded(network).to(self._dtype)

    @classmethod
    def load(cls, directory: Path | None = None) -> Self:
        """Load the verified weights ``face`` from ``directory`` (default: as ``ml.weights`` decides).

        Raises:
            RecognitionError: weights_missing, weights_damaged.
        """
        tensors, card = stored.read("face", directory)
        network, projection, temperature = unpack(tensors, card)
        return cls(network, projection, temperature, str(card["version"]), side=int(card["input_side"]))

    def predict(self, crops: np.ndarray) -> np.ndarray:
        """Calibrated probabilities of face crops.

        Args:
            crops: uint8, shape (N, 48, 48), framed as ``detection.crop_face`` does.

        Returns:
            float32, shape (N, 7), classes in the order of ``ml.emotions``, each row sums to 1.

        Raises:
            ValueError: crops of another shape or type.
        """
        if crops.ndim != 3 or crops.shape[1:] != (FACE_SIZE, FACE_SIZE) or crops.dtype != np.uint8:
            raise ValueError(f"expected uint8 crops of shape (N, 48, 48), not {crops.dtype} {crops.shape}")
        rows = [np.zeros((0, len(EMOTIONS)), np.float32)]
        with torch.inference_mode():
            for start in range(0, len(crops), BATCH):
                grey = torch.from_numpy(np.ascontiguousarray(crops[start : start + BATCH]))
                channels, vector = network_input(grey, self._projection, self._side)
                logits = self._network(channels.to(self._dtype), vector.to(self._dtype))
                rows.append(torch.softmax(logits.float() / self._temperature, dim=1).numpy())
        return np.concatenate(rows)


def pack(network: FaceVgg16, projection: Projection, temperature: float) -> dict[str, torch.Tensor]:
    """Tensors to be stored as ``face.safetensors``; those with more than one dimension as float16, the rest float32."""
    tensors = {_NETWORK + key: value for key, value in network.state_dict().items()}
    tensors |= {_PROJECTION + key: getattr(projection, key) for key in ("mean", "components", "scale")}
    tensors[_TEMPERATURE] = torch.tensor(temperature)
    return {key: _compact(value.detach().cpu()) for key, value in tensors.items()}


def unpack(tensors: dict[str, torch.Tensor], card: dict[str, Any]) -> tuple[FaceVgg16, Projection, float]:
    """Network (in eval mode, float32), projection and temperature from stored tensors and their card.

    Raises:
        RecognitionError: weights_damaged, when tensors are missing or do not fit the architecture on the card.
    """
    try:
        network = FaceVgg16(**card["architecture"])
        state = {key.removeprefix(_NETWORK): value for key, value in tensors.items() if key.startswith(_NETWORK)}
        network.load_state_dict({key: v.float() if v.is_floating_point() else v for key, v in state.items()})
        projection = Projection(**{key: tensors[_PROJECTION + key].float() for key in ("mean", "components", "scale")})
        return network.eval(), projection, float(tensors[_TEMPERATURE])
    except (KeyError, TypeError, RuntimeError) as error:
        raise RecognitionError("weights_damaged", "the face weights do not fit the network") from error


def _compact(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.half() if tensor.ndim > 1 else tensor
