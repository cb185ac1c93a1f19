"""linkding as an API, and the server around it. What it answers is in linkding_shapes.

Written from its documents and from what a linkding 1.46.2 answered; what other versions do otherwise is in
linkding_records.LinkdingQuirks. Known by experience: a bookmark posted again is overwritten; tags are respelled; texts
are trimmed; every change of a bookmark moves its time, also one of nothing; `next` is made from the Host header.
"""

from __future__ import annotations

import re
from dataclasses import replace

from vaultsync.simulator.exchange import Refusal, Reply, Request, Route
from vaultsync.simulator.linkding_account import LinkdingAccount
from vaultsync.simulator.linkding_bookmarks import BookmarkApi
from vaultsync.simulator.linkding_extras import AssetApi, BundleApi, LinkdingTagApi
from vaultsync.simulator.linkding_shapes import profile_shape

_ORDER = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_SCOPE = "linkding"
_HEALTH = "/health"


class LinkdingServer:
    """A linkding server with one account. token: the only one it takes."""

    def __init__(self, account: LinkdingAccount, token: str) -> None:
        self.account = account
        self._token = token
        self._routes = [(re.compile(route.pattern), route) for route in self.routes()]

    def routes(self) -> tuple[Route, ...]:
        """Every endpoint; patterns are of the path below the context path."""
        return (
            *BookmarkApi(self.account).routes(),
            *AssetApi(self.account).routes(),
            *LinkdingTagApi(self.account).routes(),
            *BundleApi(self.account).routes(),
            Route("/api/user/profile/", {"GET": self.profile}, _SCOPE),
            Route("/api/", {"GET": lambda _: Reply(200, {})}, _SCOPE),
            Route(_HEALTH, {"GET": self.health}, _SCOPE),
        )

    def profile(self, _request: Request) -> Reply:
        """GET api/user/profile/."""
        return Reply(200, profile_shape(self.account.quirks.version))

    def health(self, _request: Request) -> Reply:
        """GET health: takes everyone."""
        return Reply(200, {"version": self.account.quirks.version, "status": "healthy"})

    def answer(self, request: Request) -> Reply | None:
        """Answer a request; None if it is for an address that is not linkding's."""
        path = request.path.removeprefix(self.account.quirks.path)
        if not request.path.startswith(f"{self.account.quirks.path}/"):
            return None
        for pattern, route in self._routes:
            match = pattern.fullmatch(path)
            if match and route.pattern == _HEALTH:
                return self.health(request)
            if match:
                return self._served(request, route, match.groups())
            if pattern.fullmatch(f"{path}/"):
                return self._redirected(request)
        return None

    def _redirected(self, request: Request) -> Reply:
        """Send a client to the address with a last slash; most then ask with GET, whatever they meant to do."""
        if self.account.quirks.development and request.method not in ("GET", "HEAD"):
            return _PAGE_500
        target = f"{request.path}/" + (f"?{request.query}" if request.query else "")
        return Reply(301, b"", (("Location", target),), content_type="text/html; charset=utf-8")

    def _served(self, request: Request, route: Route, ids: tuple[str, ...]) -> Reply:
        methods = {*route.handlers, "OPTIONS"} | ({"HEAD"} if "GET" in route.handlers else set())
        allow = ("Allow", ", ".join(method for method in _ORDER if method in methods))
        try:
            self._admit(request)
            handler = route.handlers.get("GET" if request.method == "HEAD" else request.method)
            if handler is None:
                raise Refusal(405, {"detail": f'Method "{request.method}" not allowed.'})
            reply = handler(request, *ids)
        except Refusal as refusal:
            reply = refusal.reply
        except ValueError:  # as its framework answers whatever a view does not expect
            return _PAGE_500
        return replace(reply, headers=(*reply.headers, allow))

    def _admit(self, request: Request) -> None:
        """Check the token; the word before it is Token or Bearer, in any case."""
        word, _, token = request.headers.get("authorization", "").partition(" ")
        said = ""
        if word.lower() not in ("token", "bearer"):
            said = "Authentication credentials were not provided."
        elif " " in token.strip():
            said = "Invalid token header. Token string should not contain spaces."
        elif token.strip() != self._token:
            said = "Invalid token."
        if said:
            raise Refusal(401, {"detail": said}, ("WWW-Authenticate", "Token"))


_PAGE_500 = Reply(500, b"<!doctype html><title>RuntimeError</title>", content_type="text/html; charset=utf-8")
