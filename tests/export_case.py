"""Scenarios of an export: an account at the simulator, a vault in a temp folder, the real command between them.

def test_something(reader: Reading) -> None:
    book = reader.library.add_book("Walden")
    reader.export()
    assert reader.notes() == [...]
"""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.command_case import be_nobody
from vaultsync import cli
from vaultsync.simulator import Library, Simulator
from vaultsync.simulator.records import Book, Highlight
from vaultsync.storage.statedir import state_dir

# A small template of the tests' own: the shipped ones may change their looks.
TEMPLATE = """\
---
title: "{{ document.title }}"
tags: {{ document.tags }}
---
# {{ document.title }}

{% for h in document.highlights %}
{% highlight h %}
{{ h.text | quote }}

{{ h.anchor }}

- Note: {{ h.note | indent }}
- Tags: {{ h.tags | hashtags }}

{% endhighlight %}
{% endfor %}
"""
TOML = """\
[notes]
path = "{{{{ document.title }}}}.md"
templates = "T"
{notes}
[sources.readwise]
base_url = "{url}"
{source}
"""


@dataclass
class Run:
    """One command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(self.out)
        return answer

    @property
    def counts(self) -> tuple[int, int, int, int]:
        """Created, updated, unchanged, trashed."""
        notes = self.json["notes"]
        return notes["created"], notes["updated"], notes["unchanged"], notes["trashed"]


@dataclass
class Reading:
    """A person with an account and a vault."""

    library: Library
    simulator: Simulator
    vault: Path
    capsys: pytest.CaptureFixture[str]
    source: str = ""
    notes_section: str = ""
    runs: list[Run] = field(default_factory=list)

    def configure(self, *, source: str | None = None, notes: str | None = None) -> None:
        """Write vaultsync.toml. source, notes: lines of these sections."""
        self.source = self.source if source is None else source
        self.notes_section = self.notes_section if notes is None else notes
        text = TOML.format(url=self.simulator.base_url, source=self.source, notes=self.notes_section)
        (self.vault / "vaultsync.toml").write_text(text)

    def run(self, *args: str) -> Run:
        """Run a command line."""
        self.capsys.readouterr()
        code = cli.main(list(args))
        captured = self.capsys.readouterr()
        self.runs.append(Run(code, captured.out, captured.err))
        return self.runs[-1]

    def export(self, *args: str, code: int = 0) -> Run:
        """Run an export that must end with this exit code; its report is JSON."""
        run = self.run("export", "--json", *args)
        assert run.code == code, (run.code, run.out, run.err)
        return run

    def book(self, title: str, *texts: str, **fields: Any) -> tuple[Book, list[Highlight]]:
        """Put a book with highlights on the shelf."""
        book = self.library.add_book(title, **fields)
        return book, [self.library.add_highlight(book, text) for text in texts]

    def paths(self) -> list[str]:
        """Every note, wherever it is, by path."""
        return sorted(
            path.relative_to(self.vault).as_posix()
            for path in self.vault.rglob("*.md")
            if not any(part.startswith(".") or part == "T" for part in path.relative_to(self.vault).parts)
        )

    def text(self, path: str) -> str:
        """What a note says."""
        return (self.vault / path).read_bytes().decode()

    def write(self, path: str, text: str) -> None:
        """Save a note as its user would."""
        target = self.vault / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())

    def type(self, path: str, words: str = "\nMy own words.\n") -> str:
        """Add words to the end of a note; return all of it."""
        self.write(path, self.text(path) + words)
        return self.text(path)

    def trashed(self) -> list[str]:
        """What is in the vault's .trash."""
        trash = self.vault / ".trash"
        return sorted(path.name for path in trash.iterdir()) if trash.is_dir() else []

    def files(self) -> dict[str, tuple[bytes, int, int]]:
        """Every file of the vault: bytes, mtime and inode."""
        return {
            path.relative_to(self.vault).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_ino)
            for path in sorted(self.vault.rglob("*"))
            if path.is_file()
        }

    def contents(self) -> dict[str, bytes]:
        """Every file of the vault: bytes."""
        return {path: data for path, (data, _, _) in self.files().items()}

    @property
    def state(self) -> Path:
        """Where this vault's state is."""
        return state_dir(self.vault, os.environ)

    def rows(self, *without: str) -> list[tuple[Any, ...]]:
        """Every row of every table of state. without: tables to leave out."""
        connection = sqlite3.connect(self.state / "state.sqlite3")
        try:
            tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            tables = sorted(set(tables) - set(without))
            return [(table, *row) for table in tables for row in connection.execute(f"SELECT * FROM {table}")]
        finally:
            connection.close()


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Reading]:
    """A person with an empty account and a vault that is set up for it."""
    be_nobody(monkeypatch, tmp_path)
    library = Library()
    with Simulator(library, limits=False) as simulator:
        monkeypatch.setenv("READWISE_TOKEN", simulator.token)
        vault = tmp_path / "vault"
        vault.mkdir()
        monkeypatch.setenv("VAULTSYNC_VAULT", str(vault))
        reading = Reading(library, simulator, vault, capsys)
        (vault / "T").mkdir()
        (vault / "T/document.md").write_text(TEMPLATE)
        reading.configure()
        yield reading
