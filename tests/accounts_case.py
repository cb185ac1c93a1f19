"""A person with two accounts of each kind and one vault: the sections readwise and work, linkding and links.

def test_something(owner: Owner) -> None:
    owner.reader.book("Walden", "I went to the woods.")      # at home
    owner.other.library.add_book("Walden")                   # at work
    owner.export()

Needs the fixture `reader` of tests.export_case. What is made first at either simulator has the same number there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.export_case import TEMPLATE, Reading, Run
from tests.linkding_case import TEMPLATE as BOOKMARK
from vaultsync.simulator import Library, Simulator
from vaultsync.simulator.records import Book, Highlight

TOML = """\
[notes]
path = "{{{{ document.account }}}}/{{{{ document.title }}}}.md"
templates = "T"

[sources.readwise]
base_url = "{home.base_url}"

[sources.work]
type = "readwise"
base_url = "{other.base_url}"
"""
LINKS = """
[sources.linkding]
base_url = "{home.linkding_url}"

[sources.links]
type = "linkding"
base_url = "{other.linkding_url}"
"""


@dataclass
class Owner:
    """The person. reader: their first account and the vault; other: the second one."""

    reader: Reading
    other: Simulator

    def configure(self, text: str = TOML) -> None:
        """Write vaultsync.toml."""
        filled = text.format(home=self.reader.simulator, other=self.other)
        (self.reader.vault / "vaultsync.toml").write_text(filled)

    def run(self, *args: str) -> Run:
        """Run a command line; forget what was asked before."""
        self.reader.simulator.log.clear()
        self.other.log.clear()
        return self.reader.run(*args)

    def export(self, *args: str, code: int = 0) -> Run:
        """Run an export that must end with this exit code; its report is JSON."""
        return self._done("export", args, code)

    def sync(self, *args: str, code: int = 0) -> Run:
        """Run a sync, likewise."""
        return self._done("sync", args, code)

    def _done(self, command: str, args: tuple[str, ...], code: int) -> Run:
        run = self.run(command, "--json", *args)
        assert run.code == code, (run.code, run.out, run.err)
        return run

    def book(self, title: str, *texts: str, **fields: Any) -> tuple[tuple[Book, Highlight], tuple[Book, Highlight]]:
        """Put a book of the same title and words on both shelves: home's, and that at work."""
        home, (mine, *_) = self.reader.book(title, *texts, **fields)
        book = self.other.library.add_book(title, **fields)
        (theirs, *_) = [self.other.library.add_highlight(book, text) for text in texts]
        return (home, mine), (book, theirs)

    def type(self, path: str, old: str, new: str) -> None:
        """Type something over in a note."""
        text = self.reader.text(path)
        assert text.count(old) == 1, text
        self.reader.write(path, text.replace(old, new))

    @property
    def writes(self) -> tuple[list[str], list[str]]:
        """What was asked to change since the last command, at home and at work."""
        logs = (self.reader.simulator.log, self.other.log)
        home, work = ([f"{one.method} {one.path.partition('/api/')[2]}" for one in log.writes] for log in logs)
        return home, work


@pytest.fixture
def owner(reader: Reading, monkeypatch: pytest.MonkeyPatch) -> Iterator[Owner]:
    """A person with two Readwise accounts; `configure(TOML + LINKS)` makes it four."""
    with Simulator(Library(), token="work-token", limits=False) as other:
        monkeypatch.setenv("READWISE_TOKEN_WORK", other.token)
        monkeypatch.setenv("LINKDING_TOKEN_LINKS", other.token)
        monkeypatch.setenv("LINKDING_TOKEN", reader.simulator.token)
        (reader.vault / "T/document.md").write_text(TEMPLATE)
        (reader.vault / "T/document.bookmarks.md").write_text(BOOKMARK)
        owner = Owner(reader, other)
        owner.configure()
        yield owner
