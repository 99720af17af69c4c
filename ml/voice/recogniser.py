"""The voice recogniser: shipped weights, and the emotion of a recording's segments.

Training deals the speakers into folds and fits networks that never heard the speakers of their fold; all of them ship
as one ensemble. A *member* is the two networks of one fold: the speech network, which answers, and the paper's
Attention-LSTM, which shows the moments it attended to and answers where the paper's voice is asked for alone. For a
speaker of the training corpora ``exclude_speaker`` keeps only the member that never heard that speaker, so that figures
on those corpora can be reproduced from the shipped file.

For somebody unknown the answer is the mean over all members' speech networks; attention is that of the first.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import torch
from torch import Tensor

from ml import weights as stored
from ml.errors import RecognitionError
from ml.reference import Evidence
from ml.voice import activity, features, whisper_model
from ml.voice.attention_lstm import Architecture, AttentionLSTM
from ml.voice.framing import FRAME_SAMPLES, HOP_SAMPLES, SAMPLE_RATE, frame_count
from ml.voice.person import People, personal
from ml.voice.recording_features import LAYERS, RecordingFeatures
from ml.voice.segment_features import segment_features
from ml.voice.speech_network import SpeechNetwork
from ml.voice.standardise import Statistics, gain_for, speech_rms
from ml.voice.whisper_encoder import WhisperEncoder

BATCH = 64
"""Segments computed together."""

Kind = Literal["speech", "attention_lstm"]
"""Whose answer counts: the speech network's, or that of the paper's Attention-LSTM alone."""

_NETWORKS = ("model", "speech")
"""The networks of a ``Member``, as their tensors are named in the file."""
_DESCRIBED = ("fold", "attention_temperature")
"""What the description says of each ``Member``; the rest of it are tensors."""


class Judged(NamedTuple):
    """One stretch of speech.

    Attributes:
        general: calibrated probabilities by people in general, float64, shape (7,), sums to 1.
        scores: what a person's own sessions are gathered from (``ml.reference``), shape (7,).
        attended: what the paper's Attention-LSTM alone says, calibrated, shape (7,).
        times: centres of the frames the network read, in seconds from the start of the recording, shape (T,).
        weights: attention paid to each of them, sums to 1, shape (T,).
    """

    general: np.ndarray
    scores: np.ndarray
    attended: np.ndarray
    times: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True, slots=True)
class Member:
    """The networks of one fold.

    Attributes:
        model, speech: in evaluation mode.
        fold: the fold whose speakers they never heard.
        attention_temperature: the Attention-LSTM's logits are divided by this before the softmax.
        statistics: of its training speakers' features, for the Attention-LSTM.
        people: by speakers of other folds, each judged by networks that never heard them.
    """

    model: AttentionLSTM
    speech: SpeechNetwork
    fold: int
    attention_temperature: float
    statistics: Statistics
    people: People


class VoiceRecogniser:
    """Emotion of speech, 16 kHz mono. Deterministic; safe to keep for many recordings."""

    def __init__(
        self,
        members: Sequence[Member],
        fold_of: dict[str, int],
        version: str,
        encoder: WhisperEncoder | None,
        kind: Kind = "speech",
    ) -> None:
        """Build from parts; ``load`` is the usual way.

        Args:
            members: at least one, all of one architecture.
            fold_of: fold by speaker of the training corpora.
            encoder: may be None for the Attention-LSTM alone.
        """
        self.members = tuple(members)
        self.fold_of = dict(fold_of)
        self.version = version
        self.kind = kind
        self.encoder = encoder
        self._group = self.members[0].model.architecture.frames_averaged

    @classmethod
    def load(cls, directory: Path | None = None, encoder_dir: Path | None = None, kind: Kind = "speech") -> Self:
        """Read the shipped weights, and the speech encoder where it is needed.

        Args:
            directory: see ``ml.weights.folder``.
            encoder_dir: see ``ml.voice.whisper_model``.

        Raises:
            RecognitionError: weights_missing, weights_damaged, encoder_missing, encoder_damaged.
        """
        members, fold_of, version = unpack(*stored.read("voice", directory))
        return cls(members, fold_of, version, load_encoder(encoder_dir) if kind == "speech" else None, kind)

    def attention_alone(self) -> "VoiceRecogniser":
        """The paper's Attention-LSTM alone, for the ablation."""
        return VoiceRecogniser(self.members, self.fold_of, self.version, None, "attention_lstm")

    def with_members(self, members: Sequence[Member]) -> "VoiceRecogniser":
        """The same recogniser with other networks."""
        return VoiceRecogniser(members, self.fold_of, self.version, self.encoder, self.kind)

    def features(self, samples: np.ndarray, mask: np.ndarray) -> RecordingFeatures:
        """Features of one recording at the reference level.

        Args:
            samples: the whole recording, 16 kHz mono; an array or a ``np.memmap``, read in blocks.
            mask: which 10 ms frames have speech (``activity.frame_mask``).
        """
        return RecordingFeatures(samples, gain_for(speech_rms([(samples, mask)])), self.encoder)

    def predict(
        self,
        recording: RecordingFeatures,
        spans: Sequence[tuple[float, float]],
        mask: np.ndarray,
        exclude_speaker: str | None = None,
    ) -> list[Judged]:
        """Judge stretches of a recording.

        Of every stretch, the silence before its first and after its last speech is left out (``activity.speech_span``);
        pauses inside stay. Whether a stretch has enough speech to be judged at all is the caller's decision.

        Args:
            recording: from ``features``.
            spans: (start, end) in seconds, each overlapping the recording.
            mask: which 10 ms frames have speech.
            exclude_speaker: a speaker of the training corpora; only networks that never heard them answer.

        Returns:
            One per span, in order.
        """
        members = self.unaware_of(exclude_speaker)
        ranges = [_frame_range(mask, len(recording.samples), span) for span in spans]
        judged: list[Judged] = []
        with torch.inference_mode():
            for at in range(0, len(ranges), BATCH):
                judged += self._judge(recording, mask, ranges[at : at + BATCH], members)
        return judged

    def predict_whole(
        self, samples: np.ndarray, exclude_speaker: str | None = None, least_speech: float = 0.0
    ) -> Judged | None:
        """Judge a short recording as one stretch, by people in general.

        Args:
            least_speech: share of the recording with speech below which it is not judged: None.
        """
        mask = activity.frame_mask(activity.speech_probabilities(samples), len(samples))
        if mask.mean() < least_speech:
            return None
        span = (0.0, len(samples) / SAMPLE_RATE)
        (judged,) = self.predict(self.features(samples, mask), [span], mask, exclude_speaker)
        return judged

    def personal(
        self, general: np.ndarray, scores: np.ndarray, evidence: Evidence | None, exclude_speaker: str | None = None
    ) -> np.ndarray:
        """Read general probabilities (n, 7) and scores (n, 7) anew with what is known of the person."""
        return personal(general, scores, self.people(exclude_speaker), evidence)

    def people(self, exclude_speaker: str | None = None) -> People:
        """What the networks that never heard this speaker know of people in general; all of them for None."""
        return People.mean([member.people for member in self.unaware_of(exclude_speaker)])

    def unaware_of(self, speaker: str | None) -> tuple[Member, ...]:
        """The networks that never heard this speaker; all of them for None or somebody unknown."""
        fold = None if speaker is None else self.fold_of.get(speaker)
        return self.members if fold is None else tuple(member for member in self.members if member.fold == fold)

    def _judge(
        self,
        recording: RecordingFeatures,
        mask: np.ndarray,
        ranges: Sequence[tuple[int, int]],
        members: Sequence[Member],
    ) -> list[Judged]:
        logits, weights, lengths = self._attend(recording, ranges, members[0])
        attended = torch.softmax(logits.double() / members[0].attention_temperature, dim=1).numpy()
        if self.kind == "speech":
            rows = torch.from_numpy(np.stack([segment_features(recording, mask, *each) for each in ranges]))
            answers = [member.speech(rows) for member in members]
            shares = [torch.softmax(answer.general.double(), dim=1) for answer in answers]
            general = torch.stack(shares).mean(dim=0).numpy()
            scores = torch.stack([answer.scores for answer in answers]).double().mean(dim=0).numpy()
        else:
            general = attended
            scores = np.zeros_like(general)
        return [
            Judged(
                general[row],
                scores[row],
                attended[row],
                frame_times(first, last, self._group),
                weights[row, :length].numpy(),
            )
            for row, ((first, last), length) in enumerate(zip(ranges, lengths, strict=True))
        ]

    def _attend(
        self, recording: RecordingFeatures, ranges: Sequence[tuple[int, int]], member: Member
    ) -> tuple[Tensor, Tensor, list[int]]:
        """Logits (B, 7), attention (B, T) and numbers of frames of the paper's network."""
        averaged = [features.average_frames(recording.families(*each), self._group) for each in ranges]
        lengths = [len(each) for each in averaged]
        padded = np.zeros((len(averaged), max(lengths), features.N_FEATURES), dtype=np.float32)
        for row, each in zip(padded, averaged, strict=True):
            row[: len(each)] = member.statistics.apply(each)
        with single_thread():
            logits, weights = member.model(torch.from_numpy(padded), torch.tensor(lengths))
        return logits, weights, lengths


def load_encoder(folder: Path | None = None) -> WhisperEncoder:
    """The verified speech encoder, up to the last layer that is read.

    Raises:
        RecognitionError: encoder_missing, encoder_damaged.
    """
    variables = whisper_model.read_variables(whisper_model.read_model(folder), "encoder/")
    return WhisperEncoder.from_variables(variables, max(LAYERS))


def frame_times(first: int, last: int, group: int) -> np.ndarray:
    """Centres in seconds of averaged frames: 10 ms frames ``first`` to ``last`` (exclusive) in groups of ``group``."""
    starts = np.arange(first, last, group)
    middles = starts + (np.minimum(group, last - starts) - 1) / 2
    return (middles * HOP_SAMPLES + FRAME_SAMPLES / 2) / SAMPLE_RATE


def pack(recogniser: VoiceRecogniser) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors (float16, vectors float32) and description, as ``unpack`` reads them."""
    tensors: dict[str, Tensor] = {}
    for number, member in enumerate(recogniser.members):
        for part in _NETWORKS:
            for name, value in getattr(member, part).state_dict().items():
                tensors[f"{number}.{part}.{name}"] = value.to(torch.float16) if value.ndim > 1 else value.float()
        tensors[f"{number}.statistics"] = torch.from_numpy(np.stack([member.statistics.mean, member.statistics.std]))
        for name, value in asdict(member.people).items():
            tensors[f"{number}.people.{name}"] = torch.from_numpy(np.asarray(value, dtype=np.float32))
    described = {
        "version": recogniser.version,
        "architecture": recogniser.members[0].model.architecture.as_dict(),
        "hidden": recogniser.members[0].speech.hidden.out_features,
        "encoder": {"version": whisper_model.VERSION, "sha256": whisper_model.SHA256, "layers": list(LAYERS)},
        "members": [{name: getattr(member, name) for name in _DESCRIBED} for member in recogniser.members],
        "speakers": recogniser.fold_of,
    }
    return tensors, described


def unpack(tensors: dict[str, Tensor], described: dict[str, Any]) -> tuple[list[Member], dict[str, int], str]:
    """Members, folds by speaker and version from what ``pack`` made.

    Raises:
        RecognitionError: weights_damaged, when the parts do not fit together.
    """
    try:
        architecture = Architecture(**described["architecture"])
        if tuple(described["encoder"]["layers"]) != LAYERS:
            raise ValueError("other layers of the speech encoder")
        people_arrays = {name: value.numpy() for name, value in tensors.items() if ".people." in name}
        members = []
        for number, entry in enumerate(described["members"]):
            model, speech = AttentionLSTM(architecture), SpeechNetwork(int(described["hidden"]))
            for part, network in zip(_NETWORKS, (model, speech), strict=True):
                prefix = f"{number}.{part}."
                state = {n.removeprefix(prefix): v.float() for n, v in tensors.items() if n.startswith(prefix)}
                network.load_state_dict(state)
            mean, std = tensors[f"{number}.statistics"].float().numpy()
            members.append(
                Member(
                    model.eval(),
                    speech.eval(),
                    int(entry["fold"]),
                    float(entry["attention_temperature"]),
                    Statistics(mean, std),
                    People.from_arrays(people_arrays, str(number)),
                )
            )
        fold_of = {str(name): int(fold) for name, fold in described["speakers"].items()}
        return members, fold_of, str(described["version"])
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
