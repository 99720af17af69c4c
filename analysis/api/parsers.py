"""Bodies are bounded before they are read: REST framework's own JSON parser reads whatever it is sent."""

from typing import IO, Any

from django.conf import settings
from rest_framework.parsers import JSONParser

from analysis.errors import Refused


class BoundedJSONParser(JSONParser):
    """JSON of at most ``DATA_UPLOAD_MAX_MEMORY_SIZE`` bytes."""

    def parse(self, stream: IO[Any], media_type: str | None = None, parser_context: Any = None) -> Any:
        """The parsed body.

        Raises:
            Refused: ``too_large``, before a byte is read.
        """
        length = parser_context["request"].META.get("CONTENT_LENGTH") or 0
        if int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            raise Refused("too_large")
        return super().parse(stream, media_type, parser_context)
