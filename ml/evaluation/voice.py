"""The voice networks on labelled recordings, everybody judged only by networks that never heard them."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from ml import media
from ml.containers import recognise_container
from ml.evaluation.metrics import by_group, report
from ml.training.fer2013 import Tell
from ml.training.speech import Utterance, read_audio, read_manifest, speech_manifest
from ml.voice.framing import SAMPLE_RATE
from ml.voice.recogniser import VoiceRecogniser

__all__ = ["default_manifest", "evaluate_voice", "hear", "labelled", "predict_voices", "voice_figures", "voice_groups"]

default_manifest = speech_manifest

_READ_DIRECTLY = frozenset({"wav", "flac", "ogg"})


def evaluate_voice(manifest: Path, weights: Path | None, own_statistics: bool, tell: Tell) -> dict[str, Any]:
    """Figures on the labelled rows of a manifest.

    A speaker of the training corpora is judged by the networks that never heard them (``exclude_speaker``), anybody
    else by all of them.

    Args:
        manifest: CSV with columns path, speaker, emotion7 and, if there, corpus; paths relative to the file.
        weights: folder; see ``ml.weights.folder``.
        own_statistics: standardise by all of a speaker's recordings here, as a long recording would be; otherwise
            every recording stands alone.

    Raises:
        FileNotFoundError, ValueError: the data are not there or make no sense.
        RecognitionError: weights_missing, weights_damaged, or a recording that cannot be read.
    """
    utterances = labelled(manifest)
    recogniser = VoiceRecogniser.load(weights)
    probabilities = predict_voices(recogniser, utterances, own_statistics, tell)
    return voice_figures(probabilities, utterances, recogniser, own_statistics)


def voice_figures(
    probabilities: np.ndarray, utterances: Sequence[Utterance], recogniser: VoiceRecogniser, own_statistics: bool
) -> dict[str, Any]:
    """The figures of ``predict_voices``' answers; "unjudged" counts recordings without sound, which enter no other.

    Raises:
        ValueError: no recording has sound.
    """
    judged = [number for number in range(len(utterances)) if not np.isnan(probabilities[number, 0])]
    heard = [utterances[number] for number in judged]
    labels = np.array([int(utterance.emotion) for utterance in heard])
    corpora, speakers = [utterance.corpus for utterance in heard], [utterance.speaker for utterance in heard]
    return {
        **report(probabilities[judged], labels, corpora, speakers),
        "unjudged": len(utterances) - len(judged),
        "speakers_judged_out_of_fold": len(set(speakers) & set(recogniser.fold_of)),
        "statistics": "speaker" if own_statistics else "recording",
        "model": recogniser.version,
    }


def voice_groups(probabilities: np.ndarray, utterances: Sequence[Utterance]) -> dict[str, dict[str, Any]]:
    """Headline figures by language, by sex and by both, as far as the manifest names them.

    Args:
        probabilities: shape (n, 7), rows of NaN left out.
    """
    judged = [number for number in range(len(utterances)) if not np.isnan(probabilities[number, 0])]
    heard = [utterances[number] for number in judged]
    guesses = probabilities[judged].argmax(axis=1)
    labels, speakers = np.array([int(u.emotion) for u in heard]), [u.speaker for u in heard]
    names = {
        "language": [u.language for u in heard],
        "sex": [u.sex for u in heard],
        "language and sex": [f"{u.language} {u.sex}" if u.language and u.sex else "" for u in heard],
    }
    return {name: by_group(guesses, labels, groups, speakers) for name, groups in names.items()}


def labelled(manifest: Path) -> list[Utterance]:
    """The labelled rows of a manifest, each with its file in place.

    Raises:
        FileNotFoundError, ValueError: no manifest, no labelled row, or files that are missing.
    """
    utterances = read_manifest(manifest)
    if not utterances:
        raise ValueError("the manifest has no labelled row")
    missing = sum(not utterance.path.is_file() for utterance in utterances)
    if missing:
        raise ValueError(f"{missing} of the {len(utterances)} files that the manifest names are not there")
    return utterances


def predict_voices(
    recogniser: VoiceRecogniser, utterances: Sequence[Utterance], own_statistics: bool, tell: Tell
) -> np.ndarray:
    """Probabilities of all recordings, shape (n, 7); a row of NaN where there is no sound."""
    of_speaker: dict[str, list[int]] = defaultdict(list)
    for number, utterance in enumerate(utterances):
        of_speaker[utterance.speaker].append(number)
    probabilities = np.full((len(utterances), 7), np.nan)
    done = 0
    for speaker, numbers in of_speaker.items():
        heard = {number: samples for number in numbers if len(samples := hear(utterances[number].path))}
        judged = recogniser.predict_utterances(list(heard.values()), speaker, own_statistics) if heard else []
        for number, answer in zip(heard, judged, strict=True):
            probabilities[number] = answer.probabilities
        done += len(numbers)
        tell("voices", done, len(utterances))
    return probabilities


def hear(path: Path) -> np.ndarray:
    """Samples at 16 kHz, channels averaged, float32, shape (n,); empty where the file has no sound.

    Plain sound files are read as in training, everything else through ffmpeg.

    Raises:
        RecognitionError: the file cannot be read.
    """
    if recognise_container(path) in _READ_DIRECTLY:
        return read_audio(path)
    info = media.probe(path)
    if not info.has_audio:
        return np.zeros(0, np.float32)
    mono = np.concatenate([block.mean(axis=1) for block in media.audio_blocks(path, info)])
    return np.asarray(soxr.resample(mono, media.SAMPLE_RATE, SAMPLE_RATE), dtype=np.float32)
