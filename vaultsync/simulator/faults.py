"""Order trouble for certain requests: bad answers, lost answers, answers with something missing.

sim.faults.order(page_missing(), path="/api/v3/list/", nth=2)
sim.faults.order(status(502, b"<html>Bad gateway</html>"), method="GET", times=3)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Literal

import msgspec

from vaultsync.simulator.exchange import Reply, Request
from vaultsync.simulator.limits import throttled

Wire = Literal["whole", "cut", "none"]


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of trouble.

    instead: sent in place of serving the request. change: what becomes of the real reply. wire: how much of
    the reply gets through before the connection is closed ("whole" leaves it open).
    """

    name: str
    instead: Reply | None = None
    change: Callable[[Reply], Reply] | None = None
    wire: Wire = "whole"


def status(code: int, body: Any = None, *, content_type: str = "application/json") -> Fault:
    """Answer with any status and any body (bytes as they are), without serving the request."""
    return Fault(f"status {code}", instead=Reply(code, body, content_type=content_type))


def too_many_requests(seconds: int = 1) -> Fault:
    """Answer 429 as the services send it: the wait in the header and in the body."""
    return Fault("429", instead=throttled(seconds, ("retry-after", str(seconds))))


def too_many_requests_in_body(seconds: int = 1) -> Fault:
    """Answer 429 that names the wait only in its body."""
    return Fault("429 without header", instead=throttled(seconds))


def too_many_requests_until(when: datetime, seconds: int = 1) -> Fault:
    """Answer 429 with an HTTP date in its header."""
    header = ("retry-after", format_datetime(when, usegmt=True))
    return Fault("429 with date", instead=throttled(seconds, header))


def connection_reset() -> Fault:
    """Break the connection before the request is served."""
    return Fault("reset", instead=Reply(0), wire="none")


def reply_lost() -> Fault:
    """Serve the request, so that its effect stays, and break the connection before any answer."""
    return Fault("reply lost", wire="none")


def cut_off() -> Fault:
    """Break the connection in the middle of the body."""
    return Fault("cut off", wire="cut")


def html_page() -> Fault:
    """Answer 200, but with a page for people: a proxy's login, a maintenance notice."""
    page = b"<!DOCTYPE html><html><body><h1>We'll be right back</h1></body></html>"
    return Fault("html", instead=Reply(200, page, content_type="text/html; charset=utf-8"))


def page_missing() -> Fault:
    """Send a page of a listing without its results; the listing goes on behind it."""
    return Fault("page missing", change=lambda reply: _with(reply, results=[]))


def empty_listing() -> Fault:
    """Answer that the listing is complete and has nothing in it."""
    return Fault("empty", change=_emptied)


def raw_body(body: bytes) -> Fault:
    """Answer 200 with exactly these bytes as JSON: malformed records, broken encodings."""
    return Fault("raw body", instead=Reply(200, body))


def _with(reply: Reply, **changes: Any) -> Reply:
    body = msgspec.json.decode(reply.body) if isinstance(reply.body, bytes) else reply.body
    return replace(reply, body={**body, **changes})


def _emptied(reply: Reply) -> Reply:
    whole = _with(reply)
    ends = {name: None for name in ("nextPageCursor", "next", "previous") if name in whole.body}
    return _with(whole, count=0, results=[], **ends)


@dataclass(slots=True)
class _Order:
    fault: Fault
    method: str | None
    path: str
    skip: int
    left: float

    def takes(self, request: Request) -> bool:
        """Whether the fault is due for this request; counts those that match."""
        if self.method not in (None, request.method) or not request.path.startswith(self.path) or self.left <= 0:
            return False
        self.skip -= 1
        if self.skip >= 0:
            return False
        self.left -= 1
        return True


class Faults:
    """The orders that are open, oldest first."""

    def __init__(self) -> None:
        self._orders: list[_Order] = []

    def order(
        self,
        fault: Fault,
        *,
        path: str = "/",
        method: str | None = None,
        nth: int = 1,
        times: int | None = 1,
    ) -> None:
        """Have `fault` happen from the nth matching request on, so many times.

        nth: 1 is the next one. times: None is for ever. path: what the request's path begins with, /api included.
        """
        self._orders.append(_Order(fault, method, path, nth - 1, float("inf") if times is None else times))

    def clear(self) -> None:
        """Forget every order."""
        self._orders.clear()

    def due(self, request: Request) -> Fault | None:
        """Return the fault for this request, if any. Every open order that matches counts it."""
        hits = [order.fault for order in self._orders if order.takes(request)]
        return hits[0] if hits else None
