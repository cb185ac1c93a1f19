"""A process that is killed at any moment, again and again, leaves what the next one makes whole."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.export_case import Reading, reader

__all__ = ["reader"]

KILLS = 20
COMMAND = [sys.executable, "-c", "import sys; from vaultsync.cli import main; sys.exit(main())", "export"]


def _run() -> None:
    """Let a run end."""
    done = subprocess.run(COMMAND, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr


def _killed(reader: Reading, seconds: float) -> bool:
    """Start a run and kill it so long after its first request; say whether it was still at work."""
    asked = len(reader.simulator.log)
    with subprocess.Popen(COMMAND, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while len(reader.simulator.log) == asked and process.poll() is None:
            time.sleep(0.002)
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.returncode != 0


def _files(vault: Path) -> dict[str, bytes]:
    return {path.relative_to(vault).as_posix(): path.read_bytes() for path in vault.rglob("*") if path.is_file()}


def test_twenty_kills_in_a_row_end_as_one_undisturbed_run(reader: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(20)
    reader.simulator.readwise.pages = 5  # books on a page: many places to end at
    for number in range(60):
        reader.book(f"Book {number:02}", *(f"passage {at}" for at in range(5)))
    killed = 0
    for _ in range(KILLS):
        killed += _killed(reader, chance.uniform(0.0, 0.3))
        for book in chance.sample(list(reader.library.books.values()), 20):
            reader.library.add_highlight(book, "added later")
    _run()
    assert killed > KILLS // 2
    after = _files(reader.vault)

    fresh = reader.vault.parent / "fresh"
    (fresh / "T").mkdir(parents=True)
    for name in ("vaultsync.toml", "T/document.md"):
        (fresh / name).write_bytes((reader.vault / name).read_bytes())
    monkeypatch.setenv("VAULTSYNC_VAULT", str(fresh))
    _run()
    assert after == _files(fresh)
