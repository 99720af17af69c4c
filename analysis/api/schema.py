"""The OpenAPI schema: what the generator cannot see in the code, and the address that serves it."""

from typing import Any

from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer2
from drf_spectacular.views import SpectacularAPIView
from rest_framework.permissions import IsAuthenticated

from analysis.api.door import DoorView
from students.access import Action

DESCRIPTION = """\
Students, consents, recordings, emotion segments and trends, alerts, reviews and alert rules.

**Signing in.** `Authorization: Token <token>` (or `Bearer <token>`), or the browser session with its CSRF token.
`POST /api/v1/token/` gives a token for user name and password.

**What one may not see does not exist.** A row out of reach, an action that is not the role's and an address that
is nobody's are answered with the same 404.

**Failures** all have one shape: `{"error": {"code", "message", "next_step"}}`; `code` is stable, the two sentences
are for people and come in the language of the request. A failed validation adds `fields`, a refused duplicate the id of
the `recording` that is already there, throttling (429) `retry_after_s`, and an unexpected error (500) the `request_id`
to quote.

**Lists** come in pages: `count`, `next`, `previous`, `results`; `page` and `page_size` choose.

**Uploading.** Small files by multipart: `POST /api/v1/recordings/` with `student`, `recorded_at` and `file`. Large
ones, or over a shaky line, by tus 1.0.0 at `/api/v1/uploads/`: `POST` with `Upload-Length` and `Upload-Metadata`
(`student`, `recorded_at`, `filename`, each base64), `PATCH` the bytes, `HEAD` for the position after a break. Any tus
client speaks it, so the schema does not describe it further.

**Results are estimates** that support a counsellor's judgement and never replace it.
"""

ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "next_step"],
            "properties": {
                "code": {"type": "string", "description": "Stable; programs compare this."},
                "message": {"type": "string", "description": "A sentence for the person."},
                "next_step": {"type": "string", "description": "What the person can do."},
                "fields": {
                    "type": "object",
                    "additionalProperties": {"type": "array", "items": {"type": "string"}},
                    "description": "Messages per field, after a failed validation.",
                },
                "retry_after_s": {"type": "integer"},
                "request_id": {"type": "string"},
            },
            "additionalProperties": True,
        }
    },
}
FAILURE = {
    "description": "Any failure, in the one shape.",
    "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
}


def describe(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    """Post-processing hook: the description, and the one failure shape on every operation."""
    result["info"]["description"] = DESCRIPTION
    result["components"].setdefault("schemas", {})["Error"] = ERROR
    for operations in result["paths"].values():
        for operation in operations.values():
            operation["responses"]["default"] = FAILURE
    return result


class SchemaView(DoorView, SpectacularAPIView):
    """The schema for signed-in users, as JSON or, with ``Accept: application/yaml`` or ``?format=yaml``, as YAML."""

    doors = {"GET": Action.ACCOUNT}
    permission_classes = (IsAuthenticated,)
    renderer_classes = [OpenApiJsonRenderer2, OpenApiYamlRenderer2]
