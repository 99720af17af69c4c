"""What was said, as the engine returns it. Times are seconds from the start of the recording; probabilities 0-1."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Word:
    """One word; in scripts that write none apart (Chinese, say) one character.

    Attributes:
        text: as it stands in the running text, with the space before it where there is one.
        probability: how sure the model is of it, the mean over its parts.
    """

    text: str
    start_s: float
    end_s: float
    probability: float


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words in a row, at least one, cut at full stops and pauses."""

    words: tuple[Word, ...]

    @property
    def start_s(self) -> float:
        """Where its first word begins."""
        return self.words[0].start_s

    @property
    def end_s(self) -> float:
        """Where its last word ends."""
        return self.words[-1].end_s

    @property
    def text(self) -> str:
        """All words, without the space before the first."""
        return "".join(word.text for word in self.words).strip()

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        return {
            "start_s": round(self.start_s, 2),
            "end_s": round(self.end_s, 2),
            "words": [
                [word.text, round(word.start_s, 2), round(word.end_s, 2), round(word.probability, 3)]
                for word in self.words
            ],
        }


@dataclass(frozen=True, slots=True)
class Transcription:
    """What was said in one recording.

    Attributes:
        language: ISO 639 code, the one that most of the speech listened to is in; "" without any speech.
        language_probability: the model's, over the stretches that were listened to for it.
        sentences: in time order.
        speech_s: seconds in which a voice was found.
        left_out_s: seconds of it that are not written down, because what came out could not be trusted.
        model: version and SHA-256 of every file used.
        timings_s: per stage.
    """

    language: str = ""
    language_probability: float = 0.0
    sentences: tuple[Sentence, ...] = ()
    speech_s: float = 0.0
    left_out_s: float = 0.0
    model: dict[str, Any] = field(default_factory=dict)
    timings_s: dict[str, float] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Sentences, a line each."""
        return "\n".join(sentence.text for sentence in self.sentences)

    def as_dict(self) -> dict[str, Any]:
        """Ready for JSON; a word is [text, start_s, end_s, probability]."""
        return {
            "language": self.language,
            "language_probability": round(self.language_probability, 3),
            "speech_s": round(self.speech_s, 2),
            "left_out_s": round(self.left_out_s, 2),
            "sentences": [sentence.as_dict() for sentence in self.sentences],
            "model": self.model,
            "timings_s": {stage: round(seconds, 3) for stage, seconds in self.timings_s.items()},
        }
