"""One request and its reply as both APIs see them, free of sockets; and how the framework words a refusal."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit


@dataclass(frozen=True, slots=True)
class Reply:
    """What to send back. body: something JSON can say, raw bytes, or None for no body.

    unsized: its length is not told; it ends where the connection does.
    """

    status: int
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = "application/json"
    unsized: bool = False


class Refusal(Exception):
    """The request can't be served; `reply` says so in the framework's words."""

    def __init__(self, status: int, body: Any, *headers: tuple[str, str]) -> None:
        super().__init__(status, body)
        self.reply = Reply(status, body, headers)


def not_found() -> Refusal:
    """Refuse an id that does not exist."""
    return Refusal(404, {"detail": "Not found."})


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came in. target: path and query, undecoded. host: as the client named it."""

    method: str
    target: str
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    host: str = "127.0.0.1"

    @property
    def path(self) -> str:
        """The path as sent, with or without a final slash."""
        return urlsplit(self.target).path

    @property
    def query(self) -> str:
        """The query as sent, undecoded."""
        return urlsplit(self.target).query

    def values(self, name: str) -> list[str]:
        """Every value a query parameter was given, in order, empty ones included."""
        return [value for key, value in parse_qsl(self.query, keep_blank_values=True) if key == name]

    def value(self, name: str) -> str | None:
        """Return the last value of a query parameter; None if it is missing or empty."""
        return next((value for value in reversed(self.values(name)) if value), None)

    def flag(self, name: str) -> bool:
        """Whether a query parameter says true."""
        return (self.value(name) or "").lower() in ("true", "1")

    def number(self, name: str) -> int | None:
        """Return a query parameter as a whole number; None if missing, refused if it is something else."""
        text = self.value(name)
        try:
            return None if text is None else int(text)
        except ValueError:
            raise Refusal(400, {name: ["A valid integer is required."]}) from None

    def with_page(self, page: int) -> str:
        """Return the address of another page of the same list."""
        others = [pair for pair in parse_qsl(self.query, keep_blank_values=True) if pair[0] != "page"]
        return f"http://{self.host}{self.path}?{urlencode([*others, ('page', str(page))])}"

    def data(self) -> dict[str, Any]:
        """Return the body as an object, from JSON or a form. Refused if it is neither."""
        kind = self.headers.get("content-type", "application/json").partition(";")[0].strip().lower()
        if kind == "application/x-www-form-urlencoded":
            return {name: values[-1] for name, values in parse_qs(self.body.decode(), keep_blank_values=True).items()}
        if kind != "application/json":
            raise Refusal(415, {"detail": f'Unsupported media type "{kind}" in request.'})
        try:
            data = json.loads(self.body or b"{}")
        except ValueError as error:
            raise Refusal(400, {"detail": f"JSON parse error - {error}"}) from None
        if not isinstance(data, dict):
            said = f"Invalid data. Expected a dictionary, but got {type(data).__name__}."
            raise Refusal(400, {"non_field_errors": [said]})
        return data


Handler = Callable[..., Reply]


@dataclass(frozen=True, slots=True)
class Route:
    """An endpoint of one of the APIs.

    pattern: of the path below /api, without the final slash; its groups go to the handlers as text.
    scopes: the rate limit each method counts against, if it is not the API's own.
    """

    pattern: str
    handlers: Mapping[str, Handler]
    scope: str
    scopes: Mapping[str, str] = field(default_factory=dict)


def listed(request: Request, rows: list[Any]) -> Reply:
    """Answer with the page of `rows` that was asked for, in the usual envelope (100 rows, at most 1000)."""
    size = min(max(request.number("page_size") or 100, 1), 1000)
    page = request.number("page") or 1
    last = max(1, -(-len(rows) // size))
    if not 1 <= page <= last:
        raise Refusal(404, {"detail": "Invalid page."})
    body = {
        "count": len(rows),
        "next": request.with_page(page + 1) if page < last else None,
        "previous": request.with_page(page - 1) if page > 1 else None,
        "results": rows[(page - 1) * size : page * size],
    }
    return Reply(200, body)
