"""The same session as other files: how it is written, and how changed labels are counted."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from ml.config import Config
from ml.data.manifest import labelled
from ml.evaluation import sound
from ml.evaluation.sessions import drawn, session_plans, sound_of, unaware, usable
from ml.evaluation.sound import AMR, BAND, VARIANTS, changes, evaluate_sound, labels_of, levelled
from ml.media import probe
from ml.models import Models
from tests.ml.evaluation.test_sessions import CONFIG, corpus

__all__ = ["corpus"]
TONE = levelled(0.4 * np.sin(np.arange(32_000) / 16_000 * 2 * np.pi * 300).astype(np.float32))


def test_a_changed_label_and_a_lost_one_are_counted() -> None:
    before = {0.0: "sad", 2.0: "sad", 4.0: None, 6.0: "happy"}
    after = {0.0: "sad", 2.0: "happy", 4.0: None, 6.0: None}
    strict, lenient = (changes([(before, after)], forgive=forgive) for forgive in (False, True))
    assert (strict["segments"], strict["changed"], strict["unjudged"]) == (3, 2, 1)
    assert lenient["changed"] == 1
    assert strict["share"] == pytest.approx(2 / 3)


def test_a_session_of_which_nothing_is_judged_any_more_has_lost_all_labels() -> None:
    assert changes([({0.0: "sad", 2.0: "sad"}, {})], forgive=False)["changed"] == 2
    assert changes([({0.0: "sad"}, {})], forgive=True)["changed"] == 0
    assert labels_of(None) == {}


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda each: each.name)
def test_every_variant_is_a_file_of_the_same_length(variant: sound.Variant, tmp_path: Path) -> None:
    if variant.name == AMR and not sound._encodes_amr():
        pytest.skip("this ffmpeg has no AMR encoder")
    info = probe(variant.write(TONE, tmp_path))
    assert info.duration_s == pytest.approx(2, abs=0.05)


def test_twenty_decibels_are_twenty_decibels_and_do_not_clip(tmp_path: Path) -> None:
    peaks = {}
    for variant in VARIANTS:
        if variant.kind == "level":
            peaks[variant.name] = float(np.abs(soundfile.read(variant.write(TONE, tmp_path))[0]).max())
    quiet, loud = peaks["20 dB quieter, 16 bits"], peaks["20 dB louder, 16 bits"]
    assert 20 * np.log10(loud / quiet) == pytest.approx(40, abs=0.2)
    assert loud < 0.95


def test_nothing_is_left_above_four_kilohertz(tmp_path: Path) -> None:
    noise = levelled(np.random.default_rng(1).standard_normal(32_000).astype(np.float32))
    (band,) = (each for each in VARIANTS if each.name == BAND)
    spectrum = np.abs(np.fft.rfft(soundfile.read(band.write(noise, tmp_path))[0])) ** 2
    hertz = np.fft.rfftfreq(32_000, 1 / 16_000)
    assert spectrum[hertz > 4_200].sum() < 1e-3 * spectrum.sum()


def test_every_variant_is_compared(corpus: Path, tiny_weights: Path) -> None:
    found = evaluate_sound(corpus, tiny_weights, CONFIG, seed=1, per_corpus=1, tell=lambda *_: None)
    names = [row["name"] for row in found["variants"]]
    assert names + found["missing"] == [each.name for each in VARIANTS]
    assert {row["against"] for row in found["variants"] if row["kind"] == "telephone"} == {BAND}
    assert found["kinds"]["rate"]["segments"] == sum(r["segments"] for r in found["variants"] if r["kind"] == "rate")
    assert found["n"] == 1


@pytest.mark.slow
@pytest.mark.data
@pytest.mark.parametrize("name", [each.name for each in VARIANTS if each.kind in {"level", "rate"}])
def test_a_real_session_keeps_its_labels(research_data: Path, tmp_path: Path, name: str) -> None:
    utterances = [each for each in labelled(research_data / "speech" / "manifest.csv") if each.corpus == "EmoDB"]
    (plan,) = drawn(session_plans(utterances, 5, 3), 1, 3)
    config = Config(face=False, separation="off")
    known, samples = unaware(plan.speaker, Models.load(), config), levelled(sound_of(plan)[0])
    soundfile.write(tmp_path / "recorded.wav", samples, 16_000, subtype="PCM_16")
    before = labels_of(usable(tmp_path / "recorded.wav", known, config))
    (variant,) = (each for each in VARIANTS if each.name == name)
    after = labels_of(usable(variant.write(samples, tmp_path), known, config))
    found = changes([(before, after)], forgive=False)
    assert found["segments"] >= 5
    assert found["changed"] <= max(1, found["segments"] * sound.BAR)
