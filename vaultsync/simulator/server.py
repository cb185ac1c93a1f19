"""The simulator itself: sockets, routing, who is asking, and the order in which a request is judged.

Like the real service: faults of the way there first, then the token (401), then the limits (429), then the
endpoint (404, 405). Requests are served one at a time, whatever the number of connections.
"""

from __future__ import annotations

import re
import socket
import socketserver
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import msgspec

from vaultsync.simulator.exchange import Refusal, Reply, Request, Route
from vaultsync.simulator.faults import Fault, Faults
from vaultsync.simulator.frozen import FrozenExport
from vaultsync.simulator.library import Library
from vaultsync.simulator.limits import DOCUMENTED, RateLimits
from vaultsync.simulator.linkding import LinkdingServer
from vaultsync.simulator.linkding_account import LinkdingAccount
from vaultsync.simulator.reader import ReaderApi
from vaultsync.simulator.readwise import ReadwiseApi
from vaultsync.simulator.requestlog import RequestLog
from vaultsync.simulator.sample import sample_library
from vaultsync.simulator.storage import Storage

DEMO_TOKEN = "demo-token"
_PREFIX = "/api"
_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_NOWHERE = Reply(404, b"<!doctype html><title>Not Found</title><h1>Not Found</h1>", content_type="text/html")


class Simulator:
    """A running service over a library; use it as a context manager.

    token: the only one it takes. limits: throttle as documented, or not at all. clock: seconds, for the
    limits. port: 0 picks a free one. export_pages: books on a page of the v2 export, or all its pages ready
    made. log: every request so far. faults: trouble to order. library: may be changed at any time; hold
    `lock` while requests may be under way. linkding: so may this, an account at a linkding beside it, empty at first.
    """

    def __init__(
        self,
        library: Library,
        *,
        token: str = DEMO_TOKEN,
        limits: bool = True,
        clock: Callable[[], float] | None = None,
        port: int = 0,
        export_pages: int | FrozenExport = 100,
    ) -> None:
        self.library = library
        self.linkding = LinkdingAccount()
        self.token = token
        self.log = RequestLog(token)
        self.faults = Faults()
        self.lock = threading.RLock()
        self.limits = RateLimits(DOCUMENTED if limits else {}, clock=clock or time.monotonic)
        self.readwise = ReadwiseApi(library, export_pages)
        self.storage = Storage(library)
        self._routes = [
            (re.compile(_PREFIX + route.pattern), route)
            for route in (*self.readwise.routes(), *ReaderApi(library, self.storage).routes())
        ]
        self._bookmarks = LinkdingServer(self.linkding, token)
        self._port = port
        self._server: _Server | None = None

    @property
    def base_url(self) -> str:
        """Where Readwise is, up to and including /api. Only while it runs."""
        return f"{self._address}{_PREFIX}"

    @property
    def linkding_url(self) -> str:
        """Where linkding is, its context path included. Only while it runs."""
        return f"{self._address}{self.linkding.quirks.path}"

    @property
    def _address(self) -> str:
        assert self._server is not None, "the simulator is not running"
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._server = _Server(self, self._port)
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.stop()
            self._server = None

    def serve(self, request: Request) -> tuple[Reply, Fault | None]:
        """Serve one request; the fault says what becomes of the reply on its way back."""
        with self.lock:
            fault = self.faults.due(request)
            reply = fault.instead if fault and fault.instead else self._answer(request)
            if fault and fault.change:
                reply = fault.change(reply)
            self.log.add(request, reply.status, fault.name if fault else "")
        return reply, fault

    def _answer(self, request: Request) -> Reply:
        path = request.path.rstrip("/")
        for pattern, route in self._routes:
            match = pattern.fullmatch(path)
            if match:
                try:
                    return self._dispatch(request, route, match.groups())
                except Refusal as refusal:
                    return refusal.reply
        return self.storage.answer(request) or self._bookmarks.answer(request) or _NOWHERE

    def _dispatch(self, request: Request, route: Route, ids: tuple[str, ...]) -> Reply:
        self._admit(request)
        self.limits.spend(self.token, route.scopes.get(request.method, route.scope))
        handler = route.handlers.get(request.method)
        if handler is None:
            allow = ", ".join([*route.handlers, "OPTIONS"])
            raise Refusal(405, {"detail": f'Method "{request.method}" not allowed.'}, ("Allow", allow))
        return handler(request, *ids)

    def _admit(self, request: Request) -> None:
        """Check the token; the word before it is Token, in any case."""
        word, _, token = request.headers.get("authorization", "").partition(" ")
        challenge = ("WWW-Authenticate", "Token")
        if word.lower() != "token":
            raise Refusal(401, {"detail": "Authentication credentials were not provided."}, challenge)
        if token.strip() != self.token:
            raise Refusal(401, {"detail": "Invalid token."}, challenge)


@contextmanager
def running(library: Library | None = None, *, limits: bool = False, export_pages: int = 100) -> Iterator[Simulator]:
    """Run a simulator for the length of a with block: the sample library and no limits, by default."""
    with Simulator(library or sample_library(), limits=limits, export_pages=export_pages) as simulator:
        yield simulator


class _Server(ThreadingHTTPServer):
    """A loopback server that can be stopped while clients keep idle connections open."""

    daemon_threads = False

    def __init__(self, simulator: Simulator, port: int) -> None:
        self.simulator = simulator
        self._open: set[socket.socket] = set()
        self._broken: set[socket.socket] = set()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._serve, name="simulator", daemon=True)
        super().__init__(("127.0.0.1", port), _Handler)

    def start(self) -> None:
        """Take connections from now on."""
        self._thread.start()

    def _serve(self) -> None:
        """Take one connection after the other: `serve_forever` looks only now and then whether it is to stop."""
        while not self._is_stopping:
            self.handle_request()

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002  # socketserver's signature
        """Take no connection any more once it is to stop."""
        return not self._is_stopping

    def server_bind(self) -> None:
        """Bind without asking a name server for our own name, as http.server does: that can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection, to be able to end it."""
        self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close the connection, with a reset if it was to be broken, and forget it."""
        self._open.discard(request)
        if request in self._broken:
            self._broken.discard(request)
            self.close_request(request)
        else:
            super().shutdown_request(request)

    def break_off(self, connection: socket.socket) -> None:
        """Have a connection end in a reset: closed with a linger time of zero, it sends no orderly end."""
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._broken.add(connection)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing about clients that hang up; anything else is a bug and is shown."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)

    def stop(self) -> None:
        """Stop taking connections, end those that are open, wait for their threads."""
        self._is_stopping = True
        with suppress(OSError):  # one that came meanwhile does as well, however it ends
            socket.create_connection(("127.0.0.1", self.server_port), timeout=1.0).close()
        self._thread.join()
        for connection in list(self._open):
            with suppress(OSError):  # the client was faster
                connection.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Turn bytes into a Request and a Reply into bytes; nothing else."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def handle_one_request(self) -> None:
        """Serve one request, and end quietly if the simulator closed the connection under it."""
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def _serve(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        host = headers.get("host", "127.0.0.1")
        body = self.rfile.read(length)
        if len(body) < length:  # its client ended while it sent: what no service would take for a request
            self.close_connection = True
            return
        request = Request(self.command, self.path, body, headers, host)
        reply, fault = self.server.simulator.serve(request)
        wire = fault.wire if fault else "whole"
        data = self._bytes(reply) if wire != "none" else b""
        if wire == "cut":
            data = data[: -max(1, len(_body(reply)) // 2)]
        self.wfile.write(data)
        if wire != "whole" or reply.unsized:
            self.close_connection = True
        if wire == "none":
            self.server.break_off(self.connection)

    do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = _serve

    def _bytes(self, reply: Reply) -> bytes:
        body = _body(reply)
        length = ("Connection", "close") if reply.unsized else ("Content-Length", str(len(body)))
        headers = [length, *reply.headers]
        if reply.status != HTTPStatus.NO_CONTENT:
            headers += [("Content-Type", reply.content_type), ("Vary", "Accept, Origin, Cookie")]
        lines = [
            f"HTTP/1.1 {reply.status} {_PHRASES.get(reply.status, '')}",
            *(f"{k}: {v}" for k, v in headers),
        ]
        head = "\r\n".join([*lines, "", ""]).encode()
        return head if self.command == "HEAD" else head + body

    def log_message(self, *_: Any) -> None:
        """Stay silent; the request log is in Simulator.log."""


def _body(reply: Reply) -> bytes:
    if reply.body is None:
        return b""
    return reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
