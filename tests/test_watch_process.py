"""A watcher as a process: how it leaves, what it leaves behind when it is killed, and savers it races with."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.export_case import Reading, reader
from tests.test_push import type_note, writes
from tests.watch_case import PATIENCE, paced, walden, watching, within
from vaultsync.storage.lock import is_watched

__all__ = ["reader", "walden"]

COMMAND = [sys.executable, "-c", "import sys; from vaultsync.cli import main; sys.exit(main())", "watch"]
SOAK = int(os.environ.get("VAULTSYNC_SOAK", "500"))
RACE = float(os.environ.get("VAULTSYNC_RACE", "0.8"))  # seconds, for a dozen fetches: more are not allowed in a minute


@contextmanager
def process(*args: str) -> Iterator[subprocess.Popen[str]]:
    """A watcher in a process of its own."""
    command = [*COMMAND, "--settle", "0.05", *args]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as started:
        try:
            yield started
        finally:
            started.kill()


def hears(process: subprocess.Popen[str], words: str) -> str:
    """Wait for a line with these words in it."""
    assert process.stdout is not None
    return next(line for line in process.stdout if words in line)


# Leaving.


def test_it_leaves_with_0_when_told_to_and_speaks_json(walden: Reading, tmp_path: Path) -> None:
    with process("--json", "--log-file", str(tmp_path / "log")) as watch:
        type_note(walden, "Walden.md", "Mine.")
        sent = json.loads(hears(watch, '"sent"'))
        watch.terminate()
        assert watch.wait(PATIENCE) == 0
        assert watch.stderr is not None and watch.stderr.read() == ""
    assert {name: sent[name] for name in ("event", "path", "text")} == {
        "event": "sent",
        "path": "Walden.md",
        "text": f"note of ^rw{next(iter(walden.library.books.values())).highlights[0].id}",
    }
    assert [line.split()[2] for line in (tmp_path / "log").read_text().splitlines()] == ["started", "sent", "stopped"]
    assert not is_watched(walden.state)


def test_it_leaves_with_130_after_control_c_and_finishes_the_document_at_hand(walden: Reading) -> None:
    log = walden.simulator.log
    with process() as watch:
        add = log.add

        def interrupt(request: Any, code: int, fault: str) -> None:
            add(request, code, fault)
            if request.method == "PATCH":
                watch.send_signal(signal.SIGINT)

        log.add = interrupt  # type: ignore[method-assign,assignment]
        hears(watch, "started")
        type_note(walden, "Walden.md", "Mine.")
        assert watch.wait(PATIENCE) == 130
    log.add = add  # type: ignore[method-assign]
    log.clear()
    assert walden.run("sync", "--json").json["edits"]["sent"] == 0
    assert writes(walden) == []


def test_a_log_is_not_kept_in_the_vault(walden: Reading) -> None:
    run = walden.run("watch", "--log-file", str(walden.vault / "log"))
    assert (run.code, walden.paths()) == (2, ["Walden.md"])
    assert "inside the vault" in run.err


@pytest.mark.parametrize("answered", [False, True])
def test_a_watcher_that_is_killed_while_it_sends_is_made_good_by_the_next(walden: Reading, *, answered: bool) -> None:
    log, method = walden.simulator.log, "PATCH" if answered else "GET"
    add = log.add
    with process() as watch:

        def kill(request: Any, code: int, fault: str) -> None:
            add(request, code, fault)
            if request.method == method and request.path.startswith("/api/v2/highlights/"):
                watch.kill()

        hears(watch, "started")
        log.add = kill  # type: ignore[method-assign,assignment]
        type_note(walden, "Walden.md", "Mine.")
        assert watch.wait(PATIENCE) == -signal.SIGKILL
    log.add = add  # type: ignore[method-assign]
    assert 'vaultsync export"' in walden.run("status").out or walden.runs[-1].code == 0
    with watching(walden):
        within(lambda: next(iter(walden.library.books.values())).highlights[0].note == "Mine.")
        within(lambda: "Note: Mine.\n" in walden.text("Walden.md"))
    assert len(writes(walden)) == 1


# Racing.


def save_in_place(path: Path, text: str) -> None:
    path.write_text(text)


def save_atomically(path: Path, text: str) -> None:
    temp = path.with_name(".typing")
    temp.write_text(text)
    temp.replace(path)


@pytest.mark.parametrize("save", [save_in_place, save_atomically])
def test_no_save_vanishes_while_remote_changes_arrive(walden: Reading, save: Callable[[Path, str], None]) -> None:
    walden.configure(source='documents = "none"')
    note, chance = walden.vault / "Walden.md", random.Random(7)
    book = next(iter(walden.library.books.values()))
    saved: list[str] = []
    rest = threading.Event()

    def type_on() -> None:
        until = time.monotonic() + RACE
        while time.monotonic() < until:
            for _ in range(chance.randrange(1, 8)):
                saved.append(f"save {len(saved)}.")
                save(note, note.read_text() + f"{saved[-1]}\n")
                rest.wait(0.001)
            rest.wait(chance.uniform(0.0, 0.06))

    with watching(walden, paced(settle=0.02, pull=RACE / 12)) as watch:
        typist = threading.Thread(target=type_on)
        typist.start()
        while typist.is_alive():
            walden.library.add_highlight(book, f"Remote {len(book.highlights)}.")
            typist.join(0.05)
        # A save of what was read before an arrival takes that out again: only what comes last is sure to stay.
        walden.library.add_highlight(book, "The last one.")
        within(lambda: "The last one." in note.read_text())
    assert watch.said("arrived")
    kept = "".join(path.read_text() for path in walden.vault.glob("*.md")).splitlines()
    assert [line for line in saved if line not in kept] == []


def test_a_storm_of_saves_is_one_edit(walden: Reading) -> None:
    for number in range(14):
        walden.book(f"Book {number}", "one")
    walden.export()
    walden.simulator.log.clear()
    with watching(walden, paced(longest=30.0)) as watch:
        texts = [(walden.vault / path, walden.text(path)) for path in walden.paths()]
        for number in range(SOAK):
            path, text = texts[number % len(texts)]
            path.write_text(text)
        type_note(walden, "Walden.md", "Mine.")
        watch.hears("sent", "Walden.md")
    assert len(writes(walden)) == 1
