"""How often the default EWMA rule is wrong about a student who does not change: the figures of docs/alerts.md.

python -m pytest tests/analysis/alerts/test_false_alarms.py -s
"""

import random
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from analysis.alerts.crossings import RuleSettings, crossings
from analysis.trends.series import TrendSettings
from analysis.trends.shares import SessionIndex
from ml.emotions import EMOTIONS

STUDENTS, SESSIONS, SEED, LEVEL = 1000, 14, 20261122, 0.30
DOCUMENTED = {0.03: 0.001, 0.05: 0.10, 0.08: 0.19, 0.12: 0.22}
"""Standard deviation between sessions -> chance of at least one alert in ten sessions after the baseline."""


def session(number: int, negative: float) -> SessionIndex:
    """A session of ten judged minutes with this negative share."""
    share = min(1.0, max(0.0, negative))
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(weeks=number)
    shares = dict.fromkeys(EMOTIONS, 0.0) | {"sad": share, "normal": 1 - share}
    return SessionIndex(
        covered_s=600,
        judged_s=600,
        undecided_s=0,
        voice_s=600,
        face_s=600,
        shares=shares,
        negative_share=share,
        mean_probabilities=shares,
        corrected=0,
        recording_id=UUID(int=number),
        run_id=UUID(int=number),
        recorded_at=at,
        analysed_at=at,
        duration_s=600,
        model_version="1",
        synthetic=False,
        coverage=1,
        voice_coverage=1,
        face_coverage=1,
    )


def alarmed(rule: RuleSettings, values: list[float]) -> bool:
    return bool(crossings(rule, [session(number, value) for number, value in enumerate(values)]))


@pytest.mark.parametrize("spread", DOCUMENTED)
def test_false_alarms_are_as_often_as_documented(spread):
    rule = TrendSettings()
    chance = random.Random(SEED)
    wrong = sum(alarmed(rule, [chance.gauss(LEVEL, spread) for _ in range(SESSIONS)]) for _ in range(STUDENTS))
    print(f"sd {spread:.2f}: {wrong / STUDENTS:.3f} of {STUDENTS} students")
    assert wrong / STUDENTS == pytest.approx(DOCUMENTED[spread], abs=0.03)


@pytest.mark.parametrize("spread", DOCUMENTED)
def test_a_lasting_rise_of_twenty_points_is_mostly_noticed_within_four_sessions(spread):
    rule = TrendSettings()
    chance = random.Random(SEED)
    noticed = sum(
        alarmed(rule, [chance.gauss(LEVEL + (0.2 if number >= 4 else 0), spread) for number in range(8)])
        for _ in range(STUDENTS)
    )
    print(f"sd {spread:.2f}: {noticed / STUDENTS:.3f} of {STUDENTS} rises noticed")
    assert noticed / STUDENTS > 0.68
