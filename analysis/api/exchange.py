"""Annotations over the wire: taken out as files, brought back in with a preview."""

from typing import Any
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api.door import DoorView
from analysis.emotions import EMOTIONS
from analysis.errors import Refused
from analysis.exchange.checking import annotations_preview
from analysis.exchange.exporting import Format, annotations_export
from analysis.exchange.importing import annotations_import
from analysis.exchange.preview import Doing, Preview, Row, Why
from analysis.exchange.reading import MAX_BYTES
from analysis.models import Recording, Who
from students.access import Action


class ErrorsAsJson(BaseContentNegotiation):
    """``?format=`` names the file's format here and not the form of an answer; refusals come as JSON."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The first: nothing is sent here."""
        return next(iter(parsers), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """The first, whatever was asked for."""
        return renderers[0], renderers[0].media_type


class ExportView(DoorView):
    """A recording's annotations as a file."""

    doors = {"GET": Action.RESULTS_VIEW}
    content_negotiation_class = ErrorsAsJson

    @extend_schema(
        operation_id="annotations_export",
        parameters=[OpenApiParameter("format", str, enum=Format.values, required=True)],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, pk: UUID) -> HttpResponse:
        """Labels, corrections, marked stretches, voices and faces of the newest run that succeeded.

        `eaf` for ELAN and `textgrid` for Praat hold them as tiers, `csv` is a line per segment with its validity.
        Nobody's name is in them.
        """
        recording = self.row(Recording.objects.select_related("result_run"), pk)
        exported = annotations_export(recording, request.query_params.get("format", ""), by=self.user)
        response = HttpResponse(exported.content, content_type=exported.content_type)
        response["Content-Disposition"] = f'attachment; filename="{exported.name}"'
        return response


class AnnotationsFileSerializer(serializers.Serializer[Any]):
    """An annotation file, and the digest of its preview where it is to be written."""

    file = serializers.FileField()
    digest = serializers.CharField(
        required=False, max_length=64, help_text="Of the preview that was looked at; without it nothing is written."
    )


class MomentChangeSerializer(serializers.Serializer[Any]):
    """A moment whose label changes."""

    start_s = serializers.FloatField()
    end_s = serializers.FloatField()
    was = serializers.ChoiceField(choices=EMOTIONS)
    label = serializers.ChoiceField(choices=EMOTIONS)  # type: ignore[assignment]


class AnnotationRowSerializer(serializers.Serializer[Any]):
    """One annotation of the file and what becomes of it."""

    row = serializers.IntegerField(help_text="Its place among all annotations of the file that are not empty, from 1.")
    tier = serializers.CharField()
    start_s = serializers.FloatField(allow_null=True)
    end_s = serializers.FloatField(allow_null=True)
    value = serializers.CharField()
    doing = serializers.ChoiceField(choices=Doing.choices)
    changes = MomentChangeSerializer(many=True)
    who = serializers.ChoiceField(choices=Who.choices, allow_null=True, help_text="Of a stretch that is marked.")
    why = serializers.ListField(child=serializers.ChoiceField(choices=Why.choices), help_text="What is left out of it.")


class AnnotationCountsSerializer(serializers.Serializer[Any]):
    """How many rows come to what."""

    correct = serializers.IntegerField()
    mark = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    refused = serializers.IntegerField()


class AnnotationsPreviewSerializer(serializers.Serializer[Any]):
    """What a file does or would do."""

    format = serializers.ChoiceField(choices=[Format.EAF.value, Format.TEXTGRID.value])
    digest = serializers.CharField()
    written = serializers.BooleanField()
    counts = AnnotationCountsSerializer()
    rows = AnnotationRowSerializer(many=True)


class AnnotationsView(DoorView):
    """Corrections and marks brought in from ELAN or Praat."""

    doors = {"POST": Action.LABELS_CORRECT}
    parser_classes = [MultiPartParser]

    @extend_schema(
        operation_id="annotations_import",
        request={"multipart/form-data": AnnotationsFileSerializer},
        responses=AnnotationsPreviewSerializer,
    )
    def post(self, request: Request, pk: UUID) -> Response:
        """What a file would do, row by row; with the `digest` of that answer it is done, all rows or none.

        The tiers `corrections` and `stretches` are read. A correction holds for each segment of whose own part (the
        time nearest to its middle) it covers more than half. What the file does not name stays; the same file once
        more changes nothing. If it would now do something else than the preview said: `preview_outdated` (409).
        """
        recording = self.row(Recording.objects.all(), pk)
        values = self.validated(AnnotationsFileSerializer)
        if values["file"].size > MAX_BYTES:
            raise Refused("annotations_too_large")
        data, digest = values["file"].read(), values.get("digest")
        self.results_viewed(recording.student_id, "recording", recording.pk)
        if digest is None:
            return Response(_as_dict(annotations_preview(recording, data), written=False))
        return Response(_as_dict(annotations_import(recording, data, by=self.user, digest=digest), written=True))


def _as_dict(preview: Preview, *, written: bool) -> dict[str, Any]:
    return {
        "format": preview.file.format,
        "digest": preview.digest,
        "written": written,
        "counts": preview.counts,
        "rows": [_row(row) for row in preview.rows],
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "row": row.read.number,
        "tier": row.read.tier,
        "start_s": row.read.start_s,
        "end_s": row.read.end_s,
        "value": row.read.value,
        "doing": row.doing.value,
        "changes": [
            {"start_s": change.start_s, "end_s": change.end_s, "was": change.was, "label": change.label}
            for change in row.changes
        ],
        "who": row.stretch.who if row.stretch else None,
        "why": [why.value for why in row.why],
    }
