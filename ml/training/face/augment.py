"""Random variation of training faces, whole batches at a time, so that it costs little beside the network."""

import math
from functools import lru_cache

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


BLUR_SIGMA_PX = 2.0
NOISE_LEVELS = 25.0
LEAST_SIDE_PX = 16
"""How bad pictures get: the greatest blur and noise (standard deviations), the fewest pixels enlarged to a face."""
_REACH = 4
"""Pixels that blur reaches to each side."""


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
    is_erased = torch.rand(count, device=device) < ERASED_SHARE
    inside = inside_y[:, :, None] & inside_x[:, None, :] & is_erased[:, None, None]
    return torch.where(inside, images.mean(dim=(1, 2), keepdim=True).round(), images)


def spoil(images: torch.Tensor, share: float) -> torch.Tensor:
    """Make some faces small, blurred or noisy, as cameras do: each of them one of the three, by a random degree.

    Args:
        images: grey levels 0-255, float32, shape (N, H, W), H and W alike.
        share: probability of every face to be spoiled.

    Returns:
        The same form, grey levels without fraction. Draws from torch's global generator.
    """
    count, device = len(images), images.device
    kind = torch.where(torch.rand(count, device=device) < share, torch.randint(0, 3, (count,), device=device), 3)
    degree = torch.rand(count, device=device)
    noise = degree[:, None, None] * NOISE_LEVELS * torch.randn(images.shape, device=device)
    candidates = torch.stack([_small(images), _blurred(images, degree * BLUR_SIGMA_PX), images + noise, images])
    return candidates[kind, torch.arange(count, device=device)].clamp(0, 255).round()


def _small(images: torch.Tensor) -> torch.Tensor:
    """Every face reduced to its own random number of pixels and enlarged again, as ``detection.crop_face`` does."""
    resizing = _reduced_and_enlarged(images.shape[-1], images.device)
    matrices = resizing[torch.randint(0, len(resizing), (len(images),), device=images.device)]
    return matrices @ images @ matrices.transpose(1, 2)


@lru_cache(maxsize=4)
def _reduced_and_enlarged(full: int, device: torch.device) -> torch.Tensor:
    """Matrices that reduce ``full`` pixels in a row to each smaller number and enlarge them, shape (sides, full, full).

    Both are linear and treat rows and columns alike and apart, so a whole batch of different sizes is one product.
    """
    rows = torch.eye(full, device=device)[None, None]
    reduced = [
        functional.interpolate(rows, size=(side, full), mode="area")
        for side in range(min(LEAST_SIDE_PX, full - 1), full)
    ]
    return torch.cat(
        [functional.interpolate(each, size=(full, full), mode="bicubic", align_corners=False)[0] for each in reduced]
    )


def _blurred(images: torch.Tensor, sigma: torch.Tensor) -> torch.Tensor:
    """Every face under a Gaussian of its own standard deviation in pixels, shape (N,)."""
    places = torch.arange(-_REACH, _REACH + 1, device=images.device)
    kernel = torch.exp(-0.5 * (places / sigma.clamp_min(0.1)[:, None]) ** 2)
    kernel = kernel / kernel.sum(dim=1, keepdim=True)
    padded = functional.pad(images[None], (_REACH,) * 4, mode="replicate")
    across = functional.conv2d(padded, kernel[:, None, None, :], groups=len(images))
    return functional.conv2d(across, kernel[:, None, :, None], groups=len(images))[0]
