"""Made-up conversations for the demo: two voices that take turns, and the numbers that describe it.

Who speaks when is drawn, and what can be counted is counted from that; rate, loudness and pitch are drawn around the
student's habits. Intervals are those of a normal distribution, since nothing here was measured.
"""

import math
import random
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from analysis.models import Run, Speaker, Turn
from analysis.talk.figures import OF_A_VOICE, VERSION

COUNSELLOR, STUDENT = 1, 2
LEAST_TURN_S, LEAST_PAUSE_S = 0.6, 0.3

Number = dict[str, Any]


@dataclass(frozen=True)
class Habits:
    """How a made-up student speaks on average: seconds of a stretch, before an answer, syllables a second, dB, Hz."""

    stretch_s: float
    latency_s: float
    rate: float
    loudness_db: float
    pitch_hz: float


_COUNSELLORS = Habits(stretch_s=3.0, latency_s=0.3, rate=4.4, loudness_db=1.2, pitch_hz=165)


def habits_of(student: str) -> Habits:
    """The habits that go with a student's number, always the same."""
    chance = random.Random(f"{student}/habits")  # noqa: S311  (made-up data)
    return Habits(
        stretch_s=chance.uniform(2.5, 5),
        latency_s=chance.uniform(0.3, 0.9),
        rate=chance.uniform(3.8, 5),
        loudness_db=chance.uniform(-3, 1),
        pitch_hz=chance.uniform(110, 220),
    )


@dataclass(frozen=True)
class _Stretch:
    start_s: float
    end_s: float
    speaker: int
    certainty: float

    @property
    def seconds(self) -> float:
        return self.end_s - self.start_s


def conversation_create(run: Run, habits: Habits, *, seed: str) -> None:
    """Writes who speaks when in a run, and how the conversation went. The same seed gives the same conversation."""
    chance = random.Random(f"{seed}/conversation")  # noqa: S311  (made-up data)
    today = Habits(
        stretch_s=habits.stretch_s * chance.uniform(0.8, 1.25),
        latency_s=habits.latency_s * chance.uniform(0.7, 1.4),
        rate=habits.rate * chance.uniform(0.94, 1.06),
        loudness_db=habits.loudness_db + chance.uniform(-1, 1),
        pitch_hz=habits.pitch_hz * chance.uniform(0.96, 1.04),
    )
    length = run.recording.duration_s or 0.0
    turns = _turns(today, length, chance)
    rows = {}
    for number in (COUNSELLOR, STUDENT):
        own = [stretch for turn in turns for stretch in turn if stretch.speaker == number]
        longest = max(own, key=lambda stretch: stretch.seconds)
        rows[number] = Speaker.objects.create(
            run=run,
            number=number,
            seconds=sum(stretch.seconds for stretch in own),
            student=number == STUDENT,
            sample_start_s=longest.start_s,
            sample_end_s=min(longest.end_s, longest.start_s + 5),
        )
    Turn.objects.bulk_create(
        Turn(run=run, speaker=rows[each.speaker], start_s=each.start_s, end_s=each.end_s, certainty=each.certainty)
        for turn in turns
        for each in turn
    )
    run.conversation = _described(turns, today, length, chance)
    run.save(update_fields=["conversation"])


def _turns(habits: Habits, length: float, chance: random.Random) -> list[list[_Stretch]]:
    """Turns one after the other to the end, each one or several stretches with pauses between them."""
    turns, at, speaker = [], chance.uniform(1, 3), COUNSELLOR
    while at < length - 8:
        mean_s = (habits if speaker == STUDENT else _COUNSELLORS).stretch_s
        turn: list[_Stretch] = []
        for _ in range(chance.choice((1, 2, 2, 3, 4) if speaker == STUDENT else (1, 1, 2))):
            end = min(at + LEAST_TURN_S + chance.expovariate(1 / mean_s), length - 1)
            if end - at < LEAST_TURN_S:
                break
            turn.append(_Stretch(round(at, 2), round(end, 2), speaker, round(chance.uniform(0.45, 0.99), 2)))
            at = end + LEAST_PAUSE_S + chance.expovariate(2)
        if turn:
            turns.append(turn)
            speaker = STUDENT if speaker == COUNSELLOR else COUNSELLOR
        latency = (habits if speaker == STUDENT else _COUNSELLORS).latency_s
        at = max(turns[-1][-1].start_s + LEAST_TURN_S, turns[-1][-1].end_s + chance.gauss(latency, 0.45))
    return turns


def _described(
    turns: Sequence[Sequence[_Stretch]], habits: Habits, length: float, chance: random.Random
) -> dict[str, Any]:
    """As ``ml.speakers.conversation`` describes a conversation."""
    seconds = {number: sum(s.seconds for t in turns for s in t if s.speaker == number) for number in (1, 2)}
    latencies = [after[0].start_s - before[-1].end_s for before, after in pairwise(turns)]
    overlap = sum(-latency for latency in latencies if latency < 0)
    spoken = sum(seconds.values()) - overlap
    voices = []
    for number in (COUNSELLOR, STUDENT):
        own = [turn for turn in turns if turn[0].speaker == number]
        stretches = [stretch for turn in own for stretch in turn]
        answers = [latency for latency, turn in zip(latencies, turns[1:], strict=True) if turn[0].speaker == number]
        given = [latency for latency, turn in zip(latencies, turns, strict=False) if turn[0].speaker == number]
        lengths = [turn[-1].end_s - turn[0].start_s for turn in own]
        pauses = [b.start_s - a.end_s for turn in own for a, b in pairwise(turn)]
        figures: dict[str, Number | None] = dict.fromkeys(OF_A_VOICE)
        figures |= {
            "share": _about(seconds[number] / spoken, 0.15, len(stretches)),
            "turn_s": _middle(lengths),
            "latency_s": _middle(answers),
            "pause_s": _middle(pauses),
            "pause_share": _about(sum(pauses) / max(sum(lengths), 1), 0.12, len(own)),
            "interrupting": _often(answers, spoken - seconds[number] + overlap),
            "interrupted": _often(given, seconds[number]),
        }
        sound = habits if number == STUDENT else _COUNSELLORS
        figures |= {
            "backchannels": _rate(chance.randrange(3, 12), spoken - seconds[number] + overlap),
            "rate": _about(sound.rate, 0.8, len(stretches)),
            "loudness_db": _about(sound.loudness_db, 1.5, len(stretches)),
            "pitch_hz": _about(sound.pitch_hz, 12, len(stretches)),
            "pitch_range_st": _about(chance.uniform(2.5, 4.5), 0.8, len(stretches)),
        }
        certainty = sum(each.seconds * each.certainty for each in stretches) / seconds[number]
        voices.append(
            {
                "id": number,
                "seconds": round(seconds[number], 3),
                "alone_s": round(seconds[number] - overlap, 3),
                "turns": len(own),
                "certainty": round(certainty, 4),
                "figures": figures,
            }
        )
    return {
        "version": VERSION,
        "duration_s": length,
        "overlap_s": round(overlap, 3),
        "silent_s": round(length - spoken, 3),
        "silent_share": _about((length - spoken) / length, 0.2, len(turns)),
        "gap_s": _middle([latency for latency in latencies if latency > 0]),
        "voices": voices,
        "student": STUDENT,
    }


def _about(value: float, deviation: float, n: int, quartiles: list[float] | None = None) -> Number | None:
    """A number whose interval is that of a mean of ``n`` with this standard deviation; None of too few."""
    if n < 5:
        return None
    half = 1.96 * deviation / math.sqrt(n)
    return {
        "value": round(value, 4),
        "low": round(value - half, 4),
        "high": round(value + half, 4),
        "n": n,
        "quartiles": quartiles,
    }


def _middle(values: Sequence[float]) -> Number | None:
    if len(values) < 5:
        return None
    lower, middle, upper = (round(each, 4) for each in statistics.quantiles(values, n=4, method="inclusive"))
    return _about(middle, 1.25 * statistics.stdev(values), len(values), [lower, upper])


def _often(latencies: Sequence[float], exposure_s: float) -> Number:
    """Turns that began from 0.3 to 1 s before the other's end, per ten minutes."""
    return _rate(sum(-1 <= latency <= -0.3 for latency in latencies), exposure_s)


def _rate(count: int, exposure_s: float) -> Number:
    scale = 600 / max(exposure_s, 60)
    half = 1.96 * math.sqrt(count)
    return {
        "value": round(count * scale, 4),
        "low": round(max(0.0, count - half) * scale, 4),
        "high": round((count + half + 1) * scale, 4),
        "n": count,
        "quartiles": None,
    }
