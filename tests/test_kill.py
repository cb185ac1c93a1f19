"""A process that is killed at any moment, again and again, leaves what the next one makes whole."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.export_case import Reading, reader

__all__ = ["reader"]

KILLS = 20
COMMAND = [sys.executable, "-c", "import sys; from vaultsync.cli import main; sys.exit(main())", "export"]


def _account(reader: Reading) -> None:
    """Enough to be at work on for a while: many small pages."""
    reader.simulator.readwise.pages = 5
    for number in range(120):
        reader.book(f"Book {number:03}", *(f"passage {at}" for at in range(5)))


def _changed(reader: Reading) -> None:
    books = list(reader.library.books.values())
    for book in books[::3]:
        reader.library.add_highlight(book, "added later")
    for book in books[1:20:5]:
        reader.library.delete_book(book.id)


def _without_words(vault: Path) -> dict[str, bytes]:
    return {
        path.relative_to(vault).as_posix(): path.read_bytes() for path in sorted(vault.rglob("*")) if path.is_file()
    }


def _undisturbed(reader: Reading) -> float:
    began = time.monotonic()
    done = subprocess.run(COMMAND, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return time.monotonic() - began


def _killed_after(seconds: float) -> bool:
    """Start a run and kill it; say whether it was still at work."""
    with subprocess.Popen(COMMAND, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
    return process.returncode == -signal.SIGKILL
