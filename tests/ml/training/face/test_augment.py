"""Random variation of faces: grey levels, shares and degrees."""

import pytest
import torch

from ml.training.face.augment import LEAST_SIDE_PX, NOISE_LEVELS, _blurred, _reduced_and_enlarged, augment, spoil


def test_augmented_faces_are_whole_grey_levels_and_some_keep_their_sharpness() -> None:
    torch.manual_seed(4)
    images = torch.randint(0, 256, (64, 48, 48), dtype=torch.uint8)
    varied = augment(images)

    assert varied.shape == images.shape
    assert torch.equal(varied, varied.round())
    assert varied.min() >= 0
    assert varied.max() <= 255
    deviation = varied[:, 12:36, 12:36].std(dim=(1, 2))
    assert (deviation > 55).any()
    assert (deviation < 70).any()


def test_the_same_generator_state_varies_faces_the_same_way() -> None:
    torch.manual_seed(8)
    images = torch.randint(0, 256, (4, 48, 48), dtype=torch.uint8)
    torch.manual_seed(9)
    one = augment(images)
    torch.manual_seed(9)

    assert torch.equal(one, augment(images))


def test_the_wanted_share_of_faces_is_made_small_blurred_or_noisy() -> None:
    torch.manual_seed(6)
    images = torch.randint(60, 200, (600, 48, 48)).float()
    assert torch.equal(spoil(images, 0.0), images)

    spoilt = spoil(images, 0.5)
    changed = (spoilt != images).flatten(1).any(1)
    assert 0.4 < changed.float().mean() < 0.6
    assert torch.equal(spoilt, spoilt.round())
    assert 0 <= spoilt.min() <= spoilt.max() <= 255
    strayed = (spoilt - images)[changed].std(dim=(1, 2))
    calmed = spoilt[changed].std(dim=(1, 2)) / images[changed].std(dim=(1, 2))
    assert 0.2 < (calmed < 0.95).float().mean() < 0.8  # small and blurred faces have lost what is fine in them
    assert 0.2 < ((calmed > 0.99) & (strayed < 1.1 * NOISE_LEVELS)).float().mean() < 0.5  # noisy ones gained


def test_reducing_and_enlarging_many_faces_at_once_is_what_it_is_for_one() -> None:
    face = torch.rand(1, 1, 48, 48, generator=torch.Generator().manual_seed(8)) * 255
    resizing = _reduced_and_enlarged(48, torch.device("cpu"))
    assert len(resizing) == 48 - LEAST_SIDE_PX
    for matrix, side in zip(resizing, range(LEAST_SIDE_PX, 48), strict=True):
        reduced = torch.nn.functional.interpolate(face, size=(side, side), mode="area")
        enlarged = torch.nn.functional.interpolate(reduced, size=(48, 48), mode="bicubic", align_corners=False)
        assert torch.allclose(matrix @ face[0, 0] @ matrix.T, enlarged[0, 0], atol=1e-3)


def test_blur_of_a_face_is_its_own_and_keeps_its_grey() -> None:
    point = torch.zeros(2, 48, 48)
    point[:, 24, 24] = 1
    slight, strong = _blurred(point, torch.tensor([0.5, 2.0]))
    assert slight.sum() == pytest.approx(1, abs=1e-4)
    assert strong.sum() == pytest.approx(1, abs=1e-4)
    assert slight[24, 24] > 5 * strong[24, 24]
    distances = (torch.arange(48) - 24.0) ** 2
    assert float((strong.sum(0) * distances).sum()) == pytest.approx(2.0**2, rel=0.15)
