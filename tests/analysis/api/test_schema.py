"""The OpenAPI schema is valid, complete, and what the API really answers."""

import io
import json

import pytest
import yaml
from django.core.management import call_command
from django.urls import get_resolver
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import validate

from analysis.models import AlertEvent, LabelCorrection
from tests.factories import (
    AlertFactory,
    RecordingFactory,
    RunFactory,
    StretchFactory,
    TranscriptFactory,
    analysed,
    conversation,
    voices,
)

SCHEMA = "/api/v1/schema/"


@pytest.fixture
def schema(people, api) -> dict:
    return api(people.owner).get(SCHEMA).json()


def test_the_schema_is_valid_openapi_and_generated_without_a_warning():
    out = io.StringIO()
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=out)
    validate(yaml.safe_load(out.getvalue()))


def test_the_schema_is_for_those_who_are_signed_in(db, api):
    assert api(None).get(SCHEMA).status_code == 401


def test_the_schema_comes_as_json_and_as_yaml(people, api, schema):
    validate(schema)
    script = api(people.staff)
    for answer in (
        script.get(SCHEMA, headers={"Accept": "application/yaml"}),
        script.get(f"{SCHEMA}?format=yaml"),
    ):
        assert answer["Content-Type"].startswith("application/yaml")
        assert json.loads(json.dumps(yaml.safe_load(answer.content), default=str)) == schema


def test_every_address_is_in_the_schema_but_the_schema_and_tus(schema):
    (prefix,) = [entry for entry in get_resolver().url_patterns if str(entry.pattern) == "api/v1/"]
    named = {entry.name for entry in prefix.url_patterns if getattr(entry, "name", None)}
    hidden = {"api-schema", "api-nothing", "api-uploads", "api-upload"}
    assert len(schema["paths"]) == len(named - hidden)


def test_uploads_failures_and_signing_in_are_described(schema):
    upload = schema["paths"]["/api/v1/recordings/"]["post"]
    assert list(upload["requestBody"]["content"]) == ["multipart/form-data"]
    assert "/api/v1/uploads/" in schema["info"]["description"]
    assert schema["components"]["securitySchemes"]["token"]["name"] == "Authorization"
    for operations in schema["paths"].values():
        for operation in operations.values():
            failure = operation["responses"]["default"]["content"]["application/json"]["schema"]
            assert failure == {"$ref": "#/components/schemas/Error"}


def closed(node):
    """The same schema, in which an object has no property that is not named."""
    if isinstance(node, list):
        return [closed(item) for item in node]
    if not isinstance(node, dict):
        return node
    node = {key: closed(value) for key, value in node.items()}
    if node.get("type") == "object" and "properties" in node:
        node.setdefault("additionalProperties", False)
    return node


def test_what_is_answered_is_what_the_schema_says(people, api, schema):
    recording = analysed(people.student, ["sad", None])
    LabelCorrection.objects.create(segment=recording.current_run.segments.first(), label="normal", by=people.owner)
    StretchFactory(recording=recording, start_s=2, end_s=6, by=people.owner)
    voices(recording.current_run)
    for share in (0.4, 0.5, 0.6):
        talked = RunFactory(recording__student=people.student, conversation=conversation(share=share)).recording
    recording.current_run.conversation = conversation(share=0.5)
    recording.current_run.save()
    RecordingFactory(student=people.student)
    failed = RunFactory(recording__student=people.student, status="failed", error_code="internal").recording
    TranscriptFactory(recording=recording)
    alert = AlertFactory(crossing=recording)
    AlertEvent.objects.create(alert=alert, actor=people.owner, status="acknowledged")
    student = f"/api/v1/students/{people.student.pk}/"
    answered = {
        "/api/v1/me/": "/api/v1/me/",
        "/api/v1/students/": "/api/v1/students/",
        "/api/v1/students/{id}/": student,
        "/api/v1/students/{id}/consents/": f"{student}consents/",
        "/api/v1/students/{id}/trend/": f"{student}trend/",
        "/api/v1/recordings/": "/api/v1/recordings/",
        "/api/v1/recordings/{id}/": f"/api/v1/recordings/{failed.pk}/",
        "/api/v1/recordings/{id}/segments/": f"/api/v1/recordings/{recording.pk}/segments/",
        "/api/v1/recordings/{id}/stretches/": f"/api/v1/recordings/{recording.pk}/stretches/",
        "/api/v1/recordings/{id}/speakers/": f"/api/v1/recordings/{recording.pk}/speakers/",
        "/api/v1/recordings/{id}/conversation/": f"/api/v1/recordings/{talked.pk}/conversation/",
        "/api/v1/recordings/{id}/transcript/": f"/api/v1/recordings/{recording.pk}/transcript/",
        "/api/v1/alerts/": "/api/v1/alerts/",
        "/api/v1/alerts/{id}/": f"/api/v1/alerts/{alert.pk}/",
        "/api/v1/reviews/": "/api/v1/reviews/",
        "/api/v1/reviews/{id}/": f"/api/v1/reviews/{alert.review_id}/",
        "/api/v1/rules/": "/api/v1/rules/",
        "/api/v1/rules/{id}/": f"/api/v1/rules/{alert.rule_id}/",
        "/api/v1/trend-settings/": "/api/v1/trend-settings/",
    }
    files = {"/api/v1/recordings/{id}/export/"}
    assert set(answered) | files == {path for path, operations in schema["paths"].items() if "get" in operations}
    for path, address in answered.items():
        (promised,) = schema["paths"][path]["get"]["responses"]["200"]["content"].values()
        whole = closed({"components": schema["components"], "allOf": [promised["schema"]]})
        body = api(people.admin).get(address).json()
        problems = [f"{list(error.path)}: {error.message}" for error in OAS31Validator(whole).iter_errors(body)]
        assert not problems, path
    body = api(people.admin).get("/api/v1/nothing/").json()
    OAS31Validator({"components": schema["components"], "$ref": "#/components/schemas/Error"}).validate(body)
