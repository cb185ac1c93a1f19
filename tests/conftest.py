"""What every test runs under: no network but loopback, and property tests that CI repeats exactly.

What takes longest is done once: a template is tried for good part of a second, and most tests have the same.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from vaultsync.lint import cache
from vaultsync.lint.writable import Lint

settings.register_profile("default", deadline=None, max_examples=50)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, max_examples=100)
settings.load_profile("ci" if os.environ.get("CI") else "default")


def _is_local(host: object) -> bool:
    try:
        return host in (None, "", "localhost") or ip_address(str(host)).is_loopback
    except ValueError:
        return False


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Iterator[None]:
    """Refuse to look up or connect to anything outside this machine."""
    connect, lookup = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self: socket.socket, address: Any) -> None:
        if self.family != getattr(socket, "AF_UNIX", None) and not _is_local(address[0]):
            raise AssertionError(f"a test connects to {address}")
        connect(self, address)

    def guarded_lookup(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if not _is_local(name):
            raise AssertionError(f"a test looks up {name}")
        return lookup(host, *args, **kwargs)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded_connect)
        patch.setattr(socket, "getaddrinfo", guarded_lookup)
        yield


@pytest.fixture(autouse=True, scope="session")
def each_template_is_tried_once() -> Iterator[None]:
    """What was found of a template in one vault holds in the next; each keeps it in its own state all the same."""
    linted, found = cache.linted, dict[tuple[str, ...], Lint]()

    def linted_once(state: Path, of: Iterable[str], make: Callable[[], Lint]) -> Lint:
        key = tuple(of)
        return linted(state, key, lambda: found[key] if key in found else found.setdefault(key, make()))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cache, "linted", linted_once)
        yield
