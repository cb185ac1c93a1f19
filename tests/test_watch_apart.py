"""The worker of a watcher as a process of its own: there when it is needed, gone when it is not, and killed."""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from tests.export_case import TEMPLATE, Reading, reader
from tests.plugin_case import Install, hook, install
from tests.test_push import type_note, writes
from tests.test_watch import note_of
from tests.test_watch_process import hears, process
from tests.watch_case import PATIENCE, QUICK, Watching, paced, walden, watching, within
from vaultsync.errors import ConfigError
from vaultsync.storage.lock import watch_lock, writer_lock
from vaultsync.watching import apart, heartbeat, messages
from vaultsync.watching.apart import Apart
from vaultsync.watching.clock import Clock, Leaving, Times
from vaultsync.watching.orders import Cut, Order, Outdated
from vaultsync.watching.process import served
from vaultsync.watching.worker import Worker

__all__ = ["install", "reader", "walden"]

GAP = 0.05  # seconds between two presses of a key
linux = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="looks into /proc")


@contextmanager
def apart_watching(
    reader: Reading, *, fails: type[BaseException] | None = None, **seconds: float
) -> Iterator[Watching]:
    """Watch with a worker in a process of its own, which rests whenever there is nothing to do."""
    with watching(reader, paced(**{"linger": 0.0, **seconds}), fails=fails, stand=None) as watch:
        within(lambda: pid_of(watch) is None)  # the first fetch is over
        yield watch


def pid_of(watch: Watching) -> int | None:
    """The worker's process; None if it rests."""
    assert watch.watch is not None
    work = watch.watch._work
    assert isinstance(work, Apart)
    return None if work._process is None else work._process.pid


def kill(watch: Watching, number: int) -> None:
    """Send the worker a signal."""
    pid = pid_of(watch)
    assert pid, "it rests"
    os.kill(pid, number)


def ends(watch: Watching, number: int) -> None:
    """Send the worker, which has nothing to do, a signal by which it ends."""
    pid = pid_of(watch)
    kill(watch, number)
    within(lambda: not is_there(pid or 0))


def wakes(reader: Reading, watch: Watching) -> None:
    """Have the worker get up, and stay with nothing to do."""
    type_note(reader, "Walden.md", "First.")
    watch.hears("sent", "Walden.md")


def is_there(pid: int) -> bool:
    """Whether a process runs."""
    try:
        os.kill(pid, 0)
        return "Z" not in (Path(f"/proc/{pid}/stat").read_text().split()[2:3] if sys.platform == "linux" else "")
    except (ProcessLookupError, FileNotFoundError):
        return False


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
        when(walden, "PATCH", lambda: kill(watch, signal.SIGKILL))
        type_note(walden, "Walden.md", "Mine.")
        assert "signal 9" in watch.hears("trouble", "ended early").text
        watch.hears("mended", "ended early")
        type_note(walden, "Walden.md", "Mine again.", was="Mine.")
        watch.hears("sent", "Walden.md")
    assert note_of(walden, "Walden") == "Mine again."
    assert len(writes(walden)) == 2


def test_a_worker_that_is_ended_by_someone_else_while_it_does_nothing_is_no_trouble(walden: Reading) -> None:
    with apart_watching(walden, linger=60.0) as watch:
        wakes(walden, watch)
        ends(watch, signal.SIGTERM)
        type_note(walden, "Walden.md", "Mine.", was="First.")
        watch.hears("sent", "Walden.md")
        ends(watch, signal.SIGKILL)
        type_note(walden, "Walden.md", "Mine again.", was="Mine.")
        watch.hears("sent", "Walden.md")
        assert not watch.has_ended
    assert watch.said("trouble") == []


def test_a_worker_that_is_told_to_leave_by_someone_else_while_it_fetches_is_told(walden: Reading) -> None:
    with apart_watching(walden, pull=0.5) as watch:
        when(walden, "GET", lambda: kill(watch, signal.SIGTERM))
        assert "exit code 0" in watch.hears("trouble", "ended early").text
        watch.hears("mended", "ended early")


def test_a_plugin_that_hangs_keeps_nobody_from_leaving(walden: Reading, install: Install) -> None:
    install("ape", hook("vaultsync_before_push", "print('hanging'); import time; time.sleep(1000)"))
    with apart_watching(walden, goodbye=0.3) as watch:
        type_note(walden, "Walden.md", "Mine.")
        within(lambda: walden.simulator.log.matching("/api/v2/highlights/"))  # the look before the edit is sent
    assert watch.events[-1].kind == "stopped"
    assert writes(walden) == []


def test_a_plugin_that_ends_its_process_is_no_update(walden: Reading, install: Install) -> None:
    install("ape", hook("vaultsync_before_push", "import os; os._exit(75)"))
    with apart_watching(walden) as watch:
        type_note(walden, "Walden.md", "Mine.")
        assert "exit code 75" in watch.hears("trouble", "ended early").text
        assert not watch.has_ended


@pytest.mark.parametrize("end", ["raise SystemExit(75)", "import os; os._exit(75)"])
def test_a_plugin_that_ends_the_process_while_it_begins_is_no_update_either(
    walden: Reading, install: Install, end: str
) -> None:
    # A msgspec.Struct that a plugin makes its settings of may do anything when it is filled.
    install(
        "ape",
        f"""
class Settings(msgspec.Struct):
    base_url: str = "http://ape.invalid"
    def __post_init__(self):
        {end}
@hookimpl
def vaultsync_sources(): return [SourcePlugin("ape", Settings, "", None)]
""",
    )
    toml = walden.vault / "vaultsync.toml"
    toml.write_text(toml.read_text() + "\n[sources.ape]\n")
    work = Apart(walden.vault, os.environ, allowed=False)
    with pytest.raises(Cut, match="exit code 75"):
        work.begin()


def test_a_worker_that_is_asked_to_leave_before_it_begins_leaves() -> None:
    answers = BytesIO()
    served([messages.Leave()], answers, Times(Clock(), QUICK))
    assert answers.getvalue() == messages.line(messages.Left())


@linux
def test_a_worker_that_hangs_does_not_outlive_its_watcher(walden: Reading, install: Install) -> None:
    install("ape", hook("vaultsync_before_push", "import time; time.sleep(1000)"))
    work = Apart(walden.vault, os.environ, allowed=False, goodbye=0.3)
    work.begin()
    assert work._process is not None and work._process.stdin is not None
    type_note(walden, "Walden.md", "Mine.")
    work._tell(messages.Run(Order(push=(), at=frozenset(["Walden.md"]))))
    within(lambda: walden.simulator.log.matching("/api/v2/highlights/"))
    work._process.stdin.close()  # as when the watcher is killed
    within(lambda: work._process is not None and work._process.poll() is not None)
    with writer_lock(walden.state, "whoever comes next"):
        work.end()


@pytest.mark.usefixtures("walden")
def test_what_a_plugin_prints_is_no_answer(walden: Reading, install: Install) -> None:
    flood = "import os; [os.write(1, b'{}\\n' * 10_000) for _ in range(20)]; print('x' * 100_000)"
    install("ape", hook("vaultsync_before_push", flood) + hook("vaultsync_after_pull", flood))
    with process() as watch:
        assert watch.stderr is not None
        reading = threading.Thread(target=watch.stderr.read)
        reading.start()
        hears(watch, "started")
        type_note(walden, "Walden.md", "Mine.")
        hears(watch, "sent")
        watch.terminate()
        assert watch.wait(PATIENCE) == 0
        reading.join(PATIENCE)


def test_whoever_leaves_before_it_is_asked_leaves(walden: Reading) -> None:
    work = Apart(walden.vault, os.environ, allowed=False)
    work.begin()
    work.rest()
    work.leave()
    with pytest.raises(Leaving):
        work.refresh()


def test_a_vault_whose_path_is_no_text_is_watched(
    walden: Reading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    odd = tmp_path / os.fsdecode(b"odd \xff\nvault")
    try:
        walden.vault.rename(odd)
    except OSError:
        pytest.skip("names are text here")
    walden.vault = odd
    monkeypatch.setenv("VAULTSYNC_STATE_DIR", str(tmp_path / os.fsdecode(b"odd \xfe")))
    walden.export("--vault", str(odd))
    with apart_watching(walden) as watch:
        type_note(walden, "Walden.md", "Mine.")
        watch.hears("sent", "Walden.md")
        (odd / "vaultsync.toml").rename(tmp_path / "away")
        watch.hears("trouble", "There is no vaultsync.toml")
        (tmp_path / "away").rename(odd / "vaultsync.toml")
        watch.hears("mended")
    assert walden.run("status", "--vault", str(odd)).code == 0


def test_a_heartbeat_may_name_what_is_no_text(tmp_path: Path) -> None:
    beat = heartbeat.Beat(1, "2026-01-01", troubles=(os.fsdecode(b"odd \xff is gone."),))
    with watch_lock(tmp_path, "vaultsync watch"):
        heartbeat.tell(tmp_path, beat)
        assert heartbeat.heard(tmp_path) == beat


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


def test_a_watcher_that_was_updated_meanwhile_leaves_for_the_new_one(
    walden: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    with apart_watching(walden, fails=Outdated) as watch:
        monkeypatch.setattr(apart, "__version__", "0.0.0")
        type_note(walden, "Walden.md", "Mine.")
        within(lambda: watch.has_ended)
    assert watch.said("trouble") == [], "whoever calls it says so"


def test_a_worker_of_another_version_is_not_worked_with(walden: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apart, "__version__", "0.0.0")
    work = Apart(walden.vault, os.environ, allowed=False)
    with pytest.raises(Outdated, match="updated") as caught:
        work.begin()
    assert caught.value.exit_code == 1  # by which a service manager starts it again
