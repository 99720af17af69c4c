"""The face's texture vector: block-weighted and multi-scale LBP histograms, then PCA (paper section 3.1, steps 1-6).

1. The LBP image is divided into 64 sub-regions (8x8), each with a fixed weight (``BLOCK_WEIGHTS``).
2. The histogram of each sub-region is multiplied by its weight.
3. These are concatenated.
4. The whole image is partitioned again, from small to large parts: 4x4, 2x2, 1x1 (the 8x8 partition is step 3's).
5. The histograms of all levels are concatenated.
6. Both vectors together, for every (P, R) of ``lbp.SCALES``, are reduced by PCA.

Histograms hold the square root of frequencies: a histogram's largest bins would otherwise rule its principal axes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch

from ml.face.lbp import SCALES, lbp_codes

GRID = 8
"""Sub-regions per side in steps 1-3."""

PARTITIONS: tuple[int, ...] = (4, 2, 1)
"""Parts per side of the growing partitions in steps 4-5."""

BLOCK_WEIGHTS: tuple[tuple[float, ...], ...] = (
    (0.5, 0.5, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5),  # forehead
    (0.5, 1.5, 1.5, 1.5, 1.5, 1.5, 1.5, 0.5),  # brows
    (1.0, 2.0, 2.0, 1.5, 1.5, 2.0, 2.0, 1.0),  # eyes
    (1.0, 1.5, 1.5, 1.0, 1.0, 1.5, 1.5, 1.0),  # lower lids
    (0.5, 1.0, 1.0, 1.5, 1.5, 1.0, 1.0, 0.5),  # nose and cheeks
    (0.5, 1.0, 1.5, 2.0, 2.0, 1.5, 1.0, 0.5),  # upper lip
    (0.5, 1.0, 2.0, 2.0, 2.0, 2.0, 1.0, 0.5),  # mouth
    (0.5, 0.5, 1.0, 1.5, 1.5, 1.0, 0.5, 0.5),  # chin
)
"""Weights of the 64 sub-regions, row by row, of a face framed as in FER2013: brows, eyes and mouth carry the
expression, the corners mostly hair and background."""

COMPONENTS = 128
"""Length of the vector after PCA."""


def feature_length(scales: Sequence[tuple[int, int]] = SCALES) -> int:
    """Length of the histogram vector before PCA."""
    regions = GRID**2 + sum(parts**2 for parts in PARTITIONS)
    return regions * sum(points + 2 for points, _ in scales)


def lbp_images(grey: torch.Tensor) -> dict[tuple[int, int], torch.Tensor]:
    """The LBP-coded image at every scale of ``lbp.SCALES``; ``grey`` as in ``lbp_codes``."""
    return {(points, radius): lbp_codes(grey, points, radius) for points, radius in SCALES}


def histogram_features(codes: Mapping[tuple[int, int], torch.Tensor]) -> torch.Tensor:
    """Steps 1-5: the concatenated histograms of LBP-coded images.

    Args:
        codes: for each (P, R) the codes, shape (N, H, W), with H and W divisible by 8.

    Returns:
        Shape (N, ``feature_length``), float32.
    """
    features: list[torch.Tensor] = []
    for (points, _), coded in codes.items():
        counts = _block_counts(coded, points + 2)
        features.append((_root_frequencies(counts) * _block_weights(counts.device)).flatten(1))
        for parts in PARTITIONS:
            side = GRID // parts
            merged = counts.unflatten(1, (parts, side)).unflatten(3, (parts, side)).sum(dim=(2, 4))
            features.append(_root_frequencies(merged).flatten(1))
    return torch.cat(features, dim=1)


@lru_cache(maxsize=4)
def _block_weights(device: torch.device) -> torch.Tensor:
    """``BLOCK_WEIGHTS`` on the device, shape (8, 8, 1)."""
    return torch.tensor(BLOCK_WEIGHTS, device=device)[:, :, None]


def _block_counts(coded: torch.Tensor, bins: int) -> torch.Tensor:
    """Histograms of the 8x8 sub-regions, shape (N, 8, 8, bins), as float32 counts."""
    images, height, width = coded.shape
    if height % GRID or width % GRID:
        raise ValueError(f"image sides must be divisible by {GRID}, not {height}x{width}")
    device = coded.device
    rows = torch.arange(height, device=device) // (height // GRID)
    columns = torch.arange(width, device=device) // (width // GRID)
    block = rows[:, None] * GRID + columns[None, :]
    index = ((torch.arange(images, device=device)[:, None, None] * GRID**2 + block) * bins + coded).flatten()
    counts = torch.zeros(images * GRID**2 * bins, device=device)  # torch.bincount would wait for the GPU
    counts.scatter_add_(0, index, torch.ones(1, device=device).expand(len(index)))
    return counts.view(images, GRID, GRID, bins)


def _root_frequencies(counts: torch.Tensor) -> torch.Tensor:
    return (counts / counts.sum(dim=-1, keepdim=True)).sqrt()


@dataclass(frozen=True)
class Projection:
    """A fitted PCA with the standard deviation of each component.

    Attributes:
        mean: shape (F,), float32.
        components: shape (C, F), float32, orthonormal rows.
        scale: shape (C,), float32, standard deviation of each component on the training data.
    """

    mean: torch.Tensor
    components: torch.Tensor
    scale: torch.Tensor

    def project(self, features: torch.Tensor) -> torch.Tensor:
        """Step 6: principal components of ``features`` (N, F), shape (N, C)."""
        return (features - self.mean) @ self.components.T

    def standardise(self, features: torch.Tensor) -> torch.Tensor:
        """Principal components in units of their standard deviation, as the network takes them, shape (N, C)."""
        return self.project(features) / self.scale

    def to(self, device: torch.device | str) -> "Projection":
        """The same projection on another device."""
        return Projection(self.mean.to(device), self.components.to(device), self.scale.to(device))


def fit_projection(images: np.ndarray, components: int = COMPONENTS, batch: int = 512, seed: int = 0) -> Projection:
    """Fit the PCA of step 6 with scikit-learn.

    Args:
        images: faces of the training split, uint8, shape (N, 48, 48); N must exceed ``components``.
        components: length of the reduced vector.
        batch: images whose histograms are computed at a time.
        seed: of the randomised solver.
    """
    from sklearn.decomposition import PCA

    features = np.concatenate(
        [
            histogram_features(lbp_images(torch.from_numpy(images[start : start + batch]))).numpy()
            for start in range(0, len(images), batch)
        ]
    )
    pca = PCA(n_components=components, svd_solver="randomized" if len(images) > 2000 else "full", random_state=seed)
    pca.fit(features)
    return Projection(
        mean=torch.from_numpy(pca.mean_.astype(np.float32)),
        components=torch.from_numpy(pca.components_.astype(np.float32)),
        scale=torch.from_numpy(np.sqrt(pca.explained_variance_).astype(np.float32)),
    )
