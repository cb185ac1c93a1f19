"""A person who has bookmarks at a linkding beside their Readwise, and the linkding source by itself.

links     the source before a running simulator; `links.account` has the verbs of its user. Needs, in a test module,
          pytest_plugins = ("tests.simulator_case",)
keeper    a vault that is set up for both; `keeper.links` is the account, `keeper.sync()` and the rest run the command.
          Needs the fixture `reader` of tests.export_case
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from tests.export_case import Reading
from tests.readwise_case import Memory
from vaultsync.hookspecs import Edit
from vaultsync.http import Http
from vaultsync.model import Document
from vaultsync.simulator import Simulator
from vaultsync.simulator.linkding_account import LinkdingAccount
from vaultsync.simulator.linkding_records import Bookmark
from vaultsync.sources.linkding.settings import LinkdingSettings
from vaultsync.sources.linkding.source import LinkdingSource

TODAY = datetime(2026, 1, 1, tzinfo=UTC)

TEMPLATE = """\
---
title: {{ document.title }}
location: {{ document.location }}
tags: {{ document.tags }}
---
# {{ document.title }}

- Note: {{ document.note | indent }}
- Summary: {{ document.summary | indent }}
"""


class Links:
    """The source before a simulator's linkding."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.account = simulator.linkding
        self.configure()

    def configure(self, **options: Any) -> None:
        """Make the source anew. options: of [sources.linkding]. What was remembered stays."""
        url = options.pop("base_url", None) or self.simulator.linkding_url
        http = Http("linkding", url, self.simulator.token, sleep=lambda _seconds: None)
        self.source = LinkdingSource(LinkdingSettings(base_url=url, **options), http, now=lambda: TODAY)
        kept = getattr(self, "memory", None)
        self.memory = Memory(cast(Any, self.source))  # it remembers for any source
        if kept is not None:
            vars(self.memory).update({**vars(kept), "source": self.source})

    def pull(self, **options: Any) -> list[str]:
        """Pull, and return what was asked, in short."""
        self.simulator.log.clear()
        self.memory.pull(**options)
        return self.asked

    @property
    def asked(self) -> list[str]:
        """What linkding was asked since the log was cleared, in short."""
        paths = (f"{one.method} {one.path.partition('/api/')[2]}?{one.query}" for one in self.simulator.log)
        return [re.sub(r"limit=100&offset=|\?$", "", path) for path in paths]

    @property
    def titles(self) -> set[str]:
        """The titles of all that was pulled."""
        return set(self.memory.documents())

    def record(self, bookmark: Bookmark) -> bytes:
        """What was pulled of a bookmark."""
        return self.memory.records[f"linkding:{bookmark.id}"]

    def shown(self, bookmark: Bookmark) -> Document:
        """What was pulled of a bookmark, as templates see it."""
        return self.source.document(self.record(bookmark))

    def edit(self, bookmark: Bookmark, field: str, after: Any, before: Any = None) -> Edit:
        """The edit of a field."""
        empty = () if field == "tags" else ""
        return Edit(f"linkding:{bookmark.id}", "", field, empty if before is None else before, after)

    def push(self, bookmark: Bookmark, field: str, after: Any, *, before: Any = None) -> Document:
        """Look at a bookmark, and send one edit."""
        record = self.source.refreshed(self.record(bookmark), "")
        self.simulator.log.clear()
        return self.source.document(self.source.applied(record, self.edit(bookmark, field, after, before)))

    def refusal(self, bookmark: Bookmark, field: str, after: Any, *, before: Any = None) -> str:
        """Why an edit would not be sent."""
        return self.source.refusal(self.shown(bookmark), self.edit(bookmark, field, after, before))


@pytest.fixture
def links(simulator: Simulator) -> Links:
    return Links(simulator)


@dataclass
class Keeper:
    """A person with both accounts and a vault."""

    reader: Reading
    links: LinkdingAccount

    def configure(self, options: str = "", *, push: str = '["note", "tags"]') -> None:
        """Write vaultsync.toml. options: lines of [sources.linkding]."""
        section = f'\n[sources.linkding]\nbase_url = "{self.reader.simulator.linkding_url}"\npush = {push}\n'
        self.reader.configure(source=section + options)

    def push(self, *args: str, code: int = 0) -> dict[str, int]:
        """Push, and return the counts of edits."""
        return self._edits("push", args, code)

    def sync(self, *args: str, code: int = 0) -> dict[str, int]:
        """Pull and push, and return the counts of edits."""
        return self._edits("sync", args, code)

    def _edits(self, command: str, args: tuple[str, ...], code: int) -> dict[str, int]:
        self.reader.simulator.log.clear()
        run = self.reader.run(command, "--json", *args)
        assert run.code == code, (run.code, run.out, run.err)
        edits: dict[str, int] = run.json["edits"]
        return edits

    @property
    def writes(self) -> list[str]:
        """What was asked to change since the last push or sync, in short."""
        return [f"{one.method} {one.path.partition('/api/')[2]}" for one in self.reader.simulator.log.writes]

    def type(self, path: str, old: str, new: str) -> None:
        """Type something over in a note."""
        text = self.reader.text(path)
        assert text.count(old) == 1, text
        self.reader.write(path, text.replace(old, new))


@pytest.fixture
def keeper(reader: Reading, monkeypatch: pytest.MonkeyPatch) -> Iterator[Keeper]:
    monkeypatch.setenv("LINKDING_TOKEN", reader.simulator.token)
    (reader.vault / "T/document.bookmarks.md").write_text(TEMPLATE)
    keeper = Keeper(reader, reader.simulator.linkding)
    keeper.configure()
    yield keeper
