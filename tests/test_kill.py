"""A process that is killed at any moment, again and again, leaves what the next one makes whole."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from tests.export_case import Reading, reader
from tests.forked_case import can_fork, forked
from vaultsync import cli

__all__ = ["reader"]

pytestmark = pytest.mark.on_disk
KILLS = 20
COMMAND = [sys.executable, "-c", "import sys; from vaultsync.cli import main; sys.exit(main())", "export"]


def _run() -> None:
    """Let a run end, as a process of its own."""
    done = subprocess.run(COMMAND, capture_output=True, check=False, text=True)
    assert done.returncode == 0, done.stderr


def _killed(reader: Reading, seconds: float) -> bool:
    """Start a run and kill it so long after its first request; say whether it was still at work."""
    asked = len(reader.simulator.log)
    with forked(lambda: cli.main(["export"])) as child:
        while len(reader.simulator.log) == asked:
            if child.ended(0.002):
                return False
        return not child.ended(seconds)


def _files(vault: Path) -> dict[str, bytes]:
    return {path.relative_to(vault).as_posix(): path.read_bytes() for path in vault.rglob("*") if path.is_file()}


@pytest.mark.skipif(not can_fork, reason="wants a system that forks")
def test_twenty_kills_in_a_row_end_as_one_undisturbed_run(reader: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(20)
    reader.simulator.readwise.pages = 5  # books on a page: many places to end at
    for number in range(60):
        reader.book(f"Book {number:02}", *(f"passage {at}" for at in range(5)))
    killed, longest = 0, 0.15
    for _ in range(5 * KILLS):
        if _killed(reader, chance.uniform(0.0, longest)):
            killed += 1
        else:
            longest *= 0.8  # this machine is quicker than that
        if killed == KILLS:
            break
        for book in chance.sample(list(reader.library.books.values()), 20):
            reader.library.add_highlight(book, "added later")
    _run()
    assert killed == KILLS
    after = _files(reader.vault)

    fresh = reader.vault.parent / "fresh"
    (fresh / "T").mkdir(parents=True)
    for name in ("vaultsync.toml", "T/document.md"):
        (fresh / name).write_bytes((reader.vault / name).read_bytes())
    monkeypatch.setenv("VAULTSYNC_VAULT", str(fresh))
    _run()
    assert after == _files(fresh)
