"""What the voice is worth in a language that its speech networks never heard: one language left out of training.

Networks are fitted as those that ship, in folds, on the speakers of all other languages, and judge the speakers of the
language left out together, as anybody unknown is judged. Nothing is written but checkpoints.
"""

from typing import Any

import numpy as np

from ml.evaluation.voice import predict_voices, read_by_history
from ml.results import Progress
from ml.training.voice.train import VoiceOptions, figures, rounds, run_folder, speech_networks
from ml.voice.attention_lstm import AttentionLSTM
from ml.voice.features import N_FEATURES
from ml.voice.recogniser import Member, VoiceRecogniser, load_encoder
from ml.voice.standardise import Statistics


def language_left_out(
    language: str, options: VoiceOptions | None = None, progress: Progress | None = None
) -> dict[str, Any]:
    """Fit speech networks without a language and measure them on it.

    Args:
        language: as the manifests name it.
        options: of the training; ``attention`` and ``weights`` are not used.
        progress: called with (what is being done, completed, total); may raise to stop.

    Returns:
        "language", "learned_from" (numbers of speakers by language), "speakers", and the figures on every recording of
        the language: "general" (no history) and "with_history" (each speaker's other recordings).

    Raises:
        ValueError: nobody, or everybody, speaks the language.
        RecognitionError: encoder_missing, encoder_damaged.
    """
    options = options or VoiceOptions()
    tell = progress or (lambda what, completed, total: None)
    everything = options.utterances()
    learned_from = [utterance for utterance in everything if utterance.language != language]
    tested = [utterance for utterance in everything if utterance.language == language]
    if not tested or not learned_from:
        names = ", ".join(sorted({utterance.language for utterance in everything}))
        raise ValueError(f"the manifests hold {names}: name one of several languages")
    encoder = load_encoder()
    speakers = {utterance.speaker for utterance in learned_from}
    segments = {of: each.of(speakers) for of, each in rounds(everything, encoder, options, tell).items()}
    folder = run_folder(options) / f"without-{language}"
    networks, people = speech_networks(learned_from, segments, options, folder, tell)
    unused = AttentionLSTM(options.fit.architecture).eval()
    statistics = Statistics(np.zeros(N_FEATURES, np.float32), np.ones(N_FEATURES, np.float32))
    members = [Member(unused, network, fold, 1.0, statistics, people[fold]) for fold, network in enumerate(networks)]
    recogniser = VoiceRecogniser(members, {}, f"{options.version} without {language}", encoder)
    voices = predict_voices(recogniser, tested, tell)
    languages = {utterance.speaker: utterance.language for utterance in learned_from}
    return {
        "language": language,
        "learned_from": {each: list(languages.values()).count(each) for each in sorted(set(languages.values()))},
        "speakers": len({utterance.speaker for utterance in tested}),
        "seed": options.fit.seed,
        "general": figures(tested, voices.general),
        "with_history": figures(tested, read_by_history(recogniser, tested, voices)),
    }
