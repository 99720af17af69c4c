"""Extended local binary patterns (paper section 3.1, "extended LBP operator"; Ojala, Pietikainen and Maenpaa 2002).

The 3x3 square of the original operator becomes a circle of radius R with P samples, each read by bilinear
interpolation. A sample not darker than the centre gives a 1. The rotation invariant uniform mapping (riu2) then keeps
the number of ones where the circle has at most two changes between 0 and 1, and P+1 for all other patterns: P+2 codes.
"""

import math
from functools import lru_cache

import torch
from torch.nn import functional

SCALES: tuple[tuple[int, int], ...] = ((8, 1), (16, 2), (24, 3))
"""The neighbourhoods (P samples, radius R in pixels) used for faces of 48x48 pixels, from fine to coarse."""

TIE = 1e-3
"""Grey levels (of 256) by which a sample may seem darker than the centre and still count as equal.

Interpolation in floating point makes flat areas uneven by about 1e-5; without the tolerance their codes would be noise.
"""


def lbp_codes(grey: torch.Tensor, points: int, radius: int) -> torch.Tensor:
    """Rotation invariant uniform LBP codes of a batch of images.

    Args:
        grey: shape (N, H, W), grey levels 0-255, any real dtype.
        points: samples on the circle, P.
        radius: radius of the circle in pixels, R.

    Returns:
        Codes 0..P+1, shape (N, H, W), dtype uint8. Beyond the border the image's edge pixels are repeated.

    Raises:
        ValueError: ``grey`` is not a batch of images.
    """
    if grey.ndim != 3:
        raise ValueError(f"expected images of shape (N, H, W), not {tuple(grey.shape)}")
    margin = radius + 1
    with torch.no_grad(), torch.autocast(grey.device.type, enabled=False):
        padded = functional.pad(grey.float()[:, None], (margin,) * 4, mode="replicate")
        differences = functional.conv2d(padded, _circle(points, radius, grey.device))
        bits = (differences >= -TIE).to(torch.uint8)
        ones = bits.sum(dim=1, dtype=torch.uint8)
        changes = (bits[:, 1:] ^ bits[:, :-1]).sum(dim=1, dtype=torch.uint8) + (bits[:, 0] ^ bits[:, -1])
        return torch.where(changes <= 2, ones, torch.full_like(ones, points + 1))


@lru_cache(maxsize=8)
def _circle(points: int, radius: int, device: torch.device) -> torch.Tensor:
    """Filters of shape (P, 1, K, K) on the device that yield sample minus centre for each of the P samples."""
    size = 2 * (radius + 1) + 1
    centre = radius + 1
    filters = torch.zeros(points, 1, size, size, dtype=torch.float64)
    for index in range(points):
        angle = 2 * math.pi * index / points
        row = centre + round(-radius * math.sin(angle), 5)
        column = centre + round(radius * math.cos(angle), 5)
        top, left = math.floor(row), math.floor(column)
        down, right = row - top, column - left
        filters[index, 0, top, left] += (1 - down) * (1 - right)
        filters[index, 0, top, left + 1] += (1 - down) * right
        filters[index, 0, top + 1, left] += down * (1 - right)
        filters[index, 0, top + 1, left + 1] += down * right
        filters[index, 0, centre, centre] -= 1
    return filters.float().to(device)
