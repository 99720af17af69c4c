"""What the API accepts can be written and corrected on the pages, and nothing longer on either."""

import pytest

from analysis.api.result_serializers import CorrectionWriteSerializer
from analysis.api.serializers import DecisionSerializer, DismissSerializer, EscalateSerializer
from analysis.forms import CorrectionForm, DecisionForm, DismissForm, EscalateForm
from analysis.models import AlertEvent, LabelCorrection, Review


@pytest.mark.parametrize(
    ("form", "serializer", "stored", "name", "others"),
    [
        (DismissForm, DismissSerializer, AlertEvent, "reason", {}),
        (EscalateForm, EscalateSerializer, AlertEvent, "reason", {}),
        (DecisionForm, DecisionSerializer, Review, "note", {"decision": "monitor"}),
        (CorrectionForm, CorrectionWriteSerializer, LabelCorrection, "comment", {"label": "sad", "index": 0}),
    ],
)
def test_a_text_is_as_long_on_a_page_as_over_the_api_and_as_it_is_stored(form, serializer, stored, name, others):
    longest = stored._meta.get_field(name).max_length
    for length, fits in ((longest, True), (longest + 1, False)):
        data = {name: "a" * length, **others}
        assert form(data).is_valid() is fits
        assert serializer(data=data).is_valid() is fits
