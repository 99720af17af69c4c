"""What a training run of the face network is: its stages, its sizes, its regularisation."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Self

import numpy as np

from ml.data.fer2013 import fer2013_folder
from ml.training.checkpoints import default_folder

_STAGE = re.compile(r"(\d+)x(\d+)@(\d*\.?\d+)(?:-(\d*\.?\d+))?")


@dataclass(frozen=True, slots=True)
class Stage:
    """Epochs with faces of one size; the learning rate runs in a straight line from ``rate`` to ``last_rate``."""

    side: int
    epochs: int
    rate: float
    last_rate: float

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read "48x15@0.02-0" (side, epochs, rate, last rate) or "32x12@0.05", whose rate stays.

        Raises:
            ValueError: it says something else.
        """
        match = _STAGE.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"a stage is written SIDExEPOCHS@RATE or SIDExEPOCHS@RATE-RATE, not {text!r}")
        side, epochs, rate, last_rate = match.groups()
        return cls(int(side), int(epochs), float(rate), float(last_rate or rate))


@dataclass(frozen=True, slots=True)
class FaceTrainingOptions:
    """What to train on and how.

    Attributes:
        source: the official ``fer2013.csv``, or the folder with the research sheets.
        checkpoints: folder of this run's checkpoints; a run found there is resumed.
        stages: see ``Stage.parse``; separated by commas.
        batch: faces per step.
        warmup_epochs: epochs over which the rate rises to the first stage's.
        least_share: faces of a class rarer than this are shown as often as brings it there (disgust is 1.5 % of the
            Training split); 0 shows every face once an epoch.
        weight_decay: of convolution and linear weights; biases and batch normalisation have none.
        label_smoothing: share of the target spread over all classes.
        votes_weight: weight of a second output that learns the FER+ votes; its labels are cleaner than FER2013's and
            shape the common layers. It is left out of the exported network. Without votes it has no effect.
        start: folder of weights whose face network the run begins with; empty for a new one.
        fixed_stages: stages of convolutions (0-5), from the first, that stay as they are.
        teachers: folders of weights, separated by commas; their mean answer is learned from beside the labels
            (``ml.training.face.teachers``). Empty for none.
        teachers_weight: share of that answer in the targets; the label has the rest.
        mixup: concentration of the Beta distribution that pairs of faces are mixed by (Zhang et al. 2018); 0 for none.
        augmentation: strength of rotation, scaling, shear and shift; 1 is what ``ml.training.face.augment`` names.
        spoiled: share of the faces made small, blurred or noisy; teachers judge them as they were.
        dropout, hidden, width: of ``FaceVgg16``.
        validation_share: share of the Training split held out for model choice and calibration.
        seed: of the split, the PCA, the initial weights and every step.
        save_every: times an epoch that a checkpoint is due.
        save_after_s: seconds since the last checkpoint before which none is written; the last is always written.
        threads: CPU threads; 0 leaves torch's choice.
        limit: train on that many faces at most; 0 for all.
        patience: epochs without a lower loss on the validation faces after which the run ends early; 0 for never. The
            beginning of a cycle is always worse than the end of the one before, so it must be longer than the climb.
    """

    source: Path = field(default_factory=fer2013_folder)
    checkpoints: Path = field(default_factory=lambda: default_folder("face"))
    stages: str = "48x100@0.1-0"
    batch: int = 128
    warmup_epochs: float = 2.0
    least_share: float = 0.03
    weight_decay: float = 5e-4
    label_smoothing: float = 0.1
    votes_weight: float = 1.0
    start: str = ""
    fixed_stages: int = 0
    teachers: str = ""
    teachers_weight: float = 0.7
    mixup: float = 0.0
    augmentation: float = 1.5
    spoiled: float = 0.4
    dropout: float = 0.5
    hidden: int = 512
    width: float = 1.0
    validation_share: float = 0.05
    seed: int = 2022
    save_every: int = 2
    save_after_s: float = 60.0
    threads: int = 0
    limit: int = 0
    patience: int = 40

    def teacher_folders(self) -> list[Path]:
        """The folders named by ``teachers``."""
        return [Path(each.strip()) for each in self.teachers.split(",") if each.strip()]

    def epochs(self) -> tuple[Stage, ...]:
        """The stage of every epoch, each with the rates of that epoch."""
        return _epochs(self.stages)

    def rate(self, epochs_done: float) -> float:
        """The learning rate after so many epochs; it follows from nothing else: resuming needs no schedule's state."""
        epoch = self.epochs()[int(epochs_done)]
        straight = epoch.rate + (epoch.last_rate - epoch.rate) * (epochs_done % 1)
        rising = (epochs_done + 0.01) / self.warmup_epochs if self.warmup_epochs else 1.0
        return straight * min(1.0, rising)


@lru_cache(maxsize=8)
def _epochs(stages: str) -> tuple[Stage, ...]:
    epochs: list[Stage] = []
    for stage in map(Stage.parse, stages.split(",")):
        rates = np.linspace(stage.rate, stage.last_rate, stage.epochs + 1).tolist()
        epochs += [Stage(stage.side, 1, first, last) for first, last in pairwise(rates)]
    return tuple(epochs)
