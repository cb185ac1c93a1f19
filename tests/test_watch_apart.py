"""The worker of a watcher as a process of its own: there when it is needed, gone when it is not, and killed."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.export_case import TEMPLATE, Reading, reader
from tests.test_push import type_note, writes
from tests.test_watch import note_of
from tests.test_watch_process import hears, process
from tests.watch_case import PATIENCE, QUICK, Watching, paced, watching, within
from vaultsync.errors import ConfigError
from vaultsync.watching import apart
from vaultsync.watching.apart import Apart
from vaultsync.watching.clock import Clock, Times
from vaultsync.watching.orders import Order, Outdated
from vaultsync.watching.worker import Worker

__all__ = ["reader"]

GAP = 0.05  # seconds between two presses of a key
linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks into /proc")


@pytest.fixture
def walden(reader: Reading) -> Reading:
    """A vault with one note, up to date."""
    reader.book("Walden", "I went to the woods.")
    reader.export()
    reader.simulator.log.clear()
    return reader


@contextmanager
def apart_watching(reader: Reading, **seconds: float) -> Iterator[Watching]:
    """Watch with a worker in a process of its own, which rests whenever there is nothing to do."""
    with watching(reader, paced(linger=0.0, **seconds), stand=None) as watch:
        within(lambda: pid_of(watch) is None)  # the first fetch is over
        yield watch


def pid_of(watch: Watching) -> int | None:
    """The worker's process; None if it rests."""
    assert watch.watch is not None
    work = watch.watch._work
    assert isinstance(work, Apart)
    return None if work._process is None else work._process.pid


def is_there(pid: int) -> bool:
    """Whether a process runs."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "Z" not in (Path(f"/proc/{pid}/stat").read_text().split()[2:3] if sys.platform == "linux" else "")


def when(reader: Reading, method: str, happens: Callable[[], Any]) -> Callable[[], None]:
    """Have something happen once the service has taken a request; return what takes that back."""
    log = reader.simulator.log
    add = log.add

    def added(request: Any, code: int, fault: str) -> None:
        add(request, code, fault)
        if request.method == method:
            log.add = add  # type: ignore[method-assign]
            happens()

    log.add = added  # type: ignore[method-assign,assignment]
    return lambda: setattr(log, "add", add)


def test_a_template_that_is_broken_stays_out_of_use_from_worker_to_worker(walden: Reading) -> None:
    with apart_watching(walden) as watch:
        (walden.vault / "T/document.md").write_text(TEMPLATE + "{% if %}")
        assert "T/document.md, line 18" in watch.hears("trouble").text
        within(lambda: pid_of(watch) is None)
        type_note(walden, "Walden.md", "Mine.")
        watch.hears("sent", "Walden.md")
        (walden.vault / "T/document.md").write_text(TEMPLATE + "\nmended\n")
        watch.hears("mended", "line 18")
        within(lambda: "mended" in walden.text("Walden.md"))
    assert len(watch.said("trouble")) == 1
    assert note_of(walden, "Walden") == "Mine." and len(writes(walden)) == 1


def test_a_vaultsync_toml_that_is_broken_stays_out_of_use_from_worker_to_worker(walden: Reading) -> None:
    times = Times(Clock(), QUICK)
    first = Worker(walden.vault, os.environ, times, allowed=False)
    facts, kept = first.begin(), first.kept
    first.end()
    toml = walden.vault / "vaultsync.toml"
    toml.write_text(toml.read_text() + "\npush = 3\n")
    second = Worker(walden.vault, os.environ, times, allowed=False)
    assert second.begin(kept) == facts
    with pytest.raises(ConfigError, match="line 9"):
        second.refresh()
    assert second.run(Order((), ()), lambda _: None).errors == 0
    second.end()


def test_a_worker_that_is_killed_while_it_sends_is_told_and_the_edit_arrives_once(walden: Reading) -> None:
    with apart_watching(walden) as watch:
        when(walden, "PATCH", lambda: os.kill(pid_of(watch) or 0, signal.SIGKILL))
        type_note(walden, "Walden.md", "Mine.")
        assert "signal 9" in watch.hears("trouble", "ended early").text
        watch.hears("mended", "ended early")
        type_note(walden, "Walden.md", "Mine again.", was="Mine.")
        watch.hears("sent", "Walden.md")
    assert note_of(walden, "Walden") == "Mine again."
    assert len(writes(walden)) == 2


def test_a_second_control_c_does_not_wait_for_the_document_at_hand(walden: Reading) -> None:
    gone = threading.Event()
    with process() as watch:

        def press() -> None:
            # Again and again: two signals at once may be told as one.
            for _ in range(int(PATIENCE / GAP)):
                watch.send_signal(signal.SIGINT)
                if gone.wait(GAP):
                    return

        hears(watch, "started")
        when(walden, "PATCH", press)
        type_note(walden, "Walden.md", "Mine.")
        assert watch.wait(PATIENCE) in (130, -signal.SIGINT)  # which a shell tells as 130
        gone.set()
        assert writes(walden), "the service has not answered when it leaves"


@linux
def test_a_worker_goes_when_its_watcher_is_killed(walden: Reading) -> None:
    with process() as watch:
        hears(watch, "started")
        within(lambda: children(watch.pid) == [])
        type_note(walden, "Walden.md", "Mine.")
        within(lambda: children(watch.pid) != [])
        (worker,) = children(watch.pid)
        watch.kill()
        watch.wait()
        within(lambda: not is_there(worker))


@linux
@pytest.mark.usefixtures("walden")
def test_an_idle_watcher_is_small_and_alone() -> None:
    with process() as watch:
        hears(watch, "started")
        within(lambda: children(watch.pid) == [])
        told = Path(f"/proc/{watch.pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", told)
    assert found and int(found[1]) < 40_000


def children(pid: int) -> list[int]:
    """The processes a process has started, and that run."""
    told = (file.read_text() for file in Path(f"/proc/{pid}/task").glob("*/children"))
    return [int(one) for text in told for one in text.split() if is_there(int(one))]


def test_a_worker_of_another_version_is_not_worked_with(walden: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "__version__", "0.0.0")
    work = Apart(walden.vault, os.environ, allowed=False)
    with pytest.raises(Outdated, match="updated") as caught:
        work.begin()
    assert caught.value.exit_code == 1  # by which a service manager starts it again
