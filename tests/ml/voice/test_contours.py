import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st

from ml.voice import features, prosody, speaker_encoder
from ml.voice.contours import (
    FUNCTIONALS,
    LOCATED,
    N_CONTOURED,
    SCALED,
    SHAPED,
    ContourNetwork,
    ContourSizes,
    blend,
    contours,
    contours_of,
    moments_of,
    standardise,
    standardise_moments,
)
from ml.voice.standardise import Statistics


def frames(seed: int, count: int = 40, features: int = 3) -> np.ndarray:
    draws = np.random.default_rng(seed)
    return (draws.standard_normal((count, features)).cumsum(axis=0) * draws.uniform(0.5, 3, features)).astype(
        np.float32
    )


def test_moments_and_quantiles_are_those_of_numpy_and_scipy() -> None:
    given_frames = frames(1).astype(np.float64)
    found = contours(given_frames)
    assert np.allclose(found[0], given_frames.mean(axis=0), atol=1e-4)
    assert np.allclose(found[1:6], np.quantile(given_frames, (0.05, 0.25, 0.5, 0.75, 0.95), axis=0), atol=1e-4)
    assert np.allclose(found[SCALED][0], given_frames.std(axis=0), atol=1e-4)
    assert np.allclose(found[SHAPED][0], scipy.stats.skew(given_frames), atol=0.01)
    kurtosis = scipy.stats.kurtosis(given_frames, fisher=False)
    assert np.allclose(found[SHAPED][1], np.log(kurtosis + 0.1), atol=0.01)


@pytest.mark.parametrize(("rise", "bow"), [(2.0, 0.0), (-0.5, 0.0), (0.0, 3.0), (1.0, -2.0)])
def test_slope_and_bend_are_found_in_a_curve_made_of_them(rise: float, bow: float) -> None:
    time = np.linspace(-1, 1, 501)[:, None]
    found = contours(5 + rise * time + bow * (3 * time**2 - 1) / 2)
    assert found[SCALED][1, 0] == pytest.approx(rise, abs=0.02)
    assert found[SCALED][2, 0] == pytest.approx(bow, abs=0.03)


def test_thirds_and_steps_follow_a_staircase() -> None:
    stairs = np.repeat([1.0, 2.0, 4.0], 10)[:, None]
    found = contours(stairs)
    assert found[LOCATED][6:, 0].tolist() == [1.0, 2.0, 4.0]
    assert found[SCALED][3, 0] == pytest.approx(3 / 29)


@given(st.integers(0, 500), st.integers(1, 60), st.floats(-5, 5), st.floats(0.2, 5))
def test_standardised_contours_are_the_contours_of_standardised_frames(
    seed: int, count: int, mean: float, std: float
) -> None:
    given_frames = frames(seed, count)
    direct = contours((given_frames - mean) / std)
    by_rule = standardise(contours(given_frames), np.full(3, mean), np.full(3, std))
    assert direct.shape == (FUNCTIONALS, 3)
    assert np.isfinite(direct).all()
    assert np.allclose(direct[LOCATED], by_rule[LOCATED], rtol=1e-3, atol=1e-3)
    assert np.allclose(direct[SCALED], by_rule[SCALED], rtol=1e-3, atol=1e-3)


@given(st.integers(1, 5))
def test_a_constant_voice_has_finite_contours(count: int) -> None:
    assert np.isfinite(contours(np.full((count, 2), 7.0, dtype=np.float32))).all()


TINY = ContourSizes(inputs=3, prosody=1, hidden=4, hidden_prosody=3, hidden_states=2)
STILL = torch.zeros(1, 2, speaker_encoder.UNITS)


def network() -> ContourNetwork:
    torch.manual_seed(0)
    return ContourNetwork(TINY).eval()


def test_one_wild_contour_cannot_drown_the_others() -> None:
    calm = torch.zeros(1, FUNCTIONALS, 3)
    wild, wilder = calm.clone(), calm.clone()
    wild[0, 0, 0], wilder[0, 0, 0] = 10, 1e6
    with torch.inference_mode():
        assert torch.equal(network()(wild, STILL), network()(wilder, STILL))
        assert not torch.equal(network()(calm, STILL), network()(wild, STILL))


def test_one_part_of_the_network_reads_the_last_features_alone_and_one_the_states() -> None:
    calm = torch.zeros(1, FUNCTIONALS, 3)
    spectral, spoken = calm.clone(), calm.clone()
    spectral[0, :, 1] = 1
    spoken[0, :, 2] = 1
    with torch.inference_mode():
        rest = network().apart(calm, STILL)
        everything, alone, states = network().apart(spectral, STILL)
        assert not torch.equal(everything, rest[0])
        assert torch.equal(alone, rest[1])
        assert torch.equal(states, rest[2])
        assert not torch.equal(network().apart(spoken, STILL)[1], rest[1])
        moved = network().apart(calm, STILL + torch.linspace(-1, 1, speaker_encoder.UNITS))
        assert [torch.equal(*pair) for pair in zip(moved, rest, strict=True)] == [True, True, False]


def test_the_network_answers_with_the_weighted_mean_of_its_parts() -> None:
    found, moments = torch.randn(5, FUNCTIONALS, 3), torch.randn(5, 2, speaker_encoder.UNITS)
    with torch.inference_mode():
        everything, alone, states = (logits.softmax(-1) for logits in network().apart(found, moments))
        answer = network()(found, moments).exp()
    assert torch.allclose(answer, 0.6 * (0.7 * everything + 0.3 * alone) + 0.4 * states, atol=1e-5)


def test_standardised_moments_are_the_moments_of_standardised_states() -> None:
    draws = np.random.default_rng(2)
    states = draws.standard_normal((30, speaker_encoder.UNITS)) + 4
    own = Statistics(np.zeros(1), np.ones(1), 1.0, 0, states_mean=states.mean(0) + 1, states_std=states.std(0) * 3)
    direct = moments_of((states - own.states_mean) / own.states_std)
    assert np.allclose(standardise_moments(moments_of(states), own), direct, atol=1e-5)


@given(st.integers(0, 1000), st.floats(0, 1))
def test_a_blend_is_the_weighted_mean_of_both_probabilities(seed: int, share: float) -> None:
    torch.manual_seed(seed)
    first, second = torch.randn(3, 7) * 4, torch.randn(3, 7) * 4
    expected = (1 - share) * first.softmax(-1) + share * second.softmax(-1)
    assert torch.allclose(blend(first, second, share).softmax(-1), expected, atol=1e-5)


def columns(voiced: np.ndarray, pitch: np.ndarray) -> np.ndarray:
    made = np.zeros((len(voiced), prosody.N_COLUMNS), dtype=np.float32)
    made[:, prosody.VOICED] = voiced
    made[:, prosody.COLUMNS.index("pitch")] = pitch
    return made


def test_pitch_between_the_voiced_frames_does_not_count() -> None:
    voiced = np.arange(60) % 10 < 6
    pitch = 7 + 0.01 * np.arange(60)
    families = np.zeros((20, features.N_FEATURES), dtype=np.float32)
    calm, wild = (contours_of(families, columns(voiced, np.where(voiced, pitch, other))) for other in (7.0, 99.0))
    assert calm.shape == (FUNCTIONALS, N_CONTOURED)
    assert np.array_equal(calm, wild)
    place = N_CONTOURED - prosody.N_FEATURES + prosody.WHEN_VOICED.index(prosody.COLUMNS.index("pitch"))
    assert calm[0, place] == pytest.approx(pitch[voiced].mean(), abs=1e-4)


def test_the_voiced_share_and_how_often_the_voice_sets_in_are_among_the_contours() -> None:
    voiced = np.arange(100) % 10 < 6
    found = contours_of(np.zeros((34, features.N_FEATURES), dtype=np.float32), columns(voiced, np.full(100, 7.0)))
    rhythm = found[:, N_CONTOURED - len(prosody.ALWAYS) + prosody.ALWAYS.index(prosody.VOICED)]
    assert rhythm[0] == pytest.approx(0.6)
    assert rhythm[SCALED][3] == pytest.approx(19 / 99)  # ten runs, each with two ends but the first


def test_a_whisper_stands_at_the_speakers_mean() -> None:
    silent = contours_of(np.zeros((20, features.N_FEATURES), dtype=np.float32), columns(np.zeros(60), np.zeros(60)))
    found = standardise(silent, np.full(N_CONTOURED, 3.0), np.ones(N_CONTOURED))
    spoken = found[:, N_CONTOURED - prosody.N_FEATURES :][:, : len(prosody.WHEN_VOICED)]
    assert np.all(spoken == 0)
    assert np.isfinite(found).all()
