"""The voice networks on labelled recordings, everybody judged only by networks that never heard them.

Every recording is judged as a whole, as if nothing else were known of its speaker; then once more with the speaker's
other recordings as history (``ml.reference``). A recording is never part of its own history.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from ml import media
from ml.containers import recognise_container
from ml.data.manifest import ANONYMOUS, Utterance, labelled, read_audio
from ml.evaluation.identification import told_apart
from ml.metrics.calibration import calibration
from ml.metrics.classification import by_group, report
from ml.reference import Evidence, Reference
from ml.results import Progress
from ml.voice.framing import SAMPLE_RATE
from ml.voice.recogniser import VoiceRecogniser

_READ_DIRECTLY = frozenset({"wav", "flac", "ogg"})


@dataclass(frozen=True, slots=True)
class Voices:
    """The networks' answers on recordings; rows of NaN where there is no sound.

    Attributes:
        general: probabilities by people in general, shape (n, 7).
        scores: see ``ml.voice.person``, shape (n, 7).
        attended: probabilities by the paper's Attention-LSTM alone, shape (n, 7).
        seconds: length of each recording, shape (n,).
    """

    general: np.ndarray
    scores: np.ndarray
    attended: np.ndarray
    seconds: np.ndarray

    @property
    def judged(self) -> np.ndarray:
        """Which recordings have sound, bool, shape (n,)."""
        has_sound: np.ndarray = ~np.isnan(self.general[:, 0])
        return has_sound


def evaluate_voice(manifest: Path, weights: Path | None, tell: Progress) -> dict[str, Any]:
    """Figures on the labelled rows of a manifest.

    A speaker of the training corpora is judged by the networks that never heard them (``exclude_speaker``), anybody
    else by all of them.

    Args:
        manifest: CSV with columns path, speaker, emotion7 and, if there, corpus; paths relative to the file.
        weights: folder; see ``ml.weights.folder``.

    Returns:
        The figures without history, and under "own" the same where each speaker's other recordings are their history.

    Raises:
        FileNotFoundError, ValueError: the data are not there or make no sense.
        RecognitionError: weights_missing, weights_damaged, encoder_missing, encoder_damaged, or a recording that cannot
            be read.
    """
    utterances = labelled(manifest)
    recogniser = VoiceRecogniser.load(weights)
    voices = predict_voices(recogniser, utterances, tell)
    return voice_figures(voices, utterances, recogniser)


def voice_figures(voices: Voices, utterances: Sequence[Utterance], recogniser: VoiceRecogniser) -> dict[str, Any]:
    """The figures of ``predict_voices``'s answers; "unjudged" counts recordings without sound, which enter no other.

    "told_apart" says how well the sums tell the speakers apart (``identification.told_apart``).

    Raises:
        ValueError: no recording has sound.
    """
    return {
        **figures_of(voices.general, utterances),
        "own": figures_of(read_by_history(recogniser, utterances, voices), utterances),
        "told_apart": told_apart(
            _contributions(recogniser, voices, range(len(utterances))),
            ["" if u.speaker.startswith(ANONYMOUS) else u.speaker for u in utterances],
            recogniser.fold_of,
        ),
        "speakers_judged_out_of_fold": len({u.speaker for u in utterances} & set(recogniser.fold_of)),
        "model": recogniser.version,
    }


def figures_of(probabilities: np.ndarray, utterances: Sequence[Utterance]) -> dict[str, Any]:
    """``classification.report`` of probabilities (n, 7), rows of NaN left out ("unjudged"), and "calibration".

    Raises:
        ValueError: nothing was judged.
    """
    judged = np.flatnonzero(~np.isnan(probabilities[:, 0]))
    judged_utterances = [utterances[int(number)] for number in judged]
    labels = np.array([int(utterance.emotion) for utterance in judged_utterances])
    corpora, speakers = (
        [utterance.corpus for utterance in judged_utterances],
        [utterance.speaker for utterance in judged_utterances],
    )
    return {
        **report(probabilities[judged], labels, corpora, speakers),
        "calibration": {"voice": calibration(probabilities[judged], labels)},
        "unjudged": len(utterances) - len(judged),
    }


def voice_groups(probabilities: np.ndarray, utterances: Sequence[Utterance]) -> dict[str, dict[str, Any]]:
    """Headline figures by language, by sex and by both, as far as the manifest names them.

    Args:
        probabilities: shape (n, 7), rows of NaN left out.
    """
    judged = [number for number in range(len(utterances)) if not np.isnan(probabilities[number, 0])]
    judged_utterances = [utterances[number] for number in judged]
    guesses = probabilities[judged].argmax(axis=1)
    labels, speakers = np.array([int(u.emotion) for u in judged_utterances]), [u.speaker for u in judged_utterances]
    names = {
        "language": [u.language for u in judged_utterances],
        "sex": [u.sex for u in judged_utterances],
        "language and sex": [f"{u.language} {u.sex}" if u.language and u.sex else "" for u in judged_utterances],
    }
    return {name: by_group(guesses, labels, groups, speakers) for name, groups in names.items()}


def predict_voices(
    recogniser: VoiceRecogniser, utterances: Sequence[Utterance], tell: Progress, least_speech: float = 0.0
) -> Voices:
    """Judge every recording by itself, by people in general.

    Args:
        least_speech: share of a recording with speech below which it is not judged.
    """
    general, scores, attended = (np.full((len(utterances), 7), np.nan) for _ in range(3))
    seconds = np.zeros(len(utterances))
    for number, utterance in enumerate(utterances):
        samples = read_sound(utterance.path)
        judged = recogniser.predict_whole(samples, utterance.speaker, least_speech) if len(samples) else None
        if judged is not None:
            general[number], scores[number], attended[number] = judged.general, judged.scores, judged.attended
            seconds[number] = len(samples) / SAMPLE_RATE
        tell("voices", number + 1, len(utterances))
    return Voices(general, scores, attended, seconds)


def read_by_history(recogniser: VoiceRecogniser, utterances: Sequence[Utterance], voices: Voices) -> np.ndarray:
    """Probabilities (n, 7) where each speaker's other recordings are their history; general ones without any."""
    speakers = np.array([utterance.speaker for utterance in utterances])
    probabilities = voices.general.copy()
    for number in np.flatnonzero(voices.judged):
        if speakers[number].startswith(ANONYMOUS):
            continue
        of_speaker = np.flatnonzero((speakers == speakers[number]) & voices.judged)
        evidence = evidence_of(recogniser, voices, of_speaker[of_speaker != number])
        probabilities[number] = recogniser.personal(
            voices.general[[number]], voices.scores[[number]], evidence, str(speakers[number])
        )[0]
    return probabilities


def evidence_of(recogniser: VoiceRecogniser, voices: Voices, recordings: np.ndarray) -> Evidence | None:
    """What several recordings of one person, by their indices, leave behind."""
    contributions = _contributions(recogniser, voices, recordings.tolist())
    return Reference.gathered(Reference(voice=each) for each in contributions).voice


def _contributions(recogniser: VoiceRecogniser, voices: Voices, recordings: Iterable[int]) -> list[Evidence | None]:
    """What each of these recordings leaves behind; None where there is no sound."""
    return [
        Evidence.of_recording(recogniser.version, voices.seconds[[each]], voices.general[[each]], voices.scores[[each]])
        for each in recordings
    ]


def read_sound(path: Path) -> np.ndarray:
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
