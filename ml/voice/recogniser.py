"""The voice recogniser: shipped weights, one recording's statistics, and the emotion of its segments.

What ships is an ensemble of pairs, an Attention-LSTM and a contour network each, whose probabilities are averaged with
fixed shares. Training deals the speakers into folds and fits networks that never heard the speakers of
their fold. For a speaker of the training corpora ``exclude_speaker`` keeps only the networks that never heard that
speaker, so that figures on those corpora can be reproduced from the shipped file.

For somebody unknown the answer is the mean of the calibrated probabilities over all contour networks, each blended with
the Attention-LSTM of the first pair. The other Attention-LSTMs would take most of the time for the least of the answer
(docs/experiments-voice.md).
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from ml import weights as stored
from ml.emotions import EMOTIONS
from ml.errors import RecognitionError
from ml.voice import activity, features
from ml.voice.attention_lstm import Architecture, AttentionLSTM
from ml.voice.contours import (
    ContourNetwork,
    ContourSizes,
    blend,
    contours_of,
    moments_of,
    scale_of,
    standardise,
    standardise_moments,
)
from ml.voice.framing import FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE, frame_count
from ml.voice.heard import Heard
from ml.voice.standardise import Statistics, statistics_of

BATCH = 64
"""Segments computed together."""

CONTOUR_SHARE = 0.9
"""Share of a contour network in the mean of a pair's probabilities (by experiment: docs/experiments-voice.md)."""


PARTS = ("model", "contours")
"""The networks of a ``Member``, as their tensors are named in the file."""


STATISTICS = ("statistics", "prosody_statistics", "states_statistics")
"""Mean and deviation of a member's training speakers, as their tensors are named in the file."""


_DESCRIBED = ("fold", "temperature", "fallback_temperature")
"""What the description says of each ``Member``; the rest of it are tensors."""


class Judged(NamedTuple):
    """One stretch of speech.

    Attributes:
        probabilities: calibrated, float32, shape (7,), sums to 1.
        times: centres of the frames the network read, in seconds from the start of the recording, shape (T,).
        weights: attention paid to each of them, sums to 1, shape (T,).
        own: standardised by the statistics given; False where there was too little speech behind them, and the training
            speakers' served instead.
    """

    probabilities: np.ndarray
    times: np.ndarray
    weights: np.ndarray
    own: bool


@dataclass(frozen=True, slots=True)
class Member:
    """One pair of networks of the ensemble.

    Attributes:
        model, contours: in evaluation mode.
        fold: the fold whose speakers they never heard.
        temperature: their blended logits are divided by this before the softmax...
        fallback_temperature: ...and by this where the fallback statistics serve, which tell them less.
        statistics: of its training speakers, the fallback for very short audio.
    """

    model: AttentionLSTM
    contours: ContourNetwork
    fold: int
    temperature: float
    fallback_temperature: float
    statistics: Statistics


class VoiceRecogniser:
    """Emotion of speech, 16 kHz mono. Deterministic; safe to keep for many recordings."""

    def __init__(
        self,
        members: Sequence[Member],
        fold_of: dict[str, int],
        version: str,
        contour_share: float = CONTOUR_SHARE,
    ) -> None:
        """Build from parts; ``load`` is the usual way.

        Args:
            members: at least one, all of one architecture.
            fold_of: fold by speaker of the training corpora.
            contour_share: share of the contour network in a pair's probabilities; 0 leaves the Attention-LSTM alone.
        """
        self.members = tuple(members)
        self.fold_of = dict(fold_of)
        self.version = version
        self.contour_share = contour_share
        self._group = self.members[0].model.architecture.frames_averaged

    @classmethod
    def load(cls, directory: Path | None = None) -> Self:
        """Read the shipped weights.

        Args:
            directory: see ``ml.weights.folder``.

        Raises:
            RecognitionError: weights_missing, weights_damaged.
        """
        return cls(*unpack(*stored.read("voice", directory)))

    def attention_alone(self) -> "VoiceRecogniser":
        """The same networks without the contours' say: the paper's Attention-LSTM, for the ablation."""
        return VoiceRecogniser(self.members, self.fold_of, self.version, contour_share=0.0)

    def statistics(self, samples: np.ndarray, speech: np.ndarray) -> Statistics:
        """Level and feature statistics of one recording of one person, by which its segments are standardised.

        Args:
            samples: the whole recording, 16 kHz mono; an array or a ``np.memmap``, read in blocks.
            speech: ``activity.speech_probabilities(samples)``.
        """
        with single_thread():
            return statistics_of([(samples, activity.frame_mask(speech, len(samples)))])

    def predict(
        self,
        samples: np.ndarray,
        spans: Sequence[tuple[float, float]],
        statistics: Statistics,
        speech: np.ndarray,
        exclude_speaker: str | None = None,
    ) -> list[Judged]:
        """Judge stretches of a recording.

        Of every stretch, the silence before its first and after its last speech is left out (``activity.speech_span``);
        pauses inside stay. Whether a stretch has enough speech to be judged at all is the caller's decision.

        Args:
            samples: the whole recording; an array or a ``np.memmap``.
            spans: (start, end) in seconds, each overlapping the recording.
            statistics: of the recording, or of its speaker's recordings.
            speech: ``activity.speech_probabilities(samples)``.
            exclude_speaker: a speaker of the training corpora; only networks that never heard them answer.

        Returns:
            One per span, in order.
        """
        members = self.unaware_of(exclude_speaker)
        mask = activity.frame_mask(speech, len(samples))
        ranges = [_frame_range(mask, len(samples), span) for span in spans]
        heard = statistics.features_of(samples)
        judged: list[Judged] = []
        with single_thread(), torch.inference_mode():
            for at in range(0, len(ranges), BATCH):
                judged += self._judge(heard, ranges[at : at + BATCH], statistics, members)
        return judged

    def predict_utterances(
        self, utterances: Sequence[np.ndarray], exclude_speaker: str | None = None, own_statistics: bool = True
    ) -> list[Judged]:
        """Judge short recordings of one speaker, each as a whole.

        Args:
            utterances: 16 kHz mono, all by the same speaker.
            exclude_speaker: see ``predict``.
            own_statistics: standardise by the statistics over all these utterances, as a recording of that length would
                be; otherwise each utterance stands alone.
        """
        speech = [activity.speech_probabilities(samples) for samples in utterances]
        masks = [activity.frame_mask(found, len(heard)) for heard, found in zip(utterances, speech, strict=True)]
        heard = list(zip(utterances, masks, strict=True))
        members = self.unaware_of(exclude_speaker)
        judged = []
        with single_thread(), torch.inference_mode():
            together = statistics_of(heard) if own_statistics else None
            for samples, mask in heard:
                statistics = together or statistics_of([(samples, mask)])
                own = statistics.features_of(samples)
                judged += self._judge(own, [activity.speech_span(mask)], statistics, members)
        return judged

    def unaware_of(self, speaker: str | None) -> tuple[Member, ...]:
        """The networks that never heard this speaker; all of them for None or somebody unknown."""
        fold = None if speaker is None else self.fold_of.get(speaker)
        return self.members if fold is None else tuple(member for member in self.members if member.fold == fold)

    def _judge(
        self, heard: Heard, ranges: Sequence[tuple[int, int]], statistics: Statistics, members: Sequence[Member]
    ) -> list[Judged]:
        frames = [heard.frames(first, last) for first, last in ranges]
        averaged = [features.average_frames(each.families, self._group) for each in frames]
        found = np.stack([contours_of(*each) for each in zip(averaged, (f.prosody for f in frames), strict=True)])
        moments = np.stack([moments_of(each.states) for each in frames])
        lengths = torch.tensor([len(each) for each in averaged])
        padded = np.zeros((len(averaged), int(lengths.max()), features.N_FEATURES), dtype=np.float32)
        attending = members[0]
        scale = statistics.or_fallback(attending.statistics)
        for row, each in zip(padded, averaged, strict=True):
            row[: len(each)] = scale.apply(each)
        attended, weights = attending.model(torch.from_numpy(padded), lengths)
        probabilities = torch.zeros(len(averaged), len(EMOTIONS))
        standardised: tuple[Tensor, Tensor] | None = None
        for member in members:
            own = statistics.or_fallback(member.statistics)
            if standardised is None or own is not statistics:
                parts = standardise(found, *scale_of(own)), standardise_moments(moments, own)
                standardised = torch.from_numpy(parts[0]), torch.from_numpy(parts[1])
            outlined = member.contours(*standardised)
            blended = blend(attended, outlined, self.contour_share)
            temperature = member.temperature if own is statistics else member.fallback_temperature
            probabilities += torch.softmax(blended / temperature, dim=-1) / len(members)
        return [
            Judged(
                probabilities[row].numpy(),
                frame_times(first, last, self._group),
                weights[row, :length].numpy(),
                scale is statistics,
            )
            for row, ((first, last), length) in enumerate(zip(ranges, lengths.tolist(), strict=True))
        ]


def frame_times(first: int, last: int, group: int) -> np.ndarray:
    """Centres in seconds of averaged frames: 10 ms frames ``first`` to ``last`` (exclusive) in groups of ``group``."""
    starts = np.arange(first, last, group)
    middles = starts + (np.minimum(group, last - starts) - 1) / 2
    return (middles * HOP_SAMPLES + FRAME_SAMPLES / 2) / SAMPLE_RATE


def pack(recogniser: VoiceRecogniser) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors (float16, statistics float32) and description, as ``unpack`` reads them."""
    tensors: dict[str, Tensor] = {}
    for number, member in enumerate(recogniser.members):
        for part in PARTS:
            for name, value in getattr(member, part).state_dict().items():
                tensors[f"{number}.{part}.{name}"] = value.to(torch.float16)
        own = member.statistics
        tensors[f"{number}.statistics"] = torch.from_numpy(np.stack([own.mean, own.std]))
        tensors[f"{number}.prosody_statistics"] = torch.from_numpy(np.stack([own.prosody_mean, own.prosody_std]))
        tensors[f"{number}.states_statistics"] = torch.from_numpy(np.stack([own.states_mean, own.states_std]))
    described = {
        "version": recogniser.version,
        "architecture": recogniser.members[0].model.architecture.as_dict(),
        "contours": recogniser.members[0].contours.sizes.as_dict(),
        "contour_share": recogniser.contour_share,
        "members": [{name: getattr(member, name) for name in _DESCRIBED} for member in recogniser.members],
        "speakers": recogniser.fold_of,
    }
    return tensors, described


def unpack(tensors: dict[str, Tensor], described: dict[str, Any]) -> tuple[list[Member], dict[str, int], str, float]:
    """The arguments of ``VoiceRecogniser`` from what ``pack`` made.

    Raises:
        RecognitionError: weights_damaged, when the parts do not fit together.
    """
    try:
        architecture, sizes = Architecture(**described["architecture"]), ContourSizes(**described["contours"])
        members = []
        for number, entry in enumerate(described["members"]):
            (mean, std), spoken, states = (tensors[f"{number}.{name}"].float().numpy() for name in STATISTICS)
            model, outline = AttentionLSTM(architecture), ContourNetwork(sizes)
            for part, network in zip(PARTS, (model, outline), strict=True):
                prefix = f"{number}.{part}."
                state = {n.removeprefix(prefix): v.float() for n, v in tensors.items() if n.startswith(prefix)}
                network.load_state_dict(state)
            statistics = Statistics(mean, std, 1.0, 0, *spoken, *states)
            members.append(
                Member(
                    model.eval(), outline.eval(), **{name: entry[name] for name in _DESCRIBED}, statistics=statistics
                )
            )
        fold_of = {str(name): int(fold) for name, fold in described["speakers"].items()}
        return members, fold_of, described["version"], float(described["contour_share"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise RecognitionError("weights_damaged", f"the voice weights do not fit together: {error}") from error


@contextmanager
def single_thread() -> Iterator[None]:
    """Keep torch to one thread: a step of the network is too small to be worth sharing out."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _frame_range(mask: np.ndarray, samples: int, span: tuple[float, float]) -> tuple[int, int]:
    """The 10 ms frames of a span from its first to its last speech: (first, last exclusive)."""
    total = frame_count(samples)
    first = min(int(span[0] * SAMPLE_RATE) // HOP_SAMPLES, total - 1)
    inside = int(span[1] * SAMPLE_RATE) - first * HOP_SAMPLES
    last = min(first + frame_count(max(inside, 0)), total)
    start, stop = activity.speech_span(mask[first:last])
    return first + start, first + stop
