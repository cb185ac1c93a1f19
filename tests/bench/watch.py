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
from tests.bench.rows import Row, at_most
from tests.bench.stage import Stage, Vault

_SETTLE = 3.0
_SAVES = 20
_REST = 60.0


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
        """Processor time of all its threads so far."""
        told = (Path(f"/proc/{self.process.pid}/task").glob("*/schedstat"),)
        return sum(int(file.read_text().split()[0]) for files in told for file in files) / 1e9

    @property
    def memory(self) -> float:
        """Megabytes it holds."""
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(r"VmRSS:\s+(\d+)", text)
        return int(found[1]) / 1000 if found else 0.0

    @property
    def writes(self) -> int:
        """Calls by which it wrote so far."""
        found = re.search(r"syscw: (\d+)", Path(f"/proc/{self.process.pid}/io").read_text())
        return int(found[1]) if found else 0


def watch(stage: Stage) -> Iterator[Row]:
    """Rest, save, export, grep."""
    if not sys.platform.startswith("linux"):
        return
    books = stage.sizes.large
    vault = stage.exported(books)
    quick = stage.sizes.runs == 1
    with _watching(vault, settle=0.2 if quick else _SETTLE) as watcher:
        _come_to_rest(stage, watcher)
        yield from _at_rest(stage, watcher, books, 1.0 if quick else _REST)
        yield from _saves(vault, watcher, 2 if quick else _SAVES, 0.2 if quick else _SETTLE)
        yield from _unmoved(stage, vault, watcher, quick=quick)


@contextmanager
def _watching(vault: Vault, settle: float) -> Iterator[Watcher]:
    command = [*VAULTSYNC, "watch", "--json", "--settle", str(settle), "--pull-interval", "100000"]
    env = {**os.environ, **vault.env}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=env) as process:
        watcher = Watcher(process)
        try:
            watcher.hears("started")
            yield watcher
        finally:
            process.terminate()


def _come_to_rest(stage: Stage, watcher: Watcher) -> None:
    """Wait until the first fetch is over."""
    before = -1.0
    while watcher.seconds != before:
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
    yield at_most("… memory", watcher.memory, 40, " MB", "resident, after a look at all notes")


def _saves(vault: Vault, watcher: Watcher, times: int, settle: float) -> Iterator[Row]:
    """Type a note into so many highlights, one after the other."""
    took = []
    for path in sorted(vault.notes())[:times]:
        text = path.read_text()
        path.write_text(re.sub(r"(\^rw\d+\n\n- Note:)", r"\1 typed", text, count=1))
        began = time.perf_counter()
        watcher.hears("sent")
        took.append((time.perf_counter() - began - settle) * 1000)
    how = f"median of {times}, beyond the {settle:g} s of settling; longest {max(took):.0f} ms; until it was said"
    yield at_most("from save to PATCH", median(took), 300, " ms", how)


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
