"""What is kept in Redis for a while is JSON, as the messages of the broker are: reading it can run no code."""

import json
from typing import Any


class JSONSerializer:
    """The serializer of ``django.core.cache.backends.redis``; integers stay numbers that Redis can count up."""

    def dumps(self, value: Any) -> int | bytes:
        """What is stored.

        Raises:
            TypeError: the value is nothing that JSON knows.
        """
        return value if type(value) is int else json.dumps(value).encode()

    def loads(self, stored: bytes) -> Any:
        """What was stored; a tuple has become a list."""
        return json.loads(stored)
