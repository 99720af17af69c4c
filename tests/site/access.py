"""The access table's vocabulary: a row, the world it is asked in, and what two answers have in common."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from django.http import HttpResponseBase
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.conftest import People

WHO = ("anonymous", "owner", "teammate", "staff", "admin")
Payload = dict[str, Any] | Callable[["World"], dict[str, Any]]


@dataclass(frozen=True)
class Row:
    """One request to one address, and the status each person gets.

    Attributes:
        expected: five statuses in the order of ``WHO``.
        of: the object of ``World.objects`` whose key stands in the address; "" when there is none.
        public: answers people who have not signed in, on purpose.
    """

    method: str
    expected: tuple[int, ...]
    of: str = ""
    data: Payload = field(default_factory=dict)
    json: bool = False
    headers: dict[str, str] = field(default_factory=dict)
    public: bool = False


def _row(method: str, expected: str, of: str = "", data: Payload | None = None, **more: Any) -> Row:
    statuses = tuple(int(status) for status in expected.split())
    assert len(statuses) == len(WHO), expected
    return Row(method, statuses, of, {} if data is None else data, **more)


def get(expected: str, of: str = "", **more: Any) -> Row:
    """A page looked at: ``get("302 200 404 404 200", of="student")``."""
    return _row("get", expected, of, **more)


def post(expected: str, of: str = "", data: Payload | None = None, **more: Any) -> Row:
    """A form sent: ``post("302 404 404 404 302", of="student", data={...})``; ``data`` may be made from the world."""
    return _row("post", expected, of, data, **more)


def api(method: str, expected: str, of: str = "", data: Payload | None = None, **more: Any) -> Row:
    """A request to the API, its body in JSON: ``api("post", "401 404 404 404 201", data={...})``."""
    return _row(method, expected, of, data, json=True, **more)


@dataclass
class World:
    """The people, and one object of each kind; all of them belong to ``people.student``, whom ``owner`` cares for."""

    people: People
    objects: dict[str, Any]

    def user(self, who: str) -> Any:
        """The user behind a name of ``WHO``; None for the anonymous one."""
        return None if who == "anonymous" else getattr(self.people, who)

    def key(self, of: str) -> Any:
        """The key of an object, as it stands in addresses."""
        return self.objects[of].pk

    def unknown_key(self, of: str) -> Any:
        """A key of the same kind that nothing has."""
        return 2**31 - 7 if isinstance(self.key(of), int) else uuid4()


@dataclass(frozen=True)
class Address:
    """An address of the resolver."""

    name: str
    pattern: URLPattern
    callback: Any

    def url(self, key: Any = None) -> str:
        """The path, with the key of the one object it names (the password link has a user's and a token)."""
        names = list(self.pattern.pattern.converters) or list(self.pattern.pattern.regex.groupindex)
        if self.name == "password-set":
            return reverse(self.name, args=["MQ", "some-token"])
        if self.name == "api-nothing":
            return "/api/v1/nothing/"
        return reverse(self.name, kwargs=dict.fromkeys(names, key))


def addresses(patterns: list[URLPattern | URLResolver] | None = None) -> Iterator[Address]:
    """Every address of the project, pages and API."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern.url_patterns)
        else:
            yield Address(pattern.name or "", pattern, pattern.callback)


def send(client: Any, row: Row, url: str, world: World) -> HttpResponseBase:
    """The answer to a row's request."""
    data = row.data(world) if callable(row.data) else row.data
    how = {"content_type": "application/json"} if row.json and row.method != "get" else {}
    return getattr(client, row.method)(url, data, headers=row.headers, **how)


def comparable(response: Any, url: str) -> tuple[Any, ...]:
    """What an answer tells, without what names the request itself: its id, its address, its CSRF tokens."""
    body = response.content.replace(response["X-Request-ID"].encode(), b"ID").replace(url.encode(), b"URL")
    headers = {name: value for name, value in response.items() if name not in {"X-Request-ID", "Content-Length"}}
    return response.status_code, headers, re.sub(rb"\b[A-Za-z0-9]{64}\b", b"CSRF", body)
