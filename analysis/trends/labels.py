"""The label that is shown for a moment: the newest that a person gave it, else the model's. The one rule for all."""

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from analysis.models import LabelCorrection, Segment


def with_label_shown(segments: QuerySet[Segment]) -> QuerySet[Any]:
    """The segments with ``label_given``, a person's newest label or null, and ``label_shown``, that or the model's."""
    newest = LabelCorrection.objects.filter(segment=OuterRef("pk")).order_by("-at", "-pk").values("label")[:1]
    return segments.annotate(label_given=Subquery(newest), label_shown=Coalesce("label_given", "label"))
