"""The texture vector: its histograms by hand, its PCA against scikit-learn's."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from ml.data.fer2013 import load_sheets
from ml.face.descriptor import (
    BLOCK_WEIGHTS,
    GRID,
    PARTITIONS,
    feature_length,
    fit_projection,
    histogram_features,
    lbp_images,
)
from ml.face.lbp import SCALES


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    """160 generated faces, no face at all but textured."""
    return np.random.default_rng(1).integers(0, 256, (160, 48, 48), dtype=np.uint8)


def test_the_first_block_holds_its_weighted_root_frequencies(noise: np.ndarray) -> None:
    codes = lbp_images(torch.from_numpy(noise[:2]))
    points = SCALES[0][0]
    block = codes[SCALES[0]][1, 6:12, 12:18].numpy()
    expected = np.sqrt(np.bincount(block.ravel(), minlength=points + 2) / block.size) * BLOCK_WEIGHTS[1][2]

    start = (1 * GRID + 2) * (points + 2)
    assert np.allclose(histogram_features(codes)[1, start : start + points + 2], expected, atol=1e-6)


def test_the_last_histogram_of_a_scale_is_the_whole_image(noise: np.ndarray) -> None:
    scale = SCALES[0]
    codes = {scale: lbp_images(torch.from_numpy(noise[:1]))[scale]}
    expected = np.sqrt(np.bincount(codes[scale].numpy().ravel(), minlength=scale[0] + 2) / 48**2)

    assert np.allclose(histogram_features(codes)[0, -(scale[0] + 2) :], expected, atol=1e-6)


def test_sixty_four_blocks_and_growing_partitions_make_the_length(noise: np.ndarray) -> None:
    features = histogram_features(lbp_images(torch.from_numpy(noise[:3])))

    assert features.shape == (3, feature_length())
    assert feature_length() == (64 + 16 + 4 + 1) * (10 + 18 + 26)
    assert list(PARTITIONS) == sorted(PARTITIONS, reverse=True)


def test_brows_eyes_and_mouth_weigh_more_than_the_corners() -> None:
    weights = np.array(BLOCK_WEIGHTS)

    assert weights.shape == (GRID, GRID)
    assert np.array_equal(weights, weights[:, ::-1])
    assert weights[2, 1:7].min() > weights[[0, 0, 7, 7], [0, 7, 0, 7]].max()
    assert weights[6, 2:6].min() > weights[[0, 0, 7, 7], [0, 7, 0, 7]].max()


def test_our_projection_is_scikit_learns(noise: np.ndarray) -> None:
    projection = fit_projection(noise[:120], components=16, batch=50)
    features = histogram_features(lbp_images(torch.from_numpy(noise)))
    reference = PCA(n_components=16, svd_solver="full", random_state=0).fit(features[:120].numpy())

    assert np.allclose(projection.project(features), reference.transform(features.numpy()), atol=1e-3)


def test_standardised_components_have_unit_deviation_on_the_training_faces(noise: np.ndarray) -> None:
    projection = fit_projection(noise, components=8)
    vectors = projection.standardise(histogram_features(lbp_images(torch.from_numpy(noise))))

    assert np.allclose(vectors.std(dim=0), 1, atol=0.01)
    assert np.allclose(vectors.mean(dim=0), 0, atol=0.01)


def test_image_sides_that_do_not_divide_are_refused() -> None:
    with pytest.raises(ValueError, match="divisible"):
        histogram_features({(8, 1): torch.zeros(1, 50, 48, dtype=torch.uint8)})


@pytest.mark.data
def test_the_projection_of_real_faces_is_scikit_learns(research_data: Path) -> None:
    faces = load_sheets(research_data / "fer2013", "PublicTest").images[:300]
    projection = fit_projection(faces, components=32)
    features = histogram_features(lbp_images(torch.from_numpy(faces)))
    reference = PCA(n_components=32, svd_solver="full", random_state=0).fit(features.numpy())

    assert np.allclose(projection.project(features), reference.transform(features.numpy()), atol=1e-3)
