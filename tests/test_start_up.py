"""What a run without news does not import: most of the time it takes would be that."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.export_case import Reading, reader

__all__ = ["reader"]

PROGRAM = "import sys; from vaultsync.cli import main; main(sys.argv[1:]); print(*sys.modules, sep=chr(10))"
# What renders a note, reads one back, merges, parses YAML or HTML, draws progress, watches.
NEEDED_FOR_NOTES = ("jinja2", "yaml", "html", "markdownify", "rich", "keyring", "watchdog", "subprocess")
OURS = ("lens", "merging", "lint", "adopting", "rendering.render", "sending.sender", "sending.outbox", "open_note")


def brought(command: str) -> set[str]:
    """The modules a command imports, in a process of its own."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, command], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines())


@pytest.mark.parametrize(("command", "asks"), [("sync", True), ("status", False)])
def test_a_run_without_news_imports_nothing_that_is_needed_for_notes(
    reader: Reading, command: str, *, asks: bool
) -> None:
    reader.book("Walden", "I went to the woods.")
    reader.export()
    modules = brought(command)
    assert not modules & {*NEEDED_FOR_NOTES, *(f"vaultsync.{name}" for name in OURS)}
    assert ("requests" in modules, "ssl" in modules, "email" in modules) == (asks, asks, asks)
