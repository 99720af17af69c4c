"""Sessions made of tones, judged by tiny models: the bookkeeping is under test, not the recognition."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from ml.config import Config
from ml.data.manifest import Utterance
from ml.emotions import EMOTIONS, Emotion
from ml.evaluation import sessions
from ml.evaluation.sessions import (
    SessionFigures,
    SessionPlan,
    drawn,
    evaluate_sessions,
    label_seconds,
    session_plans,
    summary,
)
from ml.models import Models
from ml.reading import read
from ml.recognise import recognise
from ml.reference import Evidence, Reference
from ml.results import Recognition, Segment
from ml.voice import activity


def people(counts: dict[Emotion, int], speakers: int = 2) -> list[Utterance]:
    return [
        Utterance(Path(f"{who}-{mood}-{n}"), f"s{who}", mood, "AB"[who % 2], "en", "FM"[who % 2])
        for who in range(speakers)
        for mood, count in counts.items()
        for n in range(count)
    ]


def segment(start: float, end: float, label: str | None) -> Segment:
    probabilities = None if label is None else np.eye(7)[EMOTIONS.index(label)]
    return Segment(start, end, probabilities, None, None, {})


def recognition(*segments: Segment) -> Recognition:
    return Recognition(10.0, {}, segments, {}, {})


@given(st.integers(1, 12), st.integers(2, 12), st.sampled_from([10, 8, 5]))
def test_a_session_has_ten_utterances_of_its_speaker_so_many_in_its_mood(sad: int, happy: int, own: int) -> None:
    for plan in session_plans(people({Emotion.SAD: sad, Emotion.HAPPY: happy}), own, 1):
        moods = [each.emotion for each in plan.utterances]
        assert len(moods) == 10
        assert moods.count(plan.mood) == own
        assert {each.speaker for each in plan.utterances} == {plan.speaker}
        assert (plan.mood is Emotion.SAD and sad < 2) is False


def test_equal_seeds_give_equal_sessions_and_a_corpus_gives_so_many_at_most() -> None:
    utterances = people({Emotion.SAD: 5, Emotion.HAPPY: 5, Emotion.ANGER: 5}, speakers=6)
    plans = session_plans(utterances, 8, 1)
    assert plans == session_plans(utterances, 8, 1)
    assert plans != session_plans(utterances, 8, 2)
    assert [plan.corpus for plan in drawn(plans, 4, 1)] == ["A"] * 4 + ["B"] * 4


def test_time_is_right_where_the_label_is_and_wrong_where_there_is_none() -> None:
    moods = np.array([2] * 400 + [-1] * 100 + [3] * 500)
    seconds = label_seconds(moods, recognition(segment(0, 4, "sad"), segment(4, 8, "sad"), segment(8, 10, None)))
    found = SessionFigures(SessionPlan("s", Emotion.SAD, (), (1,)), seconds, True)
    assert seconds.sum() == pytest.approx(9)
    assert found.time_right == pytest.approx(4 / 9)
    assert found.judged == pytest.approx(7 / 9)
    assert found.negative_error == pytest.approx(1 - 4 / 9)


def test_an_instant_is_divided_among_the_segments_that_cover_it() -> None:
    seconds = label_seconds(np.full(400, 2), recognition(segment(0, 4, "sad"), segment(2, 6, "happy")))
    assert (seconds[2, 2], seconds[2, 3]) == (pytest.approx(3), pytest.approx(1))


def test_a_session_of_which_nothing_is_judged_is_all_wrong() -> None:
    seconds = label_seconds(np.full(300, 2), None)
    found = SessionFigures(SessionPlan("s", Emotion.SAD, (), (1,)), seconds, False)
    assert (found.time_right, found.judged, found.negative_error) == (0, 0, 1)


def test_figures_stand_by_corpus_language_and_sex() -> None:
    plans = session_plans(people({Emotion.SAD: 3, Emotion.HAPPY: 3}), 10, 1)
    seconds = np.zeros((7, 8))
    seconds[2, 2] = 10
    found = summary([SessionFigures(plan, seconds, plan.mood is Emotion.SAD) for plan in plans])
    assert (found["n"], found["speakers"], found["sessions_right"]) == (4, 2, 0.5)
    assert {name: row["n"] for name, row in found["per_corpus"].items()} == {"A": 2, "B": 2}
    assert set(found["per_language"]) == {"en"}
    assert set(found["per_sex"]) == {"F", "M"}
    assert found["confusion"][2][2] == 1.0


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two speakers, two moods, four tones of each; every window counts as speech."""

    def spoken(samples: np.ndarray, gain: float | None = None) -> np.ndarray:
        return np.ones(-(-len(samples) // activity.WINDOW_SAMPLES), dtype=np.float32)

    monkeypatch.setattr(activity.SpeechActivity, "feed", lambda self, samples: spoken(samples))
    monkeypatch.setattr(activity.SpeechActivity, "finish", lambda self: np.zeros(0, np.float32))
    rows = ["path,speaker,emotion7,corpus"]
    for who in ("known", "new"):
        for mood in ("sad", "neutral"):
            for n in range(4):
                time = np.arange(8000) / 16_000
                tone = 0.1 * np.sin(2 * np.pi * (150 + 20 * n) * time) * (1 + np.sin(20 * time))
                soundfile.write(tmp_path / f"{who}-{mood}-{n}.wav", tone, 16_000)
                rows.append(f"{who}-{mood}-{n}.wav,{who},{mood},X")
    (tmp_path / "m.csv").write_text("\n".join(rows))
    return tmp_path / "m.csv"


CONFIG = Config(face=False, separation="off")


def test_everything_is_printed(corpus: Path, tiny_weights: Path) -> None:
    found = evaluate_sessions(corpus, tiny_weights, CONFIG, seed=1, per_corpus=2, tell=lambda *_: None)
    keys = {"n", "time_right", "sessions_right", "negative_error", "judged", "per_corpus", "confusion"}
    for kind in ("uniform", "mixed80", "mixed50", "history_same", "history_neutral"):
        assert keys <= set(found[kind])
        assert found[kind]["n"] == 2
    assert "without_history" in found["history_same"]


def test_scores_read_anew_are_what_the_pipeline_says_with_that_history(
    corpus: Path, models: Models, tmp_path: Path
) -> None:
    speakers = [each for each in sessions.labelled(corpus) if each.speaker == "new"]
    (plan, *_) = session_plans(speakers, 10, 1)
    sound = np.concatenate([soundfile.read(each.path)[0] for each in plan.utterances])
    soundfile.write(tmp_path / "session.wav", sound, 16_000)
    draws = np.random.default_rng(2)
    evidence = Evidence.of_recording(
        models.voice.version, np.full(70, 2.0), np.tile(np.eye(7), (10, 1)), draws.standard_normal((70, 7))
    )
    assert evidence is not None
    alone = recognise(tmp_path / "session.wav", models, CONFIG)
    known = recognise(tmp_path / "session.wav", models, CONFIG, reference=Reference(voice=evidence))
    anew = read(alone.segments, Reference(voice=evidence), CONFIG, models.voice.people())
    for one, other in zip(known.segments, anew, strict=True):
        assert np.allclose(one.probabilities, other.probabilities, atol=1e-6)
    assert known.reference["voice"] == {"kind": "own", "sessions": 1, "seconds": 140.0}
    assert alone.reference["voice"]["kind"] == "general"
    assert known.contribution.as_dict() == alone.contribution.as_dict()
    assert alone.contribution.voice is not None
    assert alone.contribution.voice.seconds == pytest.approx(alone.duration_s, abs=0.1)


@pytest.mark.data
@pytest.mark.slow
def test_a_session_in_one_mood_is_not_called_another_by_the_shipped_voice(research_data: Path) -> None:
    """Case 1: ten happy utterances of one speaker, whom the networks that judge never heard, are not disgust."""
    manifest = research_data / "speech" / "manifest.csv"
    models, config = Models.load(), Config(face=False)
    right = []
    for speaker in ("ravdess_02", "ravdess_05", "emodb_10"):
        own = [each for each in sessions.labelled(manifest) if each.speaker == speaker]
        for plan in session_plans(own, 10, 1):
            if plan.mood in {Emotion.HAPPY, Emotion.SAD, Emotion.NORMAL}:
                right.append(sessions.judge(plan, models, config).right)
    assert np.mean(right) >= 0.7
