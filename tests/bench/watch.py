"""A watcher over a large vault: at rest, when a note is saved, beside its own writes and other programs' reads."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.process import VAULTSYNC
from tests.bench.rows import Row, at_most, told
from tests.bench.stage import Stage, Vault

_SETTLE = 3.0
_SAVES = 20
_REST = 60.0
# Of sources that are asked more often than once a minute the worker stays.
_FETCHES, _EVERY = 2, 61.0
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100
# What the memory of a watcher is made of: a process that imports this much and no more.
_PARTS = (
    ("Python", "pass"),
    ("click", "import click"),
    ("watchdog", "import click, watchdog.observers"),
    ("vaultsync", "import vaultsync.commandline, vaultsync.watching.watch"),
)


@dataclass
class Watcher:
    """A watcher in a process of its own, whose events are read as they come."""

    process: subprocess.Popen[str]

    def hears(self, kind: str) -> dict[str, Any]:
        """Wait for the next event of a kind."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            event: dict[str, Any] = json.loads(line)
            if event["event"] == kind:
                return event
        raise RuntimeError(f"the watcher ended before it said {kind!r}")

    @property
    def seconds(self) -> float:
        """Processor time of all its threads so far, to the nanosecond; not of its workers."""
        told = (Path(f"/proc/{self.process.pid}/task").glob("*/schedstat"),)
        return sum(int(file.read_text().split()[0]) for files in told for file in files) / 1e9

    @property
    def seconds_in_all(self) -> float:
        """Processor time so far, with that of workers that have ended; to a hundredth."""
        told = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return sum(map(int, told[11:15])) / _TICKS

    @property
    def workers(self) -> list[int]:
        """The processes that work for it right now."""
        told = (file.read_text() for file in Path(f"/proc/{self.process.pid}/task").glob("*/children"))
        return [int(one) for text in told for one in text.split()]

    @property
    def memory(self) -> float:
        """Megabytes it holds."""
        return _megabytes(Path(f"/proc/{self.process.pid}/status").read_text(), "VmRSS")

    @property
    def writes(self) -> int:
        """Calls by which it wrote so far."""
        found = re.search(r"syscw: (\d+)", Path(f"/proc/{self.process.pid}/io").read_text())
        return int(found[1]) if found else 0


def _megabytes(status: str, what: str) -> float:
    found = re.search(rf"{what}:\s+(\d+)", status)
    return int(found[1]) / 1000 if found else 0.0


def watch(stage: Stage) -> Iterator[Row]:
    """Fetch, rest, save, export, grep."""
    if not sys.platform.startswith("linux"):
        return
    books = stage.sizes.large
    vault = stage.exported(books)
    quick = stage.sizes.runs == 1
    if not quick:
        with _watching(vault, settle=_SETTLE, every=_EVERY) as watcher:
            yield from _fetches(watcher, books)
    with _watching(vault, settle=0.2 if quick else _SETTLE) as watcher:
        _come_to_rest(stage, watcher)
        yield from _at_rest(stage, watcher, books, 1.0 if quick else _REST)
        yield from _saves(vault, watcher, 2 if quick else _SAVES, 0.2 if quick else _SETTLE)
        yield from _unmoved(stage, vault, watcher, quick=quick)


@contextmanager
def _watching(vault: Vault, settle: float, every: float = 100_000.0) -> Iterator[Watcher]:
    command = [*VAULTSYNC, "watch", "--json", "--settle", str(settle), "--pull-interval", str(every)]
    env = {**os.environ, **vault.env}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        watcher = Watcher(process)
        try:
            watcher.hears("started")
            yield watcher
        finally:
            process.terminate()


def _come_to_rest(stage: Stage, watcher: Watcher) -> None:
    """Wait until the first fetch is over, and its worker gone."""
    before = -1.0
    while watcher.seconds != before or watcher.workers:
        before = watcher.seconds
        time.sleep(1)
    stage.service.seconds_answering()


def _at_rest(stage: Stage, watcher: Watcher, books: int, seconds: float) -> Iterator[Row]:
    used, writes = watcher.seconds, watcher.writes
    time.sleep(seconds)
    share = (watcher.seconds - used) / seconds * 100
    asked = "no request" if stage.service.seconds_answering() == 0 else "REQUESTS"
    how = f"{seconds:.0f} s over {books:,} notes; {watcher.writes - writes} writes, {asked}"
    yield at_most("watching at rest: processor", share, 0.1, " %", how)
    status = Path(f"/proc/{watcher.process.pid}/status").read_text()
    own, shared = _megabytes(status, "RssAnon"), _megabytes(status, "RssFile")
    parts = " · ".join(f"{name} {_resident(code):.0f}" for name, code in _PARTS)
    how = f"resident; its own {own:.0f}, of files {shared:.0f}. A process of as much as: {parts}"
    yield at_most("… memory", watcher.memory, 40, " MB", how)


def _resident(code: str) -> float:
    """Megabytes a process holds that has done this much."""
    tell = "import sys; sys.stdout.write(open('/proc/self/status').read())"
    done = subprocess.run([sys.executable, "-c", f"{code}\n{tell}"], capture_output=True, text=True, check=True)
    return _megabytes(done.stdout, "VmRSS")


def _saves(vault: Vault, watcher: Watcher, times: int, settle: float) -> Iterator[Row]:
    """Type a note into so many highlights, one after the other."""
    took = []
    largest = 0.0
    for path in sorted(vault.notes())[:times]:
        text = path.read_text()
        path.write_text(re.sub(r"(\^rw\d+\n\n- Note:)", r"\1 typed", text, count=1))
        began = time.perf_counter()
        watcher.hears("sent")
        took.append((time.perf_counter() - began - settle) * 1000)
        for worker in watcher.workers:
            largest = max(largest, _megabytes(Path(f"/proc/{worker}/status").read_text(), "VmHWM"))
    how = f"median of {times}, beyond the {settle:g} s of settling; longest {max(took):.0f} ms; until it was said"
    yield at_most("from save to PATCH", median(took), 300, " ms", how)
    yield told("… memory of the worker", largest, " MB", "at its peak; it is there for a minute after the last save")


def _fetches(watcher: Watcher, books: int) -> Iterator[Row]:
    """Fetch again and again, and find nothing."""
    while watcher.workers:
        time.sleep(0.05)
    before = watcher.seconds_in_all
    time.sleep(_FETCHES * _EVERY)
    while watcher.workers:
        time.sleep(0.05)
    took = (watcher.seconds_in_all - before) / _FETCHES * 1000
    how = f"processor time, over {books:,} notes, mean of {_FETCHES}; every 5 min that is {took / 3000:.2f} %"
    yield told("a fetch that finds nothing", took, " ms", how)


def _unmoved(stage: Stage, vault: Vault, watcher: Watcher, *, quick: bool) -> Iterator[Row]:
    used = watcher.seconds
    subprocess.run(["grep", "-rq", "nothing like that", str(vault.root / "vault")], check=False)
    time.sleep(0.5 if quick else 5)
    yield at_most("grep -r over the vault", (watcher.seconds - used) * 1000, 50, " ms", "processor time of the watcher")
    stage.service.change(max(1, stage.sizes.large // 10))
    vault.command("export", "--json")
    stage.service.seconds_answering()
    time.sleep(1 if quick else 10)
    asked = stage.service.seconds_answering()
    how = f"{max(1, stage.sizes.large // 10):,} notes written by an export; how long the service was asked after it"
    yield at_most("an export beside it", asked * 1000, 0, " ms", how)
