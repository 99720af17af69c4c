"""Teachers: trained face networks whose mean answer another one learns from (Hinton, Vinyals and Dean 2015)."""

from collections.abc import Sequence
from dataclasses import replace

import torch

from ml.face.vgg16 import FaceVgg16, fast_in_bfloat16, folded
from ml.training.face_options import FaceTrainingOptions


def teacher_options(options: FaceTrainingOptions) -> list[FaceTrainingOptions]:
    """The runs of the teachers: the same options without teachers, another member, a folder inside the run's own."""
    return [
        replace(options, teachers=0, member=number, checkpoints=options.checkpoints / f"teacher-{number}")
        for number in range(1, options.teachers + 1)
    ]


class Teachers:
    """Trained networks that judge together.

    Args:
        networks: in eval mode; used up (their batch normalisation is folded into the convolutions).
        device: where they judge, in bfloat16 if it is fast in that.
    """

    def __init__(self, networks: Sequence[FaceVgg16], device: torch.device) -> None:
        self._dtype = torch.bfloat16 if fast_in_bfloat16(device) else torch.float32
        self._networks = [folded(network).to(device, self._dtype) for network in networks]

    @torch.no_grad()
    def judge(self, channels: torch.Tensor, vector: torch.Tensor) -> torch.Tensor:
        """Their mean probabilities, shape (N, 7), float32, for the network's input."""
        seen = channels.to(self._dtype), vector.to(self._dtype)
        answers = [torch.softmax(network(*seen).float(), dim=1) for network in self._networks]
        return torch.stack(answers).mean(dim=0)
