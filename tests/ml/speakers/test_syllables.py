"""Syllables counted from the sound, against sentences whose syllables are known."""

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from ml.speakers.contour import contour_of
from ml.speakers.syllables import loudest_db, nuclei, spoken_s
from ml.voice import prosody
from ml.voice.standardise import REFERENCE_RMS

EMODB = {"a01": 8, "a02": 9, "a04": 11, "a05": 18, "a07": 10, "b01": 15, "b02": 20, "b03": 24, "b09": 17, "b10": 14}
"""Syllables of EmoDB's ten sentences, spoken in full."""
RAVDESS, TESS = 7, 4
"""Of both sentences of RAVDESS; of TESS's carrier sentence with its word of one syllable."""


def beats(count: int, seconds: float = 3.0, voiced: bool = True) -> np.ndarray:
    """A voice of 120 Hz, or noise, that swells ``count`` times."""
    time = np.arange(int(seconds * 16_000)) / 16_000
    voice = sum(np.sin(2 * np.pi * 120 * k * time) / k for k in range(1, 12))
    noise = np.random.default_rng(1).normal(size=len(time))
    swell = np.sin(np.pi * count * time / seconds) ** 2
    return (0.1 * swell * (voice if voiced else noise)).astype(np.float32)


def counted(samples: np.ndarray) -> int:
    contour = contour_of(samples)
    return len(nuclei(contour.level_db, contour.voiced, loudest_db(contour.level_db)))


@pytest.mark.parametrize("count", [3, 9, 15])
def test_every_swell_of_a_voice_is_a_syllable(count):
    assert counted(beats(count)) == count


def test_noise_that_swells_has_no_syllables():
    assert counted(beats(9, voiced=False)) == 0


def test_a_long_pause_is_no_spoken_time_and_a_short_one_is():
    level = np.zeros(300, np.float32)
    level[50:60] = level[100:200] = -60
    assert spoken_s(level, loudest_db(level)) == pytest.approx(2.0)


def test_the_contour_is_that_of_the_prosody_across_its_blocks():
    samples = np.tile(beats(9), 7)
    contour = contour_of(samples)
    whole = prosody.extract(samples)
    columns = {name: whole[:, place] for place, name in enumerate(prosody.COLUMNS)}
    assert np.array_equal(contour.voiced, columns["voiced"] > 0)
    assert np.allclose(contour.pitch[contour.voiced], columns["pitch"][contour.voiced], atol=1e-4)
    assert np.allclose(contour.level_db, 10 / np.log(10) * columns["loudness"], atol=1e-3)


@pytest.mark.data
def test_counts_of_known_sentences_are_off_in_the_same_direction_for_one_way_of_speaking(research_data: Path):
    """ADR 30 has the figures that this prints. What is held: a person's own bias cancels."""
    for corpus, items in _sentences(research_data).items():
        rows = [(*_rates(path, syllables), speaker) for path, speaker, syllables in items]
        measured, true, speakers = (np.array(column) for column in zip(*rows, strict=True))
        bias = measured.mean() / true.mean() - 1
        own = np.empty(len(rows))
        for speaker in set(speakers):
            his = speakers == speaker
            own[his] = measured[his].mean() / true[his].mean()
        chance = np.random.default_rng(1)
        errors = []
        for speaker in sorted(set(speakers)):
            his = np.flatnonzero(speakers == speaker)
            for _ in range(50):
                ten = chance.choice(his, 10, replace=False)
                errors.append(abs(measured[ten].mean() / true[ten].mean() / own[his[0]] - 1))
        correlation = np.corrcoef(measured, true)[0, 1]
        print(
            f"{corpus}: n = {len(rows)}, {len(set(speakers))} speakers, bias {bias:+.1%}, r = {correlation:.2f}, "
            f"ten utterances against the person's own bias: off by {np.mean(errors):.1%}"
        )
        assert abs(bias) < 0.25 and correlation > 0.45
        assert np.mean(errors) < 0.06


def _rates(path: Path, syllables: int) -> tuple[float, float]:
    """Measured and true syllables per second of an utterance brought to the reference level."""
    samples, _ = soundfile.read(path, dtype="float32")
    speech = samples[np.abs(samples) > 0.1 * np.abs(samples).max()]
    contour = contour_of(samples, 1.4 * REFERENCE_RMS / float(np.sqrt(np.mean(speech**2))))
    loudest = loudest_db(contour.level_db)
    seconds = spoken_s(contour.level_db, loudest)
    return len(nuclei(contour.level_db, contour.voiced, loudest)) / seconds, syllables / seconds


def _sentences(folder: Path) -> dict[str, list[tuple[Path, str, int]]]:
    """Path, speaker and syllables of every recording with a known text."""
    items: dict[str, list[tuple[Path, str, int]]] = {"RAVDESS": [], "EmoDB": [], "TESS": []}
    for name in ("speech", "speech_more"):
        with (folder / name / "manifest.csv").open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                path = folder / name / row["path"]
                if row["corpus"] == "RAVDESS":
                    items["RAVDESS"].append((path, row["speaker"], RAVDESS))
                elif row["corpus"] == "TESS":
                    items["TESS"].append((path, row["speaker"], TESS))
                elif "emodb_full" in row["path"]:
                    items["EmoDB"].append((path, row["speaker"], EMODB[path.stem[2:5]]))
    return items
