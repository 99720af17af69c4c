"""Random variation of training faces, whole batches at a time, so that it costs little beside the network."""

import math

import torch
from torch.nn import functional

ROTATION_DEG = 15.0
SCALE = 0.15
SHEAR = 0.1
SHIFT_PX = 4
GAMMA = 0.35
ERASED_SHARE = 0.3
SHARP_SHARE = 0.3
"""Share of faces that are only flipped and moved by whole pixels: interpolation blurs, and the network, its LBP
channels and its texture vector must see unblurred skin too, as in use."""


def augment(images: torch.Tensor, strength: float = 1.0) -> torch.Tensor:
    """Flip, rotate, scale, shear, move, brighten and partly erase each face at random.

    Args:
        images: uint8, shape (N, H, W).
        strength: factor of rotation, scaling, shear and shift.

    Returns:
        Grey levels 0-255 without fraction, float32, shape (N, H, W). Draws from torch's global generator.
    """
    count, height, width = images.shape
    device = images.device
    affine = _random_affine(count, height, strength, device)
    grid = functional.affine_grid(affine, [count, 1, height, width], align_corners=False)
    moved = functional.grid_sample(
        images[:, None].float(), grid, mode="bicubic", padding_mode="border", align_corners=False
    )[:, 0].clamp(0, 255)
    gamma = torch.exp(_uniform(count, GAMMA, device))[:, None, None]
    return _erase((255 * (moved / 255) ** gamma).round())


def _uniform(count: int, bound: float, device: torch.device) -> torch.Tensor:
    return (torch.rand(count, device=device) * 2 - 1) * bound


def _random_affine(count: int, side: int, strength: float, device: torch.device) -> torch.Tensor:
    """Matrices of shape (N, 2, 3) for ``affine_grid``."""
    free = (torch.rand(count, device=device) >= SHARP_SHARE).float()
    angle = _uniform(count, strength * math.radians(ROTATION_DEG), device) * free
    scale_x = 1 + _uniform(count, strength * SCALE, device) * free
    scale_y = 1 + _uniform(count, strength * SCALE, device) * free
    shear = _uniform(count, strength * SHEAR, device) * free
    flip = (torch.rand(count, device=device) < 0.5).float() * -2 + 1
    reach = round(strength * SHIFT_PX)
    shift = torch.randint(-reach, reach + 1, (count, 2), device=device) * (2 / side)
    cos, sin = torch.cos(angle), torch.sin(angle)
    first = torch.stack([flip * scale_x * cos, scale_y * (shear * cos - sin), shift[:, 0]], dim=1)
    second = torch.stack([flip * scale_x * sin, scale_y * (shear * sin + cos), shift[:, 1]], dim=1)
    return torch.stack([first, second], dim=1)


def _erase(images: torch.Tensor) -> torch.Tensor:
    """Overwrite a random rectangle of some faces with their mean grey."""
    count, height, width = images.shape
    device = images.device
    area = (0.02 + 0.16 * torch.rand(count, device=device)) * height * width
    ratio = torch.exp(_uniform(count, math.log(2.5), device))
    half_height, half_width = (area * ratio).sqrt() / 2, (area / ratio).sqrt() / 2
    middle_y, middle_x = torch.rand(count, device=device) * height, torch.rand(count, device=device) * width
    rows, columns = torch.arange(height, device=device), torch.arange(width, device=device)
    inside_y = (rows - middle_y[:, None]).abs() <= half_height[:, None]
    inside_x = (columns - middle_x[:, None]).abs() <= half_width[:, None]
    chosen = torch.rand(count, device=device) < ERASED_SHARE
    inside = inside_y[:, :, None] & inside_x[:, None, :] & chosen[:, None, None]
    return torch.where(inside, images.mean(dim=(1, 2), keepdim=True).round(), images)
