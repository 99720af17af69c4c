"""The seven classes: their order, their names, their valence, and how corpora map onto them.

Order and names are the paper's (section 4.1): 0 anger, 1 disgust, 2 sad, 3 happy, 4 scared, 5 surprised, 6 normal.
FER2013 numbers its classes differently, so every loader maps by name and never by index.
"""

from enum import IntEnum


class Emotion(IntEnum):
    """One of the seven classes; the value is the index in every probability vector."""

    ANGER = 0
    DISGUST = 1
    SAD = 2
    HAPPY = 3
    SCARED = 4
    SURPRISED = 5
    NORMAL = 6

    @property
    def label(self) -> str:
        """The class name used in JSON, tables and the database."""
        return self.name.lower()


EMOTIONS: tuple[str, ...] = tuple(emotion.label for emotion in Emotion)
"""The seven names in index order."""

NEGATIVE: frozenset[str] = frozenset({"anger", "disgust", "sad", "scared"})
"""Classes that count as negative emotion."""

FER2013_ORDER: tuple[str, ...] = ("anger", "disgust", "scared", "happy", "sad", "surprised", "normal")
"""FER2013's own label numbers 0-6, as project names: there 2 is fear and 4 is sad."""

_CORPUS_NAMES: dict[str, str] = {
    "angry": "anger",
    "anger": "anger",
    "disgust": "disgust",
    "disgusted": "disgust",
    "sad": "sad",
    "sadness": "sad",
    "happy": "happy",
    "happiness": "happy",
    "joy": "happy",
    "fear": "scared",
    "fearful": "scared",
    "scared": "scared",
    "anxious": "scared",
    "worried": "scared",
    "surprise": "surprised",
    "surprised": "surprised",
    "neutral": "normal",
    "natural": "normal",
    "normal": "normal",
}


def from_corpus_name(name: str) -> Emotion | None:
    """The class for a corpus label such as ``fear`` or ``anxious``; None for labels outside the seven (calm, boredom).

    CHEAVD's *anxious* and *worried* become *scared* (paper section 4.1 merges them into one class).
    """
    project_name = _CORPUS_NAMES.get(name.strip().lower())
    return None if project_name is None else Emotion[project_name.upper()]


def from_fer2013(index: int) -> Emotion:
    """The class for FER2013's label number.

    Raises:
        ValueError: the number is outside 0-6.
    """
    if not 0 <= index < len(FER2013_ORDER):
        raise ValueError(f"FER2013 labels are 0-6, not {index}")
    return Emotion[FER2013_ORDER[index].upper()]
