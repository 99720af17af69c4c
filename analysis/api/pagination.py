"""Lists come in pages: ``count``, ``next``, ``previous``, ``results``.

The links repeat page and filters, and filters are ids and states only, so no address ever holds a name.
"""

from typing import Any

from rest_framework.pagination import PageNumberPagination


class Pages(PageNumberPagination):
    """Fifty rows a page, up to two hundred on request (``page_size``)."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The page in OpenAPI 3.1, which says null by a type where REST framework's own still says ``nullable``."""
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "required": ["count", "next", "previous", "results"],
            "properties": {"count": {"type": "integer"}, "next": link, "previous": link, "results": schema},
        }


class SegmentPages(Pages):
    """A thousand segments a page: more than half an hour of interview at a hop of two seconds."""

    page_size = 1000
    max_page_size = 5000
