"""What the simulator was asked, to assert on. The token never gets in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qsl

from vaultsync.simulator.exchange import Request


@dataclass(frozen=True, slots=True)
class Logged:
    """One request.

    query: as sent. status: of the reply, 0 if the request was not served. fault: what was ordered for it.
    """

    method: str
    path: str
    query: str
    status: int
    fault: str = ""

    @property
    def parameters(self) -> dict[str, str]:
        """The query, decoded; of a repeated parameter the last value."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    def __str__(self) -> str:
        return f"{self.method} {self.path}{'?' + self.query if self.query else ''} → {self.status}"


class RequestLog:
    """Every request in the order it was served."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._entries: list[Logged] = []

    def add(self, request: Request, status: int, fault: str) -> None:
        """Write a request down, without the token should a client have put it into the address."""
        path, query = (part.replace(self._token, "***") for part in (request.path, request.query))
        self._entries.append(Logged(request.method, path, query, status, fault))

    def matching(self, path: str = "/", method: str | None = None) -> list[Logged]:
        """List the requests whose path begins with `path`, /api included."""
        return [one for one in self._entries if one.path.startswith(path) and method in (None, one.method)]

    @property
    def writes(self) -> list[Logged]:
        """The requests that were not GET."""
        return [one for one in self._entries if one.method not in ("GET", "HEAD", "OPTIONS")]

    def clear(self) -> None:
        """Forget what was asked so far."""
        self._entries.clear()

    def __iter__(self) -> Iterator[Logged]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, at: int) -> Logged:
        return self._entries[at]
