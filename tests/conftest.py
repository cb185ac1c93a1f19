"""What every test runs under: no network but loopback, and property tests that CI repeats exactly.

What takes longest is done once: a template is tried for good part of a second, and most tests have the same.
"""

from __future__ import annotations

import gc
import os
import shutil
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings

from vaultsync.lint import cache
from vaultsync.lint.writable import Lint
from vaultsync.rendering import templates
from vaultsync.rendering.render import Renderer
from vaultsync.rendering.sandbox import Compiled

settings.register_profile("default", deadline=None, max_examples=50)
settings.register_profile("ci", settings.get_profile("default"), derandomize=True, max_examples=100)
settings.load_profile("ci" if os.environ.get("CI") else "default")


# Where notes are written again and again, a disk would be waited for half of the time. On many a machine /tmp is memory
# as well; tests of the disk itself are on one (see `on_disk`).
_MEMORY = Path("/dev/shm")
_ROOM = 500_000_000  # bytes; containers come with much less


def pytest_configure() -> None:
    """Have folders of tests in memory, if there is room; those of tests that pass go at once (see pyproject.toml)."""
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def pytest_collection_finish() -> None:
    """Five thousand tests are not looked through again whenever Python looks for circles."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def each_process_finds_vaultsync_compiled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """As an installed program does: where Python keeps nothing, each would compile all of it anew."""
    with pytest.MonkeyPatch.context() as patch:
        if sys.dont_write_bytecode:
            patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
            own = tmp_path_factory.getbasetemp()
            of_all = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
            patch.setenv("PYTHONPYCACHEPREFIX", str(of_all / "compiled"))
        yield


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """As pytest has it; for tests that are about disks, on one."""
    if request.node.get_closest_marker("on_disk") is None:
        yield tmp_path
        return
    with TemporaryDirectory(prefix="vaultsync-") as folder:
        yield Path(folder)


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
        patch.setenv("no_proxy", "127.0.0.1,localhost")  # there is none between us and the simulator
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


@pytest.fixture(autouse=True, scope="session")
def each_template_is_compiled_once() -> Iterator[None]:
    """What was compiled of a text holds wherever it stands, as long as no plugin brings filters of its own."""
    init, compiled = Renderer.__init__, Compiled()

    def shared(self: Renderer, sources: Any, filters: Any = None, **options: Any) -> None:
        init(self, sources, filters, **(options if filters else {**options, "compiled": compiled}))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Renderer, "__init__", shared)
        yield


@pytest.fixture(autouse=True, scope="session")
def working_templates_are_tried_once() -> Iterator[None]:
    """Trying has no effect on the world, and takes longer than many a run; of what can't be used nothing is kept."""
    ready, tried = templates.ready, dict[tuple[Any, ...], templates.Ready]()

    def once(found: templates.Templates, filters: Any) -> templates.Ready:
        if filters:
            return ready(found, filters)
        # Renderers are not for two threads at once.
        key = (threading.get_ident(), found.name, found.folder, *found.own.items(), *found.fallback.items())
        kept = tried.get(key) or tried.setdefault(key, ready(found, filters))
        return templates.Ready(found, kept._renderer, kept._untracked, kept._plain)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(templates, "ready", once)
        yield
