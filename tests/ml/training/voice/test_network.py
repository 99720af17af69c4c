import numpy as np
import pytest
import torch

from ml.training.voice.network import LearningNetwork, NetworkOptions, answers_of, centred, fit_network, people_of
from ml.training.voice.rounds import Segments
from ml.voice.segment_features import N_SEGMENT_FEATURES

TINY = NetworkOptions(components=12, hidden=16, people=3, per_mood=3, steps=120, learning_rate=5e-3)


@pytest.fixture(scope="module")
def segments() -> Segments:
    """Six people with three moods each; what is usual for somebody is as large as a mood."""
    draws = np.random.default_rng(1)
    directions = draws.standard_normal((3, N_SEGMENT_FEATURES))
    rows, labels, speakers = [], [], []
    for person in range(6):
        usual = draws.standard_normal(3) @ directions
        for mood in range(3):
            for _ in range(12):
                rows.append(directions[mood] * 1.5 + usual + 0.5 * draws.standard_normal(N_SEGMENT_FEATURES))
                labels.append(np.eye(7)[mood])
                speakers.append(f"p{person}")
    features = np.stack(rows).astype(np.float16)
    features[::17, -3:] = np.nan
    return Segments(features, np.stack(labels).astype(np.float32), np.array(speakers), np.arange(len(rows)))


CORPUS_OF = {f"p{person}": "X" if person < 4 else "Y" for person in range(6)}


@pytest.fixture(scope="module")
def fitted(segments: Segments) -> LearningNetwork:
    return fit_network(segments, np.flatnonzero(segments.speakers != "p5"), CORPUS_OF, TINY, 1)


def test_what_ships_computes_what_was_learned(fitted: LearningNetwork, segments: Segments) -> None:
    shipped = fitted.folded(2.0, 0.5)
    features = torch.from_numpy(segments.features[:20].astype(np.float32))
    with torch.inference_mode():
        learned, found = fitted(fitted.projected(features)), shipped(features)
    assert torch.allclose(found.general, learned.general / 2, atol=2e-3)
    assert torch.allclose(found.scores, learned.scores * 2, atol=5e-3)


def test_moods_are_told_apart_once_what_is_usual_is_taken_out(fitted: LearningNetwork, segments: Segments) -> None:
    unheard = segments.speakers == "p5"
    _, scores = answers_of(fitted.folded(), segments.features[unheard])
    moods = segments.labels[unheard].argmax(axis=1)
    own = centred(scores, moods, segments.speakers[unheard])
    assert np.mean(own.argmax(axis=1) == moods) > 0.9


def test_equal_seeds_give_equal_networks(segments: Segments) -> None:
    short = NetworkOptions(components=4, hidden=4, people=2, per_mood=2, steps=4)
    one, again, other = (fit_network(segments, np.arange(90), CORPUS_OF, short, seed) for seed in (1, 1, 2))
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), again.parameters(), strict=True))
    assert not torch.equal(one.hidden.weight, other.hidden.weight)


def test_what_is_said_of_people_is_what_they_were_made_of() -> None:
    draws = np.random.default_rng(2)
    moods = 3 * np.eye(7) - 3 / 7
    usual = draws.normal(0.5, 1.0, (40, 7))
    scores, labels, speakers = [], [], []
    for person in range(40):
        for mood in range(7):
            scores.append(moods[mood] + usual[person] + 0.4 * draws.standard_normal((8, 7)))
            labels += [mood] * 8
            speakers += [f"p{person}"] * 8
    people = people_of(np.concatenate(scores), np.array(labels), np.array(speakers))
    assert people.moods == pytest.approx(moods, abs=0.1)
    assert people.centre == pytest.approx(usual.mean(axis=0), abs=0.1)
    assert people.between == pytest.approx(usual.var(axis=0), abs=0.15)
    assert people.within == pytest.approx(np.full(7, 0.16), abs=0.03)
