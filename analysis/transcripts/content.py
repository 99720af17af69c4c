"""The sentences of a transcript: sealed in the row, opened in memory only.

Sealed content names its transcript, so that it is worth nothing in another's row.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from analysis.models import Transcript
from analysis.references.sealing import SealBrokenError, seal, unseal

logger = logging.getLogger(__name__)

FORMAT = 1
UNCERTAIN = 0.5
"""A word of which the model is less sure than this is marked."""


class Word(NamedTuple):
    """One word, in Chinese one character.

    Attributes:
        text: with the space before it, where the language writes one.
        start_s, end_s: seconds of the recording.
        probability: 0-1.
    """

    text: str
    start_s: float
    end_s: float
    probability: float

    @property
    def is_uncertain(self) -> bool:
        """Whether it is marked."""
        return self.probability < UNCERTAIN


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words in a row, at least one."""

    start_s: float
    end_s: float
    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """All of them."""
        return "".join(word.text for word in self.words).strip()


def sealed(transcript: Transcript, sentences: Iterable[dict[str, Any]]) -> bytes:
    """What is kept of the sentences, each as ``ml.transcript.results.Sentence.as_dict`` gives it."""
    return seal({"format": FORMAT, "transcript": str(transcript.pk), "sentences": list(sentences)})


def sentences_of(transcript: Transcript) -> list[Sentence] | None:
    """The sentences in time order; none of them until they are written; None, which is logged, without their key."""
    if transcript.content is None:
        return []
    try:
        opened = unseal(transcript.content)
        if (opened.get("format"), opened.get("transcript")) != (FORMAT, str(transcript.pk)):
            raise SealBrokenError
    except SealBrokenError:
        logger.error("%s cannot be opened: is EMOREC_SEAL_KEYS complete?", transcript)
        return None
    return [
        Sentence(each["start_s"], each["end_s"], tuple(Word(*word) for word in each["words"]))
        for each in opened["sentences"]
    ]
