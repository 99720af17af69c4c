"""Resumable uploads: a tus 1.0.0 server (https://tus.io/protocols/resumable-upload) at ``/api/v1/uploads/``.

Extensions: creation, creation-with-upload, expiration, checksum (sha1, sha256) and termination. Beyond the protocol:

- ``Upload-Metadata`` must name ``student`` (id) and ``recorded_at`` (ISO 8601), and should name ``filename``;
- the answer to the last byte carries ``Upload-Recording``, the id of the recording the upload has become, and
  ``Upload-Duplicate: 1`` if it was there before; HEAD repeats both;
- a refusal has the API's error body; HEAD, which has no body, answers 410 with ``Upload-Error``, the code;
- GET tells all of it as JSON.

What is accepted and what is refused is decided in ``analysis.intake``; here headers become arguments and back.
"""

import base64
import binascii
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.http import http_date
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.response import Response

from analysis.api.door import DoorView
from analysis.errors import Refused, problem
from analysis.flow import UploadStatus
from analysis.intake import uploads
from analysis.models import Upload
from students import access
from students.access import Action

VERSION = "1.0.0"
EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination"
CHECKSUMS = ("sha1", "sha256")
CONTENT_TYPE = "application/offset+octet-stream"
OVERRIDABLE = frozenset({"PATCH", "DELETE", "HEAD"})


class TusView(DoorView):
    """What every address of the protocol has in common."""

    doors: ClassVar[dict[str, Action]] = dict.fromkeys(("GET", "POST", "PATCH", "DELETE"), Action.RECORDING_UPLOAD)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """``X-HTTP-Method-Override`` counts before anything is checked, the CSRF token included."""
        method = request.headers.get("X-HTTP-Method-Override", "").upper()
        if request.method == "POST" and method in OVERRIDABLE:
            request.method = method
        return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Sign-in and door, then the protocol's version."""
        super().initial(request, *args, **kwargs)
        if request.method not in {"OPTIONS", "GET"} and request.headers.get("Tus-Resumable") != VERSION:
            raise Refused("unsupported_version")

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Every answer, an error too, says which protocol it speaks."""
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Tus-Resumable"] = VERSION
        if response.status_code == 412:
            response["Tus-Version"] = VERSION
        return response

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        """What this server can do."""
        headers = {
            "Tus-Version": VERSION,
            "Tus-Extension": EXTENSIONS,
            "Tus-Max-Size": str(settings.EMOREC_MAX_UPLOAD_BYTES),
            "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
        }
        return Response(status=204, headers=headers)

    def append(self, upload: Upload, offset: int) -> Upload:
        """Hands the body on, with its checksum if there is one."""
        algorithm, digest = _checksum(self.request.headers.get("Upload-Checksum"))
        body = self.request._request
        return uploads.upload_append(upload, offset=offset, source=body, algorithm=algorithm, digest=digest)


@extend_schema(exclude=True)
class UploadsView(TusView):
    """Creation."""

    doors: ClassVar[dict[str, Action]] = {"POST": Action.RECORDING_UPLOAD}

    def post(self, request: Request) -> Response:
        """Opens an upload; a body is its first part."""
        has_body = int(request.headers.get("Content-Length") or 0) > 0
        if has_body and request.content_type != CONTENT_TYPE:
            raise exceptions.UnsupportedMediaType(request.content_type)
        metadata = parse_metadata(request.headers.get("Upload-Metadata", ""))
        student_id, recorded_at = _whose_and_when(metadata)
        upload = uploads.upload_begin(
            user=self.user,
            student=self.student(student_id),
            recorded_at=recorded_at,
            name=metadata.get("filename") or metadata.get("name") or "",
            length=_whole(request.headers.get("Upload-Length")),
        )
        location = {"Location": reverse("api-upload", args=[upload.pk])}
        if has_body:
            upload = self.append(upload, 0)
        return Response(status=201, headers={**_headers(upload), **location})


@extend_schema(exclude=True)
class UploadView(TusView):
    """One upload of one's own."""

    doors: ClassVar[dict[str, Action]] = dict.fromkeys(("GET", "PATCH", "DELETE"), Action.RECORDING_UPLOAD)

    def upload(self, pk: UUID) -> Upload:
        """The upload, if it is the user's and for a student they may upload for; 404 otherwise."""
        return access.fetch(self.user, Action.RECORDING_UPLOAD, Upload.objects.filter(user=self.user), pk)

    def head(self, request: Request, pk: UUID) -> Response:
        """How far it is."""
        upload = self.upload(pk)
        code = _ended_with(upload)
        if code:
            return Response(status=410, headers={"Upload-Error": code})
        headers = {"Upload-Length": str(upload.length), "Upload-Metadata": write_metadata(upload)}
        return Response(status=200, headers={**_headers(upload), **headers})

    def get(self, request: Request, pk: UUID) -> Response:
        """The same as JSON, with the reason if it was refused."""
        upload = self.upload(pk)
        code = _ended_with(upload) or upload.error_code
        return Response(
            {
                "id": str(upload.pk),
                "status": upload.status,
                "offset": upload.offset,
                "length": upload.length,
                "recording": str(upload.recording_id) if upload.recording_id else None,
                "error": problem(code).as_dict() if code else None,
            }
        )

    def patch(self, request: Request, pk: UUID) -> Response:
        """The next part; with the last byte the upload becomes a recording or is refused."""
        upload = self.upload(pk)
        if request.content_type != CONTENT_TYPE:
            raise exceptions.UnsupportedMediaType(request.content_type)
        upload = self.append(upload, _whole(request.headers.get("Upload-Offset")))
        return Response(status=204, headers=_headers(upload))

    def delete(self, request: Request, pk: UUID) -> Response:
        """Gives the upload up; a recording it has become stays."""
        uploads.upload_end(self.upload(pk))
        return Response(status=204)


def parse_metadata(header: str) -> dict[str, str]:
    """``Upload-Metadata``: pairs of a key and a base64 value, separated by commas.

    Raises:
        Refused: ``invalid_metadata``.
    """
    metadata: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in header.split(","))):
        key, _, value = pair.partition(" ")
        try:
            metadata[key] = base64.b64decode(value.strip(), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            raise Refused("invalid_metadata") from None
    return metadata


def write_metadata(upload: Upload) -> str:
    """``Upload-Metadata`` as HEAD repeats it."""
    pairs = {
        "student": str(upload.student_id),
        "recorded_at": upload.recorded_at.isoformat(),
        "filename": upload.original_name,
    }
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())


def _whose_and_when(metadata: dict[str, str]) -> tuple[UUID, datetime]:
    try:
        student_id = UUID(metadata["student"])
        recorded_at = parse_datetime(metadata["recorded_at"])
    except (KeyError, ValueError):
        raise Refused("invalid_metadata") from None
    if recorded_at is None:
        raise Refused("invalid_metadata")
    return student_id, recorded_at if timezone.is_aware(recorded_at) else timezone.make_aware(recorded_at)


def _whole(header: str | None) -> int:
    """A count of bytes."""
    if header is None or not header.isascii() or not header.isdigit() or len(header) > 15:
        raise Refused("invalid_request")
    return int(header)


def _checksum(header: str | None) -> tuple[str | None, bytes]:
    if header is None:
        return None, b""
    algorithm, _, value = header.strip().partition(" ")
    if algorithm not in CHECKSUMS:
        raise Refused("checksum_unsupported")
    try:
        return algorithm, base64.b64decode(value, validate=True)
    except binascii.Error:
        raise Refused("invalid_request") from None


def _ended_with(upload: Upload) -> str:
    """Why nothing more can be sent; "" while it can, and once it has become a recording."""
    if upload.status == UploadStatus.REJECTED:
        return upload.error_code
    expired = upload.status == UploadStatus.RECEIVING and upload.expires_at <= timezone.now()
    return "upload_expired" if expired else ""


def _headers(upload: Upload) -> dict[str, str]:
    headers = {"Upload-Offset": str(upload.offset)}
    if upload.status == UploadStatus.RECEIVING:
        headers["Upload-Expires"] = http_date(upload.expires_at.timestamp())
    if upload.recording_id:
        headers["Upload-Recording"] = str(upload.recording_id)
    if upload.error_code == "duplicate":
        headers["Upload-Duplicate"] = "1"
    return headers
