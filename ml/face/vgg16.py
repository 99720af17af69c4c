"""VGG-16 over the face, with the texture vector joining at the fully connected layer (paper section 3.2, figure 5).

Thirteen 3x3 convolutions in five stages, each followed by batch normalisation, as the paper's network has none of its
own to train from scratch on 48x48 faces. The fifth pooling takes whatever is left (3x3 at 48 pixels) to 1x1. Input
channels are the grey image and its LBP-coded versions at two scales.
"""

from collections.abc import Mapping
from typing import TypeVar

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ml.emotions import EMOTIONS
from ml.face.descriptor import COMPONENTS, Projection, histogram_features, lbp_images
from ml.face.lbp import SCALES

STAGES: tuple[tuple[int, ...], ...] = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Output channels of the thirteen convolutions, by stage."""

CODED_SCALES = SCALES[:2]
"""The LBP scales that the network sees as images."""

Network = TypeVar("Network", bound=nn.Module)

FACE_SIZE = 48
"""Side of a face in pixels, FER2013's."""


class FaceVgg16(nn.Module):
    """VGG-16 for seven classes.

    Args:
        vector: length of the texture vector.
        hidden: units of the fully connected layer.
        dropout: share of its units dropped in training.
        width: scale of all channel counts; 1 is VGG-16, less makes a network small enough for tests.
    """

    def __init__(self, vector: int = COMPONENTS, hidden: int = 512, dropout: float = 0.5, width: float = 1.0) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1 + len(CODED_SCALES)
        for number, stage in enumerate(STAGES):
            for outputs in stage:
                scaled = max(8, int(outputs * width))
                layers += [nn.Conv2d(channels, scaled, 3, padding=1, bias=False), nn.BatchNorm2d(scaled), nn.ReLU()]
                channels = scaled
            layers.append(nn.MaxPool2d(2) if number < len(STAGES) - 1 else nn.AdaptiveAvgPool2d(1))
        self.convolutions = nn.Sequential(*layers, nn.Flatten())
        self.vector_dropout = nn.Dropout(dropout / 2)
        self.connected = nn.Sequential(
            nn.Linear(channels + vector, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Dropout(dropout)
        )
        self.classifier = nn.Linear(hidden, len(EMOTIONS))

    def features(self, channels: torch.Tensor, vector: torch.Tensor) -> torch.Tensor:
        """Output of the fully connected layer, shape (N, hidden)."""
        pooled = self.convolutions(channels)
        return self.connected(torch.cat([pooled, self.vector_dropout(vector).to(pooled.dtype)], dim=1))

    def forward(self, channels: torch.Tensor, vector: torch.Tensor) -> torch.Tensor:
        """Logits of the seven classes.

        Args:
            channels: shape (N, 3, H, W) from ``network_input``.
            vector: standardised texture vector, shape (N, C).

        Returns:
            Shape (N, 7), classes in the order of ``ml.emotions``.
        """
        return self.classifier(self.features(channels, vector))


def network_input(
    grey: torch.Tensor, projection: Projection, size: int = FACE_SIZE
) -> tuple[torch.Tensor, torch.Tensor]:
    """What the network takes for a batch of faces.

    Args:
        grey: shape (N, 48, 48), grey levels 0-255.
        projection: the fitted PCA.
        size: side in pixels to which the channels are reduced; training starts small because it is cheaper.

    Returns:
        Channels of shape (N, 3, size, size), channels_last: the face in units of its own standard deviation around its
        own mean, and the LBP codes at two scales mapped to -1..1. And the texture vector, shape (N, C).
    """
    codes = lbp_images(grey)
    vector = projection.standardise(histogram_features(codes))
    channels = torch.stack([_standardised(grey.float()), *_coded_channels(codes)], dim=1)
    if size != grey.shape[-1]:
        channels = functional.interpolate(channels, size=(size, size), mode="area")
    return channels.contiguous(memory_format=torch.channels_last), vector


def _standardised(grey: torch.Tensor) -> torch.Tensor:
    deviation, mean = torch.std_mean(grey, dim=(1, 2), keepdim=True, correction=0)
    return (grey - mean) / deviation.clamp_min(1.0)


def _coded_channels(codes: Mapping[tuple[int, int], torch.Tensor]) -> list[torch.Tensor]:
    return [codes[scale].float() * (2.0 / (scale[0] + 1)) - 1.0 for scale in CODED_SCALES]


def folded(network: FaceVgg16) -> FaceVgg16:
    """Fold batch normalisation into the convolutions, for inference; with channels_last that halves the time.

    The network itself is changed, put into eval mode and returned.
    """
    network.eval()
    layers: list[nn.Module] = []
    for layer in network.convolutions:
        if isinstance(layer, nn.BatchNorm2d) and isinstance(layers[-1], nn.Conv2d):
            layers[-1] = fuse_conv_bn_eval(layers[-1], layer)
        else:
            layers.append(layer)
    network.convolutions = nn.Sequential(*layers)
    return in_channels_last(network)


def in_channels_last(network: Network) -> Network:
    """The network itself, its convolutions' weights laid out with the channels last, as ``network_input`` is."""
    for parameter in network.parameters():
        if parameter.ndim == 4:
            parameter.data = parameter.data.contiguous(memory_format=torch.channels_last)
    return network
