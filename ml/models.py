"""The trained models, each loaded when it is first needed."""

from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Any

from ml import weights
from ml.config import Config
from ml.face import landmark_model
from ml.face.recogniser import FaceRecogniser
from ml.reading import score_versions
from ml.speakers.vectors import SpeakerSpace
from ml.voice import whisper_model
from ml.voice.recogniser import VoiceRecogniser, load_encoder
from ml.voice.separation import Separator
from ml.voice.separation_model import SHA256
from ml.voice.whisper_encoder import WhisperEncoder


class Models:
    """The trained models, each loaded when it is first needed; keep one for many recordings.

    Load them in the process that uses them: a process forked from one that has used TensorFlow hangs.
    """

    def __init__(self, directory: Path | None = None, separator_dir: Path | None = None) -> None:
        self._directory = directory
        self._separator_dir = separator_dir

    @classmethod
    def load(cls, directory: Path | None = None, separator_dir: Path | None = None) -> "Models":
        """Models from ``directory`` (see ``ml.weights.folder``) and a separator (see ``ml.voice.separation_model``)."""
        return cls(directory, separator_dir)

    @cached_property
    def voice(self) -> VoiceRecogniser:
        """Raises RecognitionError: weights_missing, weights_damaged, encoder_missing, encoder_damaged."""
        return VoiceRecogniser.load(self._directory)

    @cached_property
    def speakers(self) -> SpeakerSpace:
        """What tells people apart. Raises RecognitionError: weights_missing, weights_damaged."""
        return SpeakerSpace.load(self._directory)

    @cached_property
    def encoder(self) -> WhisperEncoder:
        """The speech encoder, shared with the voice. Raises RecognitionError: encoder_missing, encoder_damaged."""
        return self.voice.encoder or load_encoder()

    @cached_property
    def paper_voice(self) -> VoiceRecogniser:
        """The paper's Attention-LSTM alone. Raises RecognitionError: weights_missing, weights_damaged."""
        return VoiceRecogniser.load(self._directory, kind="attention_lstm")

    def voice_for(self, config: Config) -> VoiceRecogniser:
        """The voice that ``config.voice_by`` names."""
        return self.voice if config.voice_by == "speech" else self.paper_voice

    def score_versions(self, config: Config) -> dict[str, str]:
        """See ``ml.reading.score_versions``."""
        return score_versions(config, self._directory)

    def with_voice(self, voice: VoiceRecogniser) -> "Models":
        """The same models with another voice, for figures on people whom some of the networks have heard.

        The separator is shared, so that it is read from disk once for all of them.
        """
        models = copy(self)
        models.__dict__["separator"] = self.separator
        models.__dict__["voice" if voice.kind == "speech" else "paper_voice"] = voice
        return models

    @cached_property
    def face(self) -> FaceRecogniser:
        """Raises RecognitionError: weights_missing, weights_damaged."""
        return FaceRecogniser.load(self._directory)

    @cached_property
    def separator(self) -> Separator:
        """Raises nothing; its first use raises RecognitionError: separator_missing, separator_damaged."""
        return Separator(self._separator_dir)

    def described(self, config: Config) -> dict[str, Any]:
        """Version and SHA-256 of every file that a recognition with ``config`` uses."""
        card = weights.card(self._directory)
        tells_apart = config.voice and config.tell_apart and config.voice_by == "speech"
        uses = (("face", config.face), ("voice", config.voice), ("speakers", tells_apart))
        used = [name for name, is_used in uses if is_used]
        files = {name: {key: card.get(name, {}).get(key) for key in ("version", "sha256")} for name in used}
        if config.face:
            files["landmarks"] = {"version": landmark_model.VERSION, "sha256": landmark_model.SHA256}
        if config.voice and config.voice_by == "speech":
            files["speech_encoder"] = {"version": whisper_model.VERSION, "sha256": whisper_model.SHA256}
        if config.voice and config.separation == "vocals":
            files["separator"] = {"version": "spleeter 2stems", "sha256": SHA256["model.data-00000-of-00001"]}
        return files
